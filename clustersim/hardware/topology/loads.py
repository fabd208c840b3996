"""What every link carries during one collective of every group of a dimension, and what each group gets of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from clustersim.hardware.topology.build import PATH, build_topology
from clustersim.hardware.topology.detours import detoured, rates_with_detours
from clustersim.hardware.topology.groups import (
    PATTERNS,
    Dimension,
    Grid,
    Messages,
    groups_of,
    in_domain,
    messages_between_domains,
)
from clustersim.hardware.topology.problems import FabricError
from clustersim.hardware.topology.routes import Routes
from clustersim.hardware.topology.spread import CutOffError, Flows, Spread, spread
from clustersim.hardware.topology.topology import Floats, Ints, Topology
from clustersim.hardware.topology.torus_loads import TorusWays, direct_messages, rings_along_axes
from clustersim.scenario.schema.fabric import DragonflyPlusFabric, TorusFabric
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.training import Layout

DRAWS = 8
"""Draws of the hashes that results under ``ecmp`` are the mean of."""

_SEED = 20170
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class LinkLoads:
    """Loads of one moment: all groups of one dimension communicate at once.

    Attributes
    ----------
    topology : Topology
        The fabric.
    dimension : str
        Whose groups communicate.
    demand_bytes_s : array of float, shape (links, 2)
        What would cross each link, in its direction (lower end to upper) and against it, if no link were too narrow
        [bytes/s].
    groups : array of int, shape (groups, ranks)
        Ranks of each group.
    share : array of float, shape (groups,)
        Bandwidth of each group over that on a healthy fabric in which only interfaces and scale-up links limit it.
    latency_s : array of float, shape (groups,)
        One-way latency that links of the fabric add for each group [s].
    """

    topology: Topology
    dimension: Dimension
    demand_bytes_s: Floats
    groups: Ints
    share: Floats
    latency_s: Floats

    @cached_property
    def utilisation(self) -> Floats:
        """Demand over what is left of each link, in the direction that has more of it; above 1 the link is too narrow.

        Infinite for a link that is down and asked for.
        """
        demand = self.demand_bytes_s.max(axis=1, initial=0.0)
        capacity = self.topology.capacity_bytes_s
        empty = np.where(demand > 0.0, np.inf, 0.0)
        return np.asarray(np.divide(demand, capacity, out=empty, where=capacity > 0.0))

    @property
    def slowest_group(self) -> int:
        """Group with the least bandwidth, which sets the pace of a synchronous step."""
        return int(np.argmin(self.share))

    @property
    def busiest_link(self) -> int:
        """Link that is asked for most of what is left of it."""
        return int(np.argmax(self.utilisation))


class _Parts(NamedTuple):
    """Share of the network and added latency of each message's group, and the demand of the links."""

    share: Floats
    latency_s: Floats
    demand: Floats


def link_loads(cluster: Cluster, layout: Layout, dimension: Dimension) -> LinkLoads:
    """Work out the loads of one dimension.

    Parameters
    ----------
    cluster : Cluster
        The machines; the job fills the first nodes.
    layout : Layout
        The groups.
    dimension : str
        ``tensor``, ``context``, ``expert``, ``data`` or ``pipeline``.

    Returns
    -------
    LinkLoads
        Under ``ecmp`` the mean of :data:`DRAWS` seeded draws of the hashes, and a fault slows the groups that cross it.
        Under ``adaptive`` traffic moves away from a fault, and groups on the links it moves to slow down with them.
        A fault never counts as a gain: what traffic that is driven elsewhere leaves free is not handed on.

    Raises
    ------
    FabricError
        If the fabric cannot be built, or a group is cut in two.
    """
    return grid_loads(cluster, Grid.of(layout), dimension)


def grid_loads(cluster: Cluster, grid: Grid, dimension: Dimension, seats: Ints | None = None) -> LinkLoads:
    """Work out the loads of one dimension; see :func:`link_loads`.

    Parameters
    ----------
    cluster, grid, dimension
        As there.
    seats : array of int, optional
        Node that the ranks of each node of the job sit on, where they do not fill the first nodes in order. For
        networks of switches, and scale-up domains inside a node.
    """
    topology = build_topology(cluster)
    if grid.gpus > cluster.nodes * cluster.node.gpus:
        msg = f"the layout takes {grid.gpus:,} GPUs, but the cluster has {cluster.nodes * cluster.node.gpus:,}"
        raise FabricError([("training.layout", msg)])
    loads = _loads(topology, cluster, grid, dimension, seats)
    if topology.is_healthy:
        return loads
    whole = _loads(replace(topology, remaining=np.ones(topology.links)), cluster, grid, dimension, seats)
    return replace(loads, share=np.minimum(loads.share, whole.share))


