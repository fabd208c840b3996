"""Ring: each rank talks to its two neighbours; every hop carries the same bytes."""

from collections.abc import Iterator
from typing import Final

from clustersim.hardware.placement import Place
from clustersim.step.collectives.links import inside_bytes_s, leaving_bytes_s, network_step_s, supported
from clustersim.step.collectives.protocol import LATENCIES, PROTOCOLS, Protocol
from clustersim.step.collectives.schedule import Schedule, schedule

_TURNS: Final = 1.5
"""Time of gloo's all-gather of two machines over that of its bytes. It sends halves, and the receiver's word that it is
ready for one queues behind the half it is sending on the same connection: the first halves go one after the other, the
second of one goes beside the first of the other, three turns instead of two (gloo/allgather.cc; measured 1.50 from
4 MiB on)."""


def ring_schedules(place: Place, rounds: int) -> Iterator[Schedule]:
    """Rings over a group, one per protocol.

    Parameters
    ----------
    place : Place
        The group.
    rounds : int
        1 for an all-gather or a reduce-scatter, 2 for an all-reduce, which is one after the other.

    Yields
    ------
    Schedule
        ``rounds (n-1)/n`` of the vector over the narrowest hop; ``rounds (n-1)`` steps, N-1 of each n-1 of them
        between domains.

    References
    ----------
    .. [1] Patarasuk, P. & Yuan, X. (2009), Bandwidth optimal all-reduce algorithms for clusters of workstations,
       :doi:`10.1016/j.jpdc.2008.09.002`.
    """
    for protocol in PROTOCOLS:
        if supported(place, protocol):
            yield _ring(place, rounds, protocol)


def _ring(place: Place, rounds: int, protocol: Protocol) -> Schedule:
    latency, fabric = LATENCIES["ring", protocol], place.fabric
    narrowest = inside_bytes_s(place, fabric.scale_up_rates.ring, protocol)
    if place.domains > 1:
        narrowest = min(narrowest, leaving_bytes_s(place, fabric.network_rates.ring, protocol))
    between = place.domains - 1
    steps_s = (place.ranks - 1 - between) * latency.scale_up_s * fabric.scale_up_rates.latency_scale
    steps_s += between * network_step_s(place, latency.network_s, protocol)
    transfer = rounds * (place.ranks - 1) / place.ranks / narrowest
    if fabric.gloo and rounds == 1 and place.ranks == place.domains == 2:
        transfer *= _TURNS
    return schedule(
        "ring", protocol, latency.call_s + fabric.scale_up_rates.call_s, rounds * steps_s, transfer, fabric.fill.ring
    )
