"""Reduction in the switches of the network (SHARP through CollNet): each domain sends its vector once."""

from collections.abc import Iterator

from clustersim.hardware.placement import Place
from clustersim.step.collectives.in_switch import inside_transfer
from clustersim.step.collectives.links import inside_bytes_s, leaving_bytes_s, network_step_s
from clustersim.step.collectives.protocol import LATENCIES
from clustersim.step.collectives.schedule import Schedule, schedule


def collnet_schedules(place: Place) -> Iterator[Schedule]:
    """All-reduce through the network's switches; nothing inside one domain or where they do not reduce.

    Yields
    ------
    Schedule
        One vector out of and into each domain whatever their number, one crossing of the network. Inside the domain
        in-switch reduction, or a reduce-scatter and an all-gather.

    References
    ----------
    .. [1] Graham, R. L. et al. (2016), Scalable hierarchical aggregation protocol (SHArP),
       :doi:`10.1109/COMHPC.2016.006`.
    """
    fabric = place.fabric
    if not fabric.in_network_reduction or place.domains == 1:
        return
    latency, rates = LATENCIES["collnet", "Simple"], fabric.scale_up_rates
    ranks = place.per_domain
    inside = 2.0 * (ranks - 1) / ranks / inside_bytes_s(place, rates.ring, "Simple")
    steps_s = 2.0 * (ranks - 1) * latency.scale_up_s * rates.latency_scale
    if rates.in_switch > 0.0 and ranks > 1 and inside_transfer(place) < inside:
        inside, steps_s = inside_transfer(place), rates.in_switch_latency_s
    outside = 1.0 / leaving_bytes_s(place, fabric.network_rates.ring, "Simple")
    steps_s += network_step_s(place, latency.network_s, "Simple")
    yield schedule(
        "collnet", "Simple", latency.call_s + rates.call_s, steps_s, max(inside, outside), fabric.fill.in_switch_tree
    )
