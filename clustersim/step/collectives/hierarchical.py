"""All-gather and reduce-scatter in two levels: along the rails between domains, then inside each domain."""

from collections.abc import Iterator

from clustersim.hardware.placement import Place
from clustersim.step.collectives.links import inside_bytes_s, leaving_bytes_s, network_step_s
from clustersim.step.collectives.protocol import LATENCIES
from clustersim.step.collectives.schedule import Schedule, schedule


def hierarchical_schedules(place: Place) -> Iterator[Schedule]:
    """Two-level all-gather (its mirror image is the reduce-scatter); nothing where a group has but one level.

    Yields
    ------
    Schedule
        Along the rails ``(N-1)/N`` of the vector leaves a domain, against ``(n-1)/n`` in a flat ring; inside
        ``(p-1)/p`` passes a GPU. The two are chained chunk by chunk, so the slower decides. Steps: N-1 between
        domains and p-1 inside, against n-1.

    Notes
    -----
    NCCL does not choose it by itself; frameworks and tuned schedules do.

    References
    ----------
    .. [1] Cho, M. et al. (2019), BlueConnect: decomposing all-reduce for deep learning on heterogeneous network
       hierarchy, MLSys 2019.
    """
    if place.domains == 1 or place.per_domain == 1:
        return
    latency, fabric = LATENCIES["ring", "Simple"], place.fabric
    inside = (place.per_domain - 1) / place.per_domain
    inside /= inside_bytes_s(place, fabric.scale_up_rates.ring, "Simple")
    outside = (place.domains - 1) / place.domains
    outside /= leaving_bytes_s(place, fabric.network_rates.ring, "Simple")
    steps_s = (place.per_domain - 1) * latency.scale_up_s * fabric.scale_up_rates.latency_scale
    steps_s += (place.domains - 1) * network_step_s(place, latency.network_s, "Simple")
    yield schedule(
        "hierarchical",
        "Simple",
        latency.call_s + fabric.scale_up_rates.call_s,
        steps_s,
        max(inside, outside),
        fabric.fill.ring,
    )
