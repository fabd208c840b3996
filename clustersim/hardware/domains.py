"""Failure domains: how many nodes share a rack, a switch, a power feed or a cooling loop, and how many of them.

Ranks fill nodes in order, and domains hold neighbours: node ``n`` is in domain ``n // nodes``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby

from clustersim.hardware.topology.build import build_topology
from clustersim.hardware.topology.problems import FabricError
from clustersim.hardware.topology.topology import Topology
from clustersim.scenario.schema.fabric import DatacentresFabric
from clustersim.scenario.schema.hardware import Cluster


@dataclass(frozen=True, slots=True)
class Domain:
    """Nodes that share something, and how many of the thing they share."""

    nodes: int
    units: int = 1


class NoDomainError(ValueError):
    """The cluster has no domain of this kind, or its domains are not alike; the message says what to do."""


def domain_of(cluster: Cluster, kind: str, nodes: int) -> Domain:
    """Domain of a kind.

    Parameters
    ----------
    cluster : Cluster
        The machines.
    kind : str
        One of :data:`KINDS`.
    nodes : int
        Nodes that the plan speaks of, which the largest domain has.

    Raises
    ------
    NoDomainError
        If the cluster has none, or they differ in size.
    """
    return _DOMAINS[kind](cluster, nodes)


def _rack(cluster: Cluster, _nodes: int) -> Domain:
    return Domain(cluster.fabric.nodes_per_rack)


def _pod(cluster: Cluster, nodes: int) -> Domain:
    return Domain(cluster.fabric.nodes_per_pod or nodes)


def _pdu(cluster: Cluster, _nodes: int) -> Domain:
    return Domain(_racks(cluster.racks_per_pdu, "racks_per_pdu") * cluster.fabric.nodes_per_rack)


def _cooling_loop(cluster: Cluster, _nodes: int) -> Domain:
    racks = _racks(cluster.racks_per_cooling_loop, "racks_per_cooling_loop")
    return Domain(racks * cluster.fabric.nodes_per_rack)


def _racks(racks: int | None, name: str) -> int:
    if racks is None:
        msg = f"the cluster does not say how many racks share one: set cluster.{name}"
        raise NoDomainError(msg)
    return racks


def _site(cluster: Cluster, nodes: int) -> Domain:
    if not isinstance(cluster.fabric, DatacentresFabric):
        return Domain(nodes)
    sizes = {site.nodes for site in cluster.fabric.sites}
    if len(sizes) > 1:
        msg = f"the sites have {' and '.join(map(str, sorted(sizes)))} nodes; failures of a site need sites of one size"
        raise NoDomainError(msg)
    return Domain(sizes.pop())


def _leaf(cluster: Cluster, _nodes: int) -> Domain:
    """Nodes that hang on the same leaves: one leaf, or one for each rail."""
    topology = _topology(cluster)
    leaves = [frozenset(row) for row in topology.ends[topology.ports, 1].tolist()] if topology.ports.size else []
    return _alike(leaves, "leaf switches", "rack")


def _spine(cluster: Cluster, _nodes: int) -> Domain:
    """Nodes whose leaves are wired to the same spines."""
    topology = _topology(cluster)
    above: dict[int, set[int]] = {}
    for (low, high), tier in zip(topology.ends.tolist(), topology.tiers, strict=True):
        if tier == "spine":
            above.setdefault(low, set()).add(high)
    leaves = topology.ends[topology.ports, 1].tolist() if topology.ports.size else []
    spines = [frozenset().union(*(above.get(leaf, set()) for leaf in row)) for row in leaves]
    return _alike([found for found in spines if found], "spine switches", "pod")


def _topology(cluster: Cluster) -> Topology:
    try:
        return build_topology(cluster)
    except FabricError as error:
        raise NoDomainError(str(error)) from None


def _alike(switches: list[frozenset[int]], what: str, instead: str) -> Domain:
    blocks = [(len(list(rows)), len(shared)) for shared, rows in groupby(switches)]
    if not blocks:
        msg = f"the fabric has no {what}: take 'per {instead}-...' and 'blast: {instead}'"
        raise NoDomainError(msg)
    nodes, units = blocks[0]
    if any(block != blocks[0] for block in blocks[:-1]) or blocks[-1][0] > nodes:
        sizes = sorted({size for size, _units in blocks})
        msg = (
            f"the {what} of the fabric are shared by {sizes[0]} to {sizes[-1]} nodes; failures need domains of one size"
        )
        raise NoDomainError(msg)
    return Domain(nodes, units)


_DOMAINS: Mapping[str, Callable[[Cluster, int], Domain]] = {
    "rack": _rack,
    "leaf": _leaf,
    "spine": _spine,
    "pod": _pod,
    "pdu": _pdu,
    "cooling_loop": _cooling_loop,
    "site": _site,
}

KINDS = tuple(_DOMAINS)
"""Kinds of domains."""
