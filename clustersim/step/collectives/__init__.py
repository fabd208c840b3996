"""What a collective costs on a group placed on the fabric: the cheapest of NCCL's algorithms and protocols.

``bytes`` are those of the whole vector on one rank (the gathered, reduced or exchanged buffer), as nccl-tests count
them. One algorithm a module; rates from :mod:`clustersim.hardware.rates`. Bandwidth terms obey the bounds that no
schedule beats (Chan et al. 2007, "Collective communication: theory, practice, and experience",
:doi:`10.1002/cpe.1206`): (n-1)/n of the vector for a gather or a reduction, twice that for an all-reduce whose
reduction is not done by a switch.
"""

import math
from functools import lru_cache

from clustersim.hardware.fabric import Link
from clustersim.hardware.placement import Place
from clustersim.step.collectives.choice import ANY, Allowed, Chosen, Collective, NotPossible, choose, schedules

__all__ = [
    "ANY",
    "Allowed",
    "Chosen",
    "Collective",
    "NotPossible",
    "all_gather_s",
    "all_reduce_s",
    "all_to_all_s",
    "choose",
    "collective_s",
    "reduce_scatter_s",
    "schedules",
    "send_s",
]


def all_gather_s(size_bytes: float, place: Place) -> float:
    """All-gather of a vector that is `size_bytes` long when gathered.

    Parameters
    ----------
    size_bytes : float
        Bytes on each rank afterwards.
    place : Place
        The group.

    Returns
    -------
    float
        Time [s] of the cheapest protocol of a ring. Zero for a single rank, and for nothing to gather.
    """
    return _cheapest_s("all_gather", size_bytes, place)


def reduce_scatter_s(size_bytes: float, place: Place) -> float:
    """Ring reduce-scatter of a vector of `size_bytes`: the mirror image of the all-gather, at the same cost [s].

    Measured within 1 % of each other (362.9 and 361.4 GB/s, H200, nccl-tests 2025). Where the library reduces the whole
    buffer and keeps a part of it, the cost of an all-reduce.
    """
    return _cheapest_s("all_reduce" if place.fabric.gloo else "all_gather", size_bytes, place)


def all_reduce_s(size_bytes: float, place: Place) -> float:
    """All-reduce of a vector of `size_bytes` [s]: the cheapest of ring, tree, in-switch and in-network reduction."""
    return _cheapest_s("all_reduce", size_bytes, place)


def all_to_all_s(size_bytes: float, place: Place) -> float:
    """Exchange in which every rank holds `size_bytes` and sends an equal share to every rank of the group [s]."""
    return _cheapest_s("all_to_all", size_bytes, place)


def collective_s(collective: Collective, size_bytes: float, place: Place) -> float:
    """Time of a collective by its name [s]."""
    return {
        "all_gather": all_gather_s,
        "reduce_scatter": reduce_scatter_s,
        "all_reduce": all_reduce_s,
        "all_to_all": all_to_all_s,
    }[collective](size_bytes, place)


def send_s(size_bytes: float, link: Link) -> float:
    """Send one message over one link [s]."""
    return size_bytes / link.bandwidth_bytes_s + link.latency_s


def _cheapest_s(collective: Collective, size_bytes: float, place: Place) -> float:
    if place.ranks == 1 or size_bytes == 0.0:
        return 0.0
    # Schedule.time_s written out over plain numbers (1.3 us instead of 2.1 us): a step makes dozens of these calls.
    best_s = math.inf
    for latency_s, transfer_s_per_byte, fill_s2_per_byte in _frontier(collective, place):
        time_s = latency_s + size_bytes * transfer_s_per_byte + math.sqrt(size_bytes * fill_s2_per_byte)
        if time_s < best_s:
            best_s = time_s
    return best_s


_Coefficients = tuple[float, float, float]


@lru_cache(maxsize=8192)
def _frontier(collective: Collective, place: Place) -> tuple[_Coefficients, ...]:
    """Coefficients of the schedules that are the cheapest at some size: those that no other beats in all three."""
    every = {(item.latency_s, item.transfer_s_per_byte, item.fill_s2_per_byte) for item in schedules(collective, place)}
    return tuple(sorted(one for one in every if not any(_beats(other, one) for other in every)))


def _beats(one: _Coefficients, other: _Coefficients) -> bool:
    return one != other and all(mine <= theirs for mine, theirs in zip(one, other, strict=True))
