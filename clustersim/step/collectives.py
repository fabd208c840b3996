"""What a collective costs: alpha-beta models over a group placed on the fabric.

``bytes`` are those of the whole vector on one rank (the gathered, reduced or exchanged buffer), as nccl-tests count
them. Bandwidth terms are lower bounds that no schedule beats (Chan et al. 2007, "Collective communication: theory,
practice, and experience", :doi:`10.1002/cpe.1206`): (n-1)/n of the vector for a gather or a reduction, twice
that for an all-reduce.
"""

import math

from clustersim.hardware.fabric import Link
from clustersim.hardware.placement import Place


def all_gather_s(size_bytes: float, place: Place) -> float:
    """Ring all-gather of a vector that is `size_bytes` long when gathered.

    Parameters
    ----------
    size_bytes : float
        Bytes on each rank afterwards.
    place : Place
        The group.

    Returns
    -------
    float
        Time [s]: ``(n-1)/n * bytes / ring bandwidth`` plus one latency per ring step; hops inside a domain are hidden
        behind those between domains. Zero for a single rank.
    """
    if place.ranks == 1:
        return 0.0
    moved_bytes = size_bytes * (place.ranks - 1) / place.ranks
    return moved_bytes / place.ring_bandwidth_bytes_s + _ring_latency_s(place)


def reduce_scatter_s(size_bytes: float, place: Place) -> float:
    """Ring reduce-scatter of a vector of `size_bytes`: the mirror image of the all-gather, at the same cost [s].

    Measured within 1 % of each other (362.9 and 361.4 GB/s, H200, nccl-tests 2025).
    """
    return all_gather_s(size_bytes, place)


def all_reduce_s(size_bytes: float, place: Place) -> float:
    """All-reduce of a vector of `size_bytes` [s]: the cheaper of a ring and a double binary tree.

    Notes
    -----
    Ring: a reduce-scatter and an all-gather. Tree: the same bytes, latency with the logarithm of the number of domains
    (Sanders, Speck & Traeff 2009, :doi:`10.1016/j.parco.2009.09.001`, as NCCL 2.4 does).
    """
    if place.ranks == 1:
        return 0.0
    moved_s = 2.0 * size_bytes * (place.ranks - 1) / place.ranks / place.ring_bandwidth_bytes_s
    return moved_s + 2.0 * min(_ring_latency_s(place), _tree_latency_s(place))


def all_to_all_s(size_bytes: float, place: Place) -> float:
    """Exchange in which every rank holds `size_bytes` and sends an equal share to every rank of the group [s].

    Notes
    -----
    The share for ranks of the same scale-up domain and the share for the others move at the same time; the
    slower decides. Between pods every GPU sends at once, so oversubscription counts in full.
    """
    if place.ranks == 1:
        return 0.0
    fabric = place.fabric
    inside_s = size_bytes * (place.per_domain - 1) / place.ranks / fabric.scale_up.bandwidth_bytes_s
    if place.domains == 1:
        return inside_s + fabric.scale_up.latency_s * math.log2(place.ranks)
    share = fabric.oversubscription if place.tier == "cross_pod" else 1.0
    outside_bytes = size_bytes * (place.ranks - place.per_domain) / place.ranks
    outside_s = outside_bytes * share / fabric.scale_out.bandwidth_bytes_s
    return max(inside_s, outside_s) + fabric.scale_out.latency_s * math.log2(place.ranks)


def send_s(size_bytes: float, link: Link) -> float:
    """Send one message over one link [s]."""
    return size_bytes / link.bandwidth_bytes_s + link.latency_s


def _ring_latency_s(place: Place) -> float:
    if place.domains == 1:
        return (place.ranks - 1) * place.fabric.scale_up.latency_s
    return (place.domains - 1) * place.fabric.scale_out.latency_s


def _tree_latency_s(place: Place) -> float:
    inside_s = (place.per_domain - 1) * place.fabric.scale_up.latency_s
    return inside_s + math.ceil(math.log2(place.domains)) * place.fabric.scale_out.latency_s
