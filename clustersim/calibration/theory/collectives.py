"""Collectives against the bounds that no schedule beats, and the latencies that rings and trees must have."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from clustersim.calibration.cases import EXACT, Case
from clustersim.hardware.fabric import Fabric, fabric_of
from clustersim.hardware.placement import Place, place_group
from clustersim.scenario.schema.hardware import Cluster
from clustersim.step.collectives import Allowed, all_gather_s, all_reduce_s, all_to_all_s, choose, schedules
from clustersim.step.collectives.protocol import Algorithm

BOUNDS = "bounds of collectives"

_BANDWIDTH_SOURCE = "Chan et al. (2007), doi:10.1002/cpe.1206; Patarasuk & Yuan (2009), doi:10.1016/j.jpdc.2008.09.002"
_LATENCY_SOURCE = "Patarasuk & Yuan (2009); Sanders, Speck & Träff (2009), doi:10.1016/j.parco.2009.09.001"

NODES = ("jean-zay-a100", "dgx-h100", "gb200-nvl72")
"""Kinds of nodes: four GPUs and a slow network, eight and a fast one, a rack of 72."""

RANKS = (2, 8, 64, 1024)
SIZES_BYTES = tuple(2.0**power for power in range(10, 37, 2))
"""From 1 KiB to 64 GiB, as nccl-tests are run."""


def bound_cases() -> Iterator[Case]:
    """Predicted over least possible time, the smallest ratio of all sizes and groups; and how latencies grow."""
    for node in NODES:
        cluster = Cluster.model_validate({"node": node, "nodes": 512})
        places = [place_group(fabric_of(cluster), ranks, 1) for ranks in RANKS]
        for name, ratio in _RATIOS.items():
            yield _ratio_case(f"{name} over its least time, {node}", [ratio(cluster, place) for place in places])
    fabric = fabric_of(Cluster.model_validate({"node": "dgx-h100", "nodes": 512}))
    yield _growth_case("ring", "latency of a ring, 128 to 256 over 64 to 128 GPUs", 2.0, fabric)
    yield _growth_case("tree", "latency of a tree, 128 to 256 over 64 to 128 GPUs", 1.0, fabric)


def link_bytes_s(cluster: Cluster, place: Place) -> float:
    """Nominal bandwidth of the narrowest hop of a ring over a group [bytes/s], before any loss.

    Inside a domain that of a GPU's scale-up link; between domains all interfaces of the group's GPUs in one of them,
    where that is less.
    """
    node = cluster.node
    inside = node.accelerator.scale_up_bandwidth
    if place.domains == 1:
        return inside
    return min(inside, place.per_domain * interface_bytes_s(cluster))


def interface_bytes_s(cluster: Cluster) -> float:
    """Nominal share of one GPU in the interfaces of its node [bytes/s]."""
    node = cluster.node
    return node.nics * node.nic_bandwidth / node.gpus


def _gather_ratio(cluster: Cluster, place: Place) -> float:
    """All but its own part of the vector has to reach each rank."""
    least_s_per_byte = (place.ranks - 1) / place.ranks / link_bytes_s(cluster, place)
    return min(all_gather_s(size, place) / (size * least_s_per_byte) for size in SIZES_BYTES)


def _ring_ratio(cluster: Cluster, place: Place) -> float:
    """A ring reduces and gathers one after the other: twice as much."""
    least_s_per_byte = 2.0 * (place.ranks - 1) / place.ranks / link_bytes_s(cluster, place)
    ring = Allowed(algorithm="ring")
    return min(choose("all_reduce", size, place, ring).time_s / (size * least_s_per_byte) for size in SIZES_BYTES)


def _reduce_ratio(cluster: Cluster, place: Place) -> float:
    """A switch may reduce inside a domain: a vector into each GPU, and ``2 (N - 1) / N`` of one between N domains."""
    least_s_per_byte = 1.0 / cluster.node.accelerator.scale_up_bandwidth
    if place.domains > 1:
        between = 2.0 * (place.domains - 1) / place.domains / (place.per_domain * interface_bytes_s(cluster))
        least_s_per_byte = max(least_s_per_byte if place.per_domain > 1 else 0.0, between)
    return min(all_reduce_s(size, place) / (size * least_s_per_byte) for size in SIZES_BYTES)


def _exchange_ratio(cluster: Cluster, place: Place) -> float:
    """What a rank has for others leaves through its links: inside the domain, and through its interface."""
    inside = (place.per_domain - 1) / place.ranks / cluster.node.accelerator.scale_up_bandwidth
    outside = (place.ranks - place.per_domain) / place.ranks / interface_bytes_s(cluster)
    return min(all_to_all_s(size, place) / (size * max(inside, outside)) for size in SIZES_BYTES)


_RATIOS: dict[str, Callable[[Cluster, Place], float]] = {
    "all-gather": _gather_ratio,
    "ring all-reduce": _ring_ratio,
    "any all-reduce": _reduce_ratio,
    "all-to-all": _exchange_ratio,
}


def _ratio_case(name: str, ratios: list[float]) -> Case:
    return Case(
        group=BOUNDS,
        name=name,
        expected=1.0,
        found=min(ratios),
        unit="",
        source=_BANDWIDTH_SOURCE,
        relation="at least",
        tolerance=EXACT,
    )


def _growth_case(algorithm: Algorithm, name: str, expected: float, fabric: Fabric) -> Case:
    """One GPU on each of 64, 128 and 256 nodes: a ring gains a step for each, a tree a level for each doubling."""
    least = [latency_s(algorithm, place_group(_plain(fabric), ranks, 8)) for ranks in (64, 128, 256)]
    return Case(
        group=BOUNDS,
        name=name,
        expected=expected,
        found=(least[2] - least[1]) / (least[1] - least[0]),
        unit="",
        source=_LATENCY_SOURCE,
        tolerance=EXACT * expected,
    )


def latency_s(algorithm: Algorithm, place: Place) -> float:
    """Time of an empty all-reduce by the simple protocol [s]."""
    (found,) = schedules("all_reduce", place, Allowed(algorithm, "Simple"))
    return found.latency_s


def _plain(fabric: Fabric) -> Fabric:
    """The fabric in one pod, so that distance is the same everywhere."""
    return replace(fabric, pod_gpus=fabric.domain_gpus * 512, oversubscription=1.0)
