"""All-to-all: every rank has a different share of its vector for every other rank."""

from collections.abc import Iterator

from clustersim.hardware.placement import Place
from clustersim.step.collectives.links import nominal_scale_up_bytes_s
from clustersim.step.collectives.protocol import LATENCIES
from clustersim.step.collectives.schedule import Schedule, schedule


def exchange_schedules(place: Place) -> Iterator[Schedule]:
    """All-to-all, directly and with messages gathered by rail.

    Yields
    ------
    Schedule
        ``(p-1)/n`` of the vector moves inside the domain and ``(n-p)/n`` leaves it, at the same time; the slower
        decides. Directly, a rank sends n-p messages into the network. With PXN [1]_ the p messages for one domain
        first cross to the GPU on the rail of their destination and leave as one: N-1 messages, all of the vector
        over the scale-up link. Between pods every GPU sends at once, so oversubscription counts in full.

    References
    ----------
    .. [1] Doubling all2all performance with NVIDIA Collective Communication Library 2.12, NVIDIA technical blog, 2022.
    """
    latency, fabric = LATENCIES["ring", "Simple"], place.fabric
    step_s = latency.scale_up_s * fabric.scale_up_rates.latency_scale
    inside_bytes_s = nominal_scale_up_bytes_s(place) * fabric.scale_up_rates.exchange
    inside = (place.per_domain - 1) / place.ranks / inside_bytes_s
    if place.domains == 1:
        # Messages to the other GPUs of the domain leave together: one step, whatever their number.
        yield schedule("direct", "Simple", latency.call_s + fabric.scale_up_rates.call_s, step_s, inside, 0.0)
        return
    outside = (place.ranks - place.per_domain) / place.ranks / _leaving_bytes_s(place)
    peer_s = fabric.network_rates.exchange_latency_s
    peers = place.ranks - place.per_domain
    # Messages to several peers are under way together: distance counts once.
    step_s += fabric.far_latency_s
    yield schedule(
        "direct",
        "Simple",
        latency.call_s + fabric.scale_up_rates.call_s,
        step_s + peers * peer_s,
        max(inside, outside),
        0.0,
    )
    if fabric.rail_aligned and place.per_domain > 1:
        gathered = (place.ranks - place.domains) / place.ranks / inside_bytes_s
        steps_s = step_s + (place.domains - 1) * peer_s * PXN_MESSAGE
        yield schedule(
            "pxn", "Simple", latency.call_s + fabric.scale_up_rates.call_s, steps_s, max(gathered, outside), 0.0
        )


PXN_MESSAGE = 4.0
"""Time of a message gathered by rail over that of a direct one: two more hops and a hand-over. Chosen."""


def _leaving_bytes_s(place: Place) -> float:
    """Bandwidth with which one GPU leaves its domain [bytes/s]."""
    fabric = place.fabric
    out = fabric.scale_out.bandwidth_bytes_s * fabric.network_rates.exchange / fabric.network_rates.ring
    return out / fabric.oversubscription if place.tier == "cross_pod" else out
