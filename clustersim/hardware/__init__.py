"""The fabric: which tier a group of ranks spans, what bandwidth it gets there, what fails together."""

from clustersim.hardware.domains import FailureDomains, failure_domains
from clustersim.hardware.fabric import Fabric, Link, fabric_of
from clustersim.hardware.placement import Place, Tier, neighbour_link, place_group

__all__ = [
    "Fabric",
    "FailureDomains",
    "Link",
    "Place",
    "Tier",
    "fabric_of",
    "failure_domains",
    "neighbour_link",
    "place_group",
]
