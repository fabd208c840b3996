"""Ways over a third group in a dragonfly: what adaptive routing does when a few groups talk to each other.

Spine ``i`` of a group is wired to spine ``i`` of all others, so the spines of one number form a plane of their own in
which the way from one group to another is one link, or two over any third group.
"""

import numpy as np

from clustersim.hardware.topology.topology import Floats, Ints, Topology


def detoured(topology: Topology, loads: Floats) -> Floats:
    """Loads when traffic between two groups spreads evenly over the direct link and all ways over a third group.

    Parameters
    ----------
    topology : Topology
        A dragonfly.
    loads : array of float, shape (2 * links,)
        Loads when all of it takes the direct links.

    Returns
    -------
    array of float, shape (2 * links,)
        Every detour takes two links, so their sum over the long links is larger; other links keep theirs.

    References
    ----------
    Valiant (1982), :doi:`10.1137/0211027`; chosen against the short way as UGAL does, Kim et al. (2008), "Technology-
    Driven, Highly-Scalable Dragonfly Topology", ISCA, :doi:`10.1109/ISCA.2008.19`.
    """
    links, index = _planes(topology)
    if not len(links):
        return loads
    up = np.zeros(index.shape)
    up[index >= 0] = topology.remaining[index[index >= 0] // 2] > 0.0
    direct = np.where(up > 0.0, loads[index], 0.0)
    ways = up + up @ up
    each = np.divide(direct, ways, out=np.zeros(direct.shape), where=direct > 0.0)
    transposed = up.transpose(0, 2, 1)
    spread = each + up * (each @ transposed) + up * (transposed @ each)
    around = loads.copy()
    around[index[index >= 0]] = spread[index >= 0]
    return around


def rates_with_detours(topology: Topology, rates: Floats) -> Floats:
    """Rate of traffic between two groups, at the place of their direct link: the least on any of its ways."""
    links, index = _planes(topology)
    if not len(links):
        return rates
    there = index >= 0
    there[there] = topology.remaining[index[there] // 2] > 0.0
    rate = np.where(there, rates[index], np.inf)
    least = rate.copy()
    for third in range(index.shape[1]):
        both = there[:, :, third, None] & there[:, None, third, :]
        way = np.minimum(rate[:, :, third, None], rate[:, None, third, :])
        least = np.minimum(least, np.where(both, way, np.inf))
    found = rates.copy()
    found[index[there]] = least[there]
    return found


def _planes(topology: Topology) -> tuple[Ints, Ints]:
    """Long links, and their ``2 * link + direction`` by plane, source and target group; -1 where there is none."""
    links = np.array([link for link, tier in enumerate(topology.tiers) if tier == "global"], dtype=np.int64)
    spines = np.flatnonzero(np.array(topology.rows) == "spine")
    if not len(links):
        return links, np.zeros((0, 0, 0), dtype=np.int64)
    low, high = (np.searchsorted(spines, topology.ends[links, end]) for end in (0, 1))
    planes = int((high - low).min())
    groups = len(spines) // planes
    index = np.full((planes, groups, groups), -1, dtype=np.int64)
    index[low % planes, low // planes, high // planes] = 2 * links
    index[low % planes, high // planes, low // planes] = 2 * links + 1
    return links, index
