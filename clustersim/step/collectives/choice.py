"""Which algorithm and protocol a collective takes on a group: the cheapest of those allowed, as NCCL's tuner does."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Literal, NamedTuple

from clustersim.hardware.placement import Place
from clustersim.step.collectives.exchange import exchange_schedules
from clustersim.step.collectives.hierarchical import hierarchical_schedules
from clustersim.step.collectives.in_network import collnet_schedules
from clustersim.step.collectives.in_switch import nvls_schedules
from clustersim.step.collectives.protocol import Algorithm, Protocol
from clustersim.step.collectives.ring import ring_schedules
from clustersim.step.collectives.schedule import Schedule
from clustersim.step.collectives.tree import tree_schedules

Collective = Literal["all_gather", "reduce_scatter", "all_reduce", "all_to_all"]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the user lets the tuner choose from.

    Attributes
    ----------
    algorithm : str or None
        The only algorithm allowed (``NCCL_ALGO``); None leaves the choice.
    protocol : str or None
        The only protocol allowed (``NCCL_PROTO``); None leaves the choice.
    in_switch : bool
        Whether in-switch reduction may be used (``NCCL_NVLS_ENABLE``).
    """

    algorithm: Algorithm | None = None
    protocol: Protocol | None = None
    in_switch: bool = True


ANY = Allowed()


class Chosen(NamedTuple):
    """The schedule a collective takes and its time [s]."""

    algorithm: Algorithm
    protocol: Protocol
    time_s: float


class NotPossible(ValueError):  # noqa: N818 - named after what it says
    """No allowed schedule runs this collective on this group."""


@lru_cache(maxsize=8192)
def schedules(collective: Collective, place: Place, allowed: Allowed = ANY) -> tuple[Schedule, ...]:
    """All schedules of a collective on a group.

    Parameters
    ----------
    collective : str
        Which.
    place : Place
        The group, of two ranks at least.
    allowed : Allowed
        What to choose from. The hierarchical all-gather is there only when asked for by name: NCCL does not choose it.

    Raises
    ------
    NotPossible
        If nothing is left.
    """
    possible = [item for item in _all(collective, place, allowed.algorithm) if _may(item, allowed)]
    if not possible:
        wanted = " ".join(text for text in (allowed.algorithm, allowed.protocol) if text)
        msg = f"{collective} on {place.ranks} ranks in {place.domains} domains has no schedule {wanted}"
        raise NotPossible(msg)
    return tuple(possible)


def _all(collective: Collective, place: Place, wanted: Algorithm | None) -> chain[Schedule]:
    if collective == "all_reduce":
        return chain(ring_schedules(place, 2), tree_schedules(place), nvls_schedules(place), collnet_schedules(place))
    if collective == "all_to_all":
        return chain(exchange_schedules(place))
    two_level = hierarchical_schedules(place) if wanted == "hierarchical" else iter(())
    return chain(ring_schedules(place, 1), two_level)


def _may(item: Schedule, allowed: Allowed) -> bool:
    if allowed.algorithm is not None and item.algorithm != allowed.algorithm:
        return False
    if allowed.protocol is not None and item.protocol != allowed.protocol:
        return False
    return allowed.in_switch or item.algorithm not in ("nvls", "nvls_tree")


def choose(collective: Collective, size_bytes: float, place: Place, allowed: Allowed = ANY) -> Chosen:
    """The cheapest schedule for a vector of `size_bytes` on one rank, and its time.

    Raises
    ------
    NotPossible
        If nothing that is allowed can run.
    """
    best = min(schedules(collective, place, allowed), key=lambda item: item.time_s(size_bytes))
    return Chosen(best.algorithm, best.protocol, best.time_s(size_bytes))