def _loads(topology: Topology, cluster: Cluster, grid: Grid, dimension: Dimension, seats: Ints | None) -> LinkLoads:
    groups = groups_of(grid, dimension)
    try:
        if isinstance(cluster.fabric, TorusFabric):
            return _torus_loads(topology, grid, dimension, groups)
        return _switched_loads(topology, cluster, grid, dimension, groups, seats)
    except CutOffError as cut:
        names = topology.vertices
        msg = f"what is down leaves no way from {names[cut.source]} to {names[cut.destination]}: no job can span them"
        raise FabricError([(f"{PATH}.degraded" if not topology.is_healthy else PATH, msg)]) from None


def _torus_loads(topology: Topology, grid: Grid, dimension: Dimension, groups: Ints) -> LinkLoads:
    pattern = PATTERNS[dimension]
    if groups.shape[1] == 1:
        return _alone(topology, dimension, groups)
    messages = (
        rings_along_axes(groups, topology.shape)
        if pattern == "ring"
        else direct_messages(groups, pattern, dimension != "pipeline" or grid.interleaved)
    )
    together = in_domain(groups, topology.domain_gpus) == groups.shape[1]
    rate = np.where(together, topology.scale_up_bytes_s, topology.gpu_bytes_s)[messages.group]
    ways = TorusWays(topology)
    demand = np.zeros(2 * topology.links)
    for index, steps, share in ways.walk(messages):
        demand += np.bincount(steps, messages.amounts[index] * rate[index] * share, len(demand))
    rates = _link_rates(topology, demand)
    least = np.ones(len(messages.group))
    for index, steps, _ in ways.walk(messages):
        least[index] = np.minimum(least[index], rates[steps])
    share = _by_group(np.minimum, messages.group, least, len(groups), 1.0)
    latency = np.zeros(len(groups))
    return LinkLoads(topology, dimension, demand.reshape(-1, 2), groups, share, latency)


def _alone(topology: Topology, dimension: Dimension, groups: Ints) -> LinkLoads:
    demand = np.zeros((topology.links, 2))
    return LinkLoads(topology, dimension, demand, groups, np.ones(len(groups)), np.zeros(len(groups)))


def _switched_loads(
    topology: Topology, cluster: Cluster, grid: Grid, dimension: Dimension, groups: Ints, seats: Ints | None
) -> LinkLoads:
    if groups.shape[1] == 1:
        return _alone(topology, dimension, groups)
    messages = messages_between_domains(grid, dimension, groups, topology.domain_gpus, topology.gpus_per_node)
    seated = groups
    if seats is not None:
        sources, destinations, seated = (
            _seated(ranks, seats, topology.gpus_per_node) for ranks in (messages.sources, messages.destinations, groups)
        )
        messages = replace(messages, sources=sources, destinations=destinations)
    parts = list(_network_parts(topology, cluster, messages, len(groups)))
    out, latency, demand = (np.mean([part[field] for part in parts], axis=0) for field in range(3))
    inside, mates = _scale_up_share(topology, seated)
    inside_s, outside_s = _times(topology, dimension, groups, messages, mates)
    whole = np.maximum(inside_s, outside_s)
    share = whole / np.maximum(inside_s / inside, outside_s / out)
    _add_scale_up(topology, demand, seated, mates, inside_s / whole)
    return LinkLoads(topology, dimension, demand.reshape(-1, 2), groups, np.minimum(1.0, share), latency)


