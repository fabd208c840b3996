"""Dragonfly+: groups of leaves and spines, every spine with links to every other group."""

import math

import numpy as np

from clustersim.hardware.topology.topology import Ints
from clustersim.hardware.topology.wiring import Wiring
from clustersim.scenario.schema.fabric import DragonflyPlusFabric


def wire_dragonfly_plus(
    wiring: Wiring, fabric: DragonflyPlusFabric, nodes: Ints, prefix: str = ""
) -> tuple[Ints, Ints]:
    """Wire nodes through groups of leaves and spines.

    Parameters
    ----------
    wiring : Wiring
        Where the links go.
    fabric : DragonflyPlusFabric
        Sizes.
    nodes : array of int
        Vertices of the nodes.
    prefix : str
        Of the names of switches.

    Returns
    -------
    ports : array of int, shape (nodes, rails)
        Links from the nodes.
    top : array of int
        The spines.

    Notes
    -----
    Spine ``i`` of a group is wired to spine ``i`` of every other group, so a detour is never needed (Shpiner et al.
    2017, :doi:`10.1109/HiPINEB.2017.11`, section II: each spine reaches all groups). The links from a group carry
    together the bandwidth of its nodes over ``global_oversubscription``.
    """
    rails, per_leaf = fabric.rails, fabric.leaf_nodes
    blocks = max(1, fabric.leaves_per_group // rails)
    group_nodes = blocks * per_leaf
    groups = math.ceil(len(nodes) / group_nodes)
    index = np.arange(len(nodes))
    block = index // per_leaf
    leaves = wiring.count("leaf", groups * blocks * rails, prefix)
    spine_count = fabric.spines_per_group
    spines = wiring.count("spine", groups * spine_count, prefix)
    cables = max(1, wiring.cluster.node.nics // rails)
    above = leaves[(block[:, None] * rails + np.arange(rails)).ravel()]
    ports = wiring.join("leaf", np.repeat(nodes, rails), above, wiring.node_bytes_s / rails, cables)
    up = per_leaf * wiring.node_bytes_s / rails / spine_count
    group_of_leaf = np.arange(len(leaves)) // (blocks * rails)
    to = group_of_leaf[:, None] * spine_count + np.arange(spine_count)
    wiring.join("spine", np.repeat(leaves, spine_count), spines[to.ravel()], up, per_leaf * cables / spine_count)
    if groups > 1:
        one, other = np.triu_indices(groups, 1)
        low = (one[:, None] * spine_count + np.arange(spine_count)).ravel()
        high = (other[:, None] * spine_count + np.arange(spine_count)).ravel()
        share = blocks * rails / fabric.global_oversubscription / (groups - 1)
        wiring.join("global", spines[low], spines[high], up * share, per_leaf * cables / spine_count * share)
    return ports.reshape(len(nodes), rails), spines
