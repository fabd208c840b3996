"""From a cluster to its topology."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from clustersim.hardware.topology.clos import wire_clos
from clustersim.hardware.topology.custom import wire_graph
from clustersim.hardware.topology.degrade import degrade
from clustersim.hardware.topology.dragonfly import wire_dragonfly_plus
from clustersim.hardware.topology.links_file import links_file
from clustersim.hardware.topology.problems import FabricError, Problem
from clustersim.hardware.topology.sites import join_sites
from clustersim.hardware.topology.slurm_tree import slurm_file, wire_slurm
from clustersim.hardware.topology.topology import Ints, Topology
from clustersim.hardware.topology.torus import torus_topology
from clustersim.hardware.topology.wiring import Wiring
from clustersim.scenario.schema.fabric import (
    AnyFabric,
    ClosFabric,
    DatacentresFabric,
    DragonflyPlusFabric,
    FatTreeFabric,
    GraphFabric,
    SlurmFabric,
    TorusFabric,
)
from clustersim.scenario.schema.hardware import Cluster

PATH = "cluster.fabric"


@lru_cache(maxsize=8)
def build_topology(cluster: Cluster) -> Topology:
    """Build the fabric of a cluster.

    Parameters
    ----------
    cluster : Cluster
        The machines and their network.

    Returns
    -------
    Topology
        Nodes first, in the order that ranks fill them, with what is degraded taken off.

    Raises
    ------
    FabricError
        With every reason why it cannot be built.
    """
    topology, problems = _build(cluster)
    if problems or topology is None:
        raise FabricError(problems)
    return topology


def topology_problems(cluster: Cluster) -> tuple[Problem, ...]:
    """Everything that makes the fabric of a cluster impossible: (dotted path of the setting, message) each."""
    problems = tuple(_shape_problems(cluster))
    return problems if problems or not cluster.fabric.degraded else tuple(_build(cluster)[1])


def _build(cluster: Cluster) -> tuple[Topology | None, list[Problem]]:
    problems = list(_shape_problems(cluster))
    if problems:
        return None, problems
    return degrade(_healthy(cluster), cluster.fabric.degraded, f"{PATH}.degraded")


def _healthy(cluster: Cluster) -> Topology:
    wiring, fabric = Wiring(cluster), cluster.fabric
    if isinstance(fabric, TorusFabric):
        return torus_topology(wiring, fabric)
    parts = _parts(fabric, cluster.nodes)
    names = [name for part, count, prefix, first in parts for name in _node_names(part, count, prefix, first)]
    nodes = wiring.vertices("node", names)
    domain_links = wiring.scale_up(nodes)
    found = [_wire(wiring, part, nodes[first : first + count], prefix) for part, count, prefix, first in parts if count]
    if isinstance(fabric, DatacentresFabric):
        join_sites(wiring, fabric, [top for _, top in found])
    return wiring.topology(_same_width([ports for ports, _ in found]), domain_links)


def _parts(fabric: AnyFabric, nodes: int) -> list[tuple[AnyFabric, int, str, int]]:
    """Networks that nodes hang on: the network, its nodes, the prefix of its names and the first of the nodes."""
    if not isinstance(fabric, DatacentresFabric):
        return [(fabric, nodes, "", 0)]
    first = np.cumsum([0, *(site.nodes for site in fabric.sites)]).tolist()
    return [(site.fabric, site.nodes, f"{site.name}:", at) for site, at in zip(fabric.sites, first, strict=False)]


def _node_names(fabric: AnyFabric, count: int, prefix: str, first: int) -> list[str]:
    named = _file_nodes(fabric)
    if named is None:
        return [f"node-{first + index}" for index in range(count)]
    return [prefix + name for name in named[:count]]


def _file_nodes(fabric: AnyFabric) -> tuple[str, ...] | None:
    if isinstance(fabric, SlurmFabric):
        return slurm_file(fabric).nodes
    return links_file(fabric).nodes if isinstance(fabric, GraphFabric) else None


def _wire(wiring: Wiring, fabric: AnyFabric, nodes: Ints, prefix: str) -> tuple[Ints, Ints]:
    if isinstance(fabric, ClosFabric | FatTreeFabric):
        return wire_clos(wiring, fabric, nodes, prefix)
    if isinstance(fabric, DragonflyPlusFabric):
        return wire_dragonfly_plus(wiring, fabric, nodes, prefix)
    if isinstance(fabric, SlurmFabric):
        return wire_slurm(wiring, fabric, nodes, prefix)
    if isinstance(fabric, GraphFabric):
        return wire_graph(wiring, fabric, nodes, prefix)
    msg = f"a fabric of kind {fabric.kind} has no nodes of its own"
    raise TypeError(msg)


def _same_width(ports: list[Ints]) -> Ints:
    """Ports of several sites under each other; one with fewer rails uses its own in turn."""
    rails = max(part.shape[1] for part in ports)
    return np.concatenate([part[:, np.arange(rails) % part.shape[1]] for part in ports])


def _shape_problems(cluster: Cluster) -> Iterator[Problem]:
    fabric, gpus = cluster.fabric, cluster.nodes * cluster.node.gpus
    if isinstance(fabric, TorusFabric) and fabric.chips != gpus:
        shape = " x ".join(map(str, fabric.shape))
        yield (
            f"{PATH}.shape",
            f"{shape} = {fabric.chips:,} chips, but the cluster has {gpus:,} ({cluster.nodes:,} nodes of "
            f"{cluster.node.gpus})",
        )
    if isinstance(fabric, DatacentresFabric):
        total = sum(site.nodes for site in fabric.sites)
        if total != cluster.nodes:
            counts = " + ".join(f"{site.nodes:,}" for site in fabric.sites)
            yield f"{PATH}.sites", f"the sites have {counts} = {total:,} nodes, but the cluster has {cluster.nodes:,}"
        for index, site in enumerate(fabric.sites):
            yield from _network_problems(cluster, site.fabric, site.nodes, f"{PATH}.sites[{index}].fabric")
        return
    yield from _network_problems(cluster, fabric, cluster.nodes, PATH)


def _network_problems(cluster: Cluster, fabric: AnyFabric, nodes: int, path: str) -> Iterator[Problem]:
    nics = cluster.node.nics
    if isinstance(fabric, ClosFabric | FatTreeFabric | DragonflyPlusFabric) and nics % fabric.rails:
        yield f"{path}.rails", f"{fabric.rails} rails do not share the {nics} interfaces of a node evenly"
    if isinstance(fabric, DragonflyPlusFabric) and fabric.leaves_per_group % fabric.rails:
        yield (
            f"{path}.leaves_per_group",
            f"{fabric.leaves_per_group} leaves are not a multiple of the {fabric.rails} rails",
        )
    if isinstance(fabric, GraphFabric | SlurmFabric):
        try:
            file = links_file(fabric) if isinstance(fabric, GraphFabric) else slurm_file(fabric)
        except (OSError, UnicodeDecodeError) as error:
            yield f"{path}.file", f"cannot read {fabric.file}: {getattr(error, 'strerror', None) or error}"
            return
        for problem in file.problems:
            yield f"{path}.file", problem
        if not file.problems and len(file.nodes) < nodes:
            message = f"{fabric.file} has {len(file.nodes):,} nodes, but the cluster has {nodes:,}"
            yield f"{path}.file", message
