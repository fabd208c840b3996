"""The fabric: which tier a group of ranks spans and what bandwidth it gets there."""

from clustersim.hardware.fabric import Fabric, Link, fabric_of
from clustersim.hardware.placement import Place, Run, Tier, neighbour_link, place_group, place_nested_group

__all__ = [
    "Fabric",
    "Link",
    "Place",
    "Run",
    "Tier",
    "fabric_of",
    "neighbour_link",
    "place_group",
    "place_nested_group",
]