def _seated(ranks: Ints, seats: Ints, gpus_per_node: int) -> Ints:
    """GPUs that ranks sit on, numbered node by node."""
    return np.asarray(seats[ranks // gpus_per_node] * gpus_per_node + ranks % gpus_per_node)


def _network_parts(topology: Topology, cluster: Cluster, messages: Messages, groups: int) -> Iterator[_Parts]:
    """Spread the messages over the network: once, or once for each draw of the hashes."""
    fabric = cluster.fabric
    if isinstance(fabric, TorusFabric):
        return
    by_hash = fabric.routing == "ecmp"
    ports = _live_ports(topology)
    node = topology.gpus_per_node
    rail = messages.destinations % node * ports.shape[1] // node
    # Between domains a message leaves on the rail of its destination, which it reached inside its own domain (PXN).
    first, last = ports[messages.sources // node, rail], ports[messages.destinations // node, rail]
    flows = Flows(
        topology.ends[first, 1],
        topology.ends[last, 1],
        messages.amounts * topology.gpu_bytes_s,
        np.full(len(first), fabric.queue_pairs, dtype=np.int64),
    )
    routes = Routes(topology, by_hash)
    for draw in range(DRAWS if by_hash else 1):
        rng = np.random.default_rng([_SEED, draw]) if by_hash else None
        found = spread(routes, flows, rng)
        ends: Floats = np.bincount(2 * first, flows.amounts, 2 * topology.links).astype(float)
        ends += np.bincount(2 * last + 1, flows.amounts, 2 * topology.links)
        least, demand = _narrowest(topology, found, found.loads, ends, (first, last))
        if isinstance(fabric, DragonflyPlusFabric) and not by_hash:
            around = detoured(topology, found.loads)
            other, other_demand = _narrowest(topology, found, around, ends, (first, last))
            if other.min(initial=1.0) > least.min(initial=1.0):
                least, demand = other, other_demand
        late = topology.latency_s[first] + topology.latency_s[last] + found.longest_s(np.repeat(topology.latency_s, 2))
        yield _Parts(
            _by_group(np.minimum, messages.group, least, groups, 1.0),
            _by_group(np.maximum, messages.group, late, groups, 0.0),
            demand,
        )


def _narrowest(
    topology: Topology, found: Spread, loads: Floats, ends: Floats, ports: tuple[Ints, Ints]
) -> tuple[Floats, Floats]:
    """Least rate on the way of each message, and the demand of all links, given the loads between switches."""
    demand = loads + ends
    rates = _link_rates(topology, demand)
    between = rates if loads is found.loads else rates_with_detours(topology, rates)
    first, last = ports
    return np.minimum(found.narrowest(between), np.minimum(rates[2 * first], rates[2 * last + 1])), demand


def _live_ports(topology: Topology) -> Ints:
    """Ports of each node, where one that is down is replaced by the next that is up.

    Raises
    ------
    CutOffError
        If a node has none left.
    """
    ports = topology.ports
    down = topology.remaining[ports] <= 0.0
    if not down.any():
        return ports
    ports, rails = ports.copy(), ports.shape[1]
    for node, rail in np.argwhere(down):
        following = [int(topology.ports[node, (rail + step) % rails]) for step in range(1, rails)]
        live = [port for port in following if topology.remaining[port] > 0.0]
        if not live:
            low, high = topology.ends[topology.ports[node, rail]]
            raise CutOffError(int(low), int(high))
        ports[node, rail] = live[0]
    return ports


def _link_rates(topology: Topology, demand: Floats) -> Floats:
    """Share of its demand that each direction of each link carries, at most 1."""
    capacity = np.repeat(topology.capacity_bytes_s, 2)
    rates = np.divide(capacity, demand, out=np.ones(len(demand)), where=demand > 0.0)
    return np.where(rates > 1.0 - _ROUNDING, 1.0, rates)


def _by_group(fold: np.ufunc, group: Ints, values: Floats, groups: int, empty: float) -> Floats:
    """Fold the values of the messages of each group; messages are sorted by group."""
    folded = np.full(groups, empty)
    if len(group):
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        folded[group[starts]] = fold.reduceat(values, starts)
    return folded


def _scale_up_share(topology: Topology, groups: Ints) -> tuple[Floats, Floats]:
    """Least share left of the scale-up links of each group, and which of its ranks share a domain with another."""
    domains = groups // topology.domain_gpus
    same = domains[:, 1:] == domains[:, :-1]
    mates = np.pad(same, ((0, 0), (1, 0))) | np.pad(same, ((0, 0), (0, 1)))
    left = np.where(mates, topology.remaining[_domain_link(topology, groups)], 1.0).min(axis=1)
    if (left <= 0.0).any():
        rank = groups[int(np.argmin(left))][0]
        low, high = topology.ends[_domain_link(topology, np.array([rank]))[0]]
        raise CutOffError(int(low), int(high))
    return left, mates


def _domain_link(topology: Topology, ranks: Ints) -> Ints:
    nodes = len(topology.ports)
    per_node = len(topology.domain_links) // nodes
    node, local = ranks // topology.gpus_per_node, ranks % topology.gpus_per_node
    return topology.domain_links[node * per_node + np.minimum(local // topology.domain_gpus, per_node - 1)]


def _times(
    topology: Topology, dimension: Dimension, groups: Ints, messages: Messages, mates: Floats
) -> tuple[Floats, Floats]:
    """Time per byte inside and between domains on a healthy fabric, up to a factor they share, for each group."""
    ranks, together = groups.shape[1], in_domain(groups, topology.domain_gpus).astype(float)
    crosses = np.bincount(messages.group, minlength=len(groups)) > 0
    inside, outside = mates.any(axis=1).astype(float), crosses.astype(float)
    if PATTERNS[dimension] == "ring":
        outside /= together
    elif PATTERNS[dimension] == "exchange":
        inside, outside = together - 1.0, ranks - together
    return inside / topology.scale_up_bytes_s, outside / topology.gpu_bytes_s


def _add_scale_up(topology: Topology, demand: Floats, groups: Ints, mates: Floats, busy: Floats) -> None:
    """Add what ranks send inside their domains, both directions alike, at the pace that the network leaves them."""
    links = _domain_link(topology, groups)
    rate = np.where(mates, busy[:, None] * topology.scale_up_bytes_s, 0.0)
    sent = np.bincount(links.ravel(), rate.ravel(), topology.links)
    demand += np.repeat(sent, 2)
