"""Double binary tree over domains, with a chain inside each: latency grows with the logarithm of the domains."""

import math
from collections.abc import Iterator

from clustersim.hardware.placement import Place
from clustersim.step.collectives.links import inside_bytes_s, leaving_bytes_s, network_step_s, supported
from clustersim.step.collectives.protocol import LATENCIES, PROTOCOLS, Protocol
from clustersim.step.collectives.schedule import Schedule, schedule


def tree_schedules(place: Place) -> Iterator[Schedule]:
    """All-reduce over a double binary tree, one schedule per protocol.

    Yields
    ------
    Schedule
        Up and down the chain of a domain and ``log2 N`` levels of the tree. Each GPU of the chain takes in and gives
        on the vector twice; between domains see :func:`tree_leaving_share`.

    References
    ----------
    .. [1] Sanders, P., Speck, J. & Traeff, J. L. (2009), Two-tree algorithms for full bandwidth broadcast, reduction
       and scan, :doi:`10.1016/j.parco.2009.09.001`; in NCCL since 2.4 (2019).
    """
    for protocol in PROTOCOLS:
        if supported(place, protocol):
            yield _tree(place, protocol)


def tree_leaving_share(domains: int) -> float:
    """Vectors that a domain sends into the network, which is also what it takes in.

    Two domains exchange halves: one vector each. In a larger double tree a domain is a leaf of one tree and an inner
    node of the other: half a vector up as the leaf; half a vector up and two halves down as the inner node.
    """
    return 1.0 if domains == 2 else 2.0


def tree_levels(domains: int) -> int:
    """Levels of a balanced binary tree between `domains` domains."""
    return math.ceil(math.log2(domains))


def _tree(place: Place, protocol: Protocol) -> Schedule:
    latency, fabric = LATENCIES["tree", protocol], place.fabric
    transfer, steps_s = 0.0, 0.0
    if place.per_domain > 1:
        transfer = 2.0 / inside_bytes_s(place, fabric.scale_up_rates.tree, protocol)
        steps_s = (place.per_domain - 1) * latency.scale_up_s * fabric.scale_up_rates.latency_scale
    if place.domains > 1:
        outside = tree_leaving_share(place.domains) / leaving_bytes_s(place, fabric.network_rates.tree, protocol)
        transfer = max(transfer, outside)
        steps_s += tree_levels(place.domains) * network_step_s(place, latency.network_s, protocol)
    return schedule(
        "tree", protocol, latency.call_s + fabric.scale_up_rates.call_s, 2.0 * steps_s, transfer, fabric.fill.tree
    )
