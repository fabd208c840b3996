"""Leaf, spine and core: Clos networks and fat trees, with one leaf for a rack or one for each rail."""

import math

import numpy as np

from clustersim.hardware.topology.topology import Ints
from clustersim.hardware.topology.wiring import Wiring
from clustersim.scenario.schema.fabric import ClosFabric, FatTreeFabric


def wire_clos(wiring: Wiring, fabric: ClosFabric | FatTreeFabric, nodes: Ints, prefix: str = "") -> tuple[Ints, Ints]:
    """Wire nodes through leaves, spines and, between pods, cores.

    Parameters
    ----------
    wiring : Wiring
        Where the links go.
    fabric : ClosFabric or FatTreeFabric
        Sizes and ratios. The pods of a Clos network have full bisection; its oversubscription lies above the spines.
    nodes : array of int
        Vertices of the nodes.
    prefix : str
        Of the names of switches.

    Returns
    -------
    ports : array of int, shape (nodes, rails)
        Links from the nodes.
    top : array of int
        The switches of the highest tier.

    Notes
    -----
    The spines of a pod join all its rails, as in a DGX SuperPOD. Spine ``i`` of every pod is wired to core ``i``, one
    vertex that stands for the core switches of that plane.
    """
    leaf_ratio, spine_ratio = _ratios(fabric)
    rails, per_leaf = fabric.rails, fabric.leaf_nodes
    pod_nodes = min(fabric.nodes_per_pod or len(nodes), len(nodes))
    blocks = math.ceil(pod_nodes / per_leaf)
    index = np.arange(len(nodes))
    block = index // pod_nodes * blocks + index % pod_nodes // per_leaf
    leaves = wiring.count("leaf", (int(block[-1]) + 1) * rails, prefix)
    cables = max(1, wiring.cluster.node.nics // rails)
    ports = wiring.join(
        "leaf",
        np.repeat(nodes, rails),
        leaves[(block[:, None] * rails + np.arange(rails)).ravel()],
        wiring.node_bytes_s / rails,
        cables,
    ).reshape(len(nodes), rails)
    pods = math.ceil(len(nodes) / pod_nodes)
    if pods == 1 and blocks * rails == 1:
        return ports, leaves
    spine_count = fabric.spines_per_pod or spines_needed(per_leaf * cables, blocks * rails, pods > 1)
    spines = wiring.count("spine", pods * spine_count, prefix)
    up = per_leaf * wiring.node_bytes_s / rails / leaf_ratio / spine_count
    up_cables = per_leaf * cables / leaf_ratio / spine_count
    leaf_pod = np.arange(len(leaves)) // (blocks * rails)
    above = leaf_pod[:, None] * spine_count + np.arange(spine_count)
    wiring.join("spine", np.repeat(leaves, spine_count), spines[above.ravel()], up, up_cables)
    if pods == 1:
        return ports, spines
    cores = wiring.count("core", spine_count, prefix)
    share = blocks * rails / spine_ratio
    wiring.join("core", spines, np.tile(cores, pods), up * share, up_cables * share)
    return ports, cores


def _ratios(fabric: ClosFabric | FatTreeFabric) -> tuple[float, float]:
    if isinstance(fabric, ClosFabric):
        return 1.0, fabric.oversubscription
    return fabric.leaf_oversubscription, fabric.spine_oversubscription


def spines_needed(leaf_cables: int, leaves: int, core: bool) -> int:
    """Spine switches of a pod, with as many ports as its leaves.

    Parameters
    ----------
    leaf_cables : int
        Cables from a leaf down, and as many up.
    leaves : int
        Leaves of the pod.
    core : bool
        Whether half the ports of a spine lead up to the core.

    Returns
    -------
    int
        The largest divisor of ``leaf_cables`` that is not above what the ports ask for, so that every leaf has the
        same number of cables to every spine; two at least where a leaf has two cables, so that one may fail.

    Examples
    --------
    A DGX SuperPOD of four scalable units of 32 nodes: 32 leaves of 32 cables take 16 spines of 64 ports.

    >>> spines_needed(32, 32, core=False)
    16
    """
    wanted = min(leaf_cables, max(2, leaves if core else math.ceil(leaves / 2)))
    return max(count for count in range(1, wanted + 1) if leaf_cables % count == 0)
