"""Reduction in the switches of the scale-up domain (NVLink SHARP): NVLS in one domain, NVLSTree between several."""

import math
from collections.abc import Iterator

from clustersim.hardware.placement import Place
from clustersim.step.collectives.links import leaving_bytes_s, network_step_s, nominal_scale_up_bytes_s
from clustersim.step.collectives.protocol import LATENCIES
from clustersim.step.collectives.schedule import Schedule, schedule
from clustersim.step.collectives.tree import tree_leaving_share, tree_levels


def nvls_schedules(place: Place) -> Iterator[Schedule]:
    """All-reduce with in-switch reduction; nothing where the switch cannot reduce or a domain holds one rank.

    Yields
    ------
    Schedule
        ``1 + 1/p`` vectors per GPU and direction: the switch reads the whole vector of each GPU and gives each its
        share of the sum, which each writes once and the switch multicasts. Where the group spans several domains, the
        shares pass through a tree between them (NVLSTree).

    Notes
    -----
    With p GPUs the bus bandwidth is ``2 (p-1)/(p+1)`` times that of the link: 310, 305, 307 and 304 GB/s of link for
    the measured 414, 436, 460 and 473 GB/s on 5 to 8 H200 (nccl-tests, ml-engineering by S. Bekman, 2024).

    References
    ----------
    .. [1] Graham, R. L. et al. (2016), Scalable hierarchical aggregation protocol (SHArP),
       :doi:`10.1109/COMHPC.2016.006`; NVLink SHARP: Ishii, A. & Wells, R., The NVLink-network switch, Hot Chips 2022.
    """
    rates = place.fabric.scale_up_rates
    if rates.in_switch == 0.0 or place.per_domain == 1:
        return
    inside = inside_transfer(place)
    if place.domains == 1:
        yield schedule("nvls", "Simple", rates.call_s, rates.in_switch_latency_s, inside, place.fabric.fill.in_switch)
        return
    share, tree = tree_leaving_share(place.domains), place.fabric.network_rates.tree
    outside = share / leaving_bytes_s(place, tree, "Simple")
    level_s = network_step_s(place, LATENCIES["nvls_tree", "Simple"].network_s, "Simple")
    steps_s = rates.in_switch_latency_s + 2.0 * tree_levels(place.domains) * level_s
    yield schedule("nvls_tree", "Simple", rates.call_s, steps_s, max(inside, outside), place.fabric.fill.in_switch_tree)


FAN_GPUS = 8
"""GPUs up to which in-switch reduction keeps its bandwidth: one chassis; NVL72 reaches four fifths of it."""


def inside_transfer(place: Place) -> float:
    """Time of a byte through the switch and back [s/byte]."""
    rates = place.fabric.scale_up_rates
    doublings = math.log2(max(1.0, place.per_domain / FAN_GPUS))
    bandwidth = nominal_scale_up_bytes_s(place) * rates.in_switch / (1.0 + rates.fan_loss * doublings)
    return (1.0 + 1.0 / place.per_domain) / bandwidth
