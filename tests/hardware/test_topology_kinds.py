"""Vertices, links and bisections of each kind of fabric, counted by hand."""

from collections import Counter
from typing import Any

import networkx as nx
import numpy as np
import pytest

from clustersim.hardware.topology.build import build_topology, topology_problems
from clustersim.hardware.topology.clos import spines_needed
from clustersim.hardware.topology.problems import FabricError
from clustersim.hardware.topology.topology import Topology
from tests.hardware.fabrics import NIC_BYTES_S, cluster


def rows(topology: Topology) -> dict[str, int]:
    return dict(Counter(topology.rows))


def cut_bytes_s(topology: Topology, one: set[str], other: set[str]) -> float:
    """Least bandwidth between two sets of vertices, by networkx alone."""
    graph: Any = topology.graph.copy()
    graph.add_edges_from((("source", name) for name in one), bandwidth_bytes_s=float("inf"))
    graph.add_edges_from((("sink", name) for name in other), bandwidth_bytes_s=float("inf"))
    return float(nx.maximum_flow_value(graph, "source", "sink", capacity="bandwidth_bytes_s"))


def halves(topology: Topology) -> tuple[set[str], set[str]]:
    nodes = [name for name, row in zip(topology.vertices, topology.rows, strict=True) if row == "node"]
    return set(nodes[: len(nodes) // 2]), set(nodes[len(nodes) // 2 :])


def test_a_superpod_has_the_published_switches() -> None:
    # DGX SuperPOD H100, four scalable units: 127 nodes and one place more, 32 leaves, 16 spines, two cables each.
    topology = build_topology(cluster(128, rails=8, nodes_per_leaf=32))
    assert rows(topology) == {"node": 128, "scale_up": 128, "leaf": 32, "spine": 16}
    uplinks = [link for link, tier in enumerate(topology.tiers) if tier == "spine"]
    assert len(uplinks) == 32 * 16
    assert set(topology.cables[uplinks].tolist()) == {2}
    assert topology.bandwidth_bytes_s[uplinks] == pytest.approx(2 * NIC_BYTES_S)
    assert topology.links == 128 + 128 * 8 + 32 * 16
    assert cut_bytes_s(topology, *halves(topology)) == pytest.approx(64 * 8 * NIC_BYTES_S)


def test_the_cluster_of_llama_3() -> None:
    # arXiv 2407.21783, section 3.3.1: 24,576 GPUs, pods of 3,072, racks of 16, 1:7 oversubscription between pods.
    topology = build_topology(cluster(3072, nodes_per_rack=2, nodes_per_pod=384, oversubscription=7.0))
    assert rows(topology) == {"node": 3072, "scale_up": 3072, "leaf": 1536, "spine": 8 * 16, "core": 16}
    core = np.array(topology.tiers) == "core"
    assert topology.bandwidth_bytes_s[core].sum() / 8 == pytest.approx(3072 * NIC_BYTES_S / 7)
    assert topology.bandwidth_bytes_s[np.array(topology.tiers) == "spine"].sum() == pytest.approx(24576 * NIC_BYTES_S)


def test_a_fat_tree_loses_bandwidth_at_each_tier() -> None:
    fabric = {"kind": "fat_tree", "nodes_per_rack": 2, "nodes_per_pod": 4}
    whole, leaf, both = (
        build_topology(cluster(8, **fabric, leaf_oversubscription=one, spine_oversubscription=other))
        for one, other in ((1.0, 1.0), (2.0, 1.0), (2.0, 4.0))
    )
    assert rows(both) == {"node": 8, "scale_up": 8, "leaf": 4, "spine": 4, "core": 2}
    pods = halves(both)
    assert [cut_bytes_s(one, *pods) for one in (whole, leaf, both)] == pytest.approx(
        [32 * NIC_BYTES_S, 16 * NIC_BYTES_S, 4 * NIC_BYTES_S]
    )
    racks = {"node-0", "node-1"}, {"node-2", "node-3"}
    assert [cut_bytes_s(one, *racks) for one in (whole, leaf, both)] == pytest.approx(
        [16 * NIC_BYTES_S, 8 * NIC_BYTES_S, 8 * NIC_BYTES_S]
    )


def test_rails_share_the_cores() -> None:
    topology = build_topology(cluster(16, rails=4, nodes_per_leaf=4, nodes_per_pod=8, oversubscription=2.0))
    assert rows(topology) == {"node": 16, "scale_up": 16, "leaf": 16, "spine": 2 * 8, "core": 8}
    assert cut_bytes_s(topology, *halves(topology)) == pytest.approx(64 * NIC_BYTES_S / 2)


def test_one_rack_needs_no_spine() -> None:
    assert rows(build_topology(cluster(4, nodes_per_rack=4))) == {"node": 4, "scale_up": 4, "leaf": 1}


@pytest.mark.parametrize(
    ("cables", "leaves", "core", "spines"),
    [(32, 32, False, 16), (16, 192, True, 16), (8, 3, False, 2), (8, 1, True, 2), (1, 4, False, 1)],
)
def test_spines_that_leaves_of_a_size_need(cables: int, leaves: int, core: bool, spines: int) -> None:
    assert spines_needed(cables, leaves, core) == spines


def test_a_dragonfly_wires_every_two_groups() -> None:
    fabric = {"kind": "dragonfly_plus", "nodes_per_leaf": 2, "leaves_per_group": 4, "spines_per_group": 4}
    topology = build_topology(cluster(24, **fabric, global_oversubscription=2.0))
    assert rows(topology) == {"node": 24, "scale_up": 24, "leaf": 12, "spine": 12}
    long = np.array(topology.tiers) == "global"
    assert long.sum() == 3 * 4
    # Each group of 64 GPUs reaches the two others with half its bandwidth in all.
    assert topology.bandwidth_bytes_s[long].sum() == pytest.approx(3 * 64 * NIC_BYTES_S / 2 / 2)
    groups = {f"node-{index}" for index in range(8)}, {f"node-{index}" for index in range(8, 24)}
    assert cut_bytes_s(topology, *groups) == pytest.approx(64 * NIC_BYTES_S / 2)


@pytest.mark.parametrize(
    ("shape", "wraparound", "links", "cut_links"),
    [
        # 4 x 4 x 4, the building block of TPU v4: 3 x 64 links; halves meet in 16 rows, twice with wraparound.
        ((4, 4, 4), True, 192, 32),
        ((4, 4, 4), False, 144, 16),
        ((8, 2), False, 7 * 2 + 8, 2),
        ((8,), True, 8, 2),
    ],
)
def test_a_torus(shape: tuple[int, ...], wraparound: bool, links: int, cut_links: int) -> None:
    chips = int(np.prod(shape))
    torus = {"kind": "torus", "shape": shape, "link_bandwidth": "50 GB/s", "wraparound": wraparound}
    topology = build_topology(cluster(chips // 4, gpus=4, nics=4, domain=chips, **torus))
    assert (len(topology.vertices), topology.links) == (chips, links)
    # Halves across the longest row: chips 0 to n/2 - 1 along the last dimension, or the first if that is longer.
    axis = int(np.argmax(shape)) if shape != (4, 4, 4) else 2
    place = np.unravel_index(np.arange(chips), shape[::-1])[::-1][axis]
    one = {f"chip-{chip}" for chip in np.flatnonzero(place < shape[axis] // 2)}
    other = set(topology.vertices) - one
    assert cut_bytes_s(topology, one, other) == pytest.approx(cut_links * 50e9)


def test_rows_of_two_chips_have_two_cables_with_wraparound() -> None:
    torus = {"kind": "torus", "shape": (2, 2), "link_bandwidth": "50 GB/s"}
    topology = build_topology(cluster(1, gpus=4, nics=4, **torus))
    assert topology.links == 4
    assert set(topology.cables.tolist()) == {2}
    assert topology.bandwidth_bytes_s == pytest.approx(100e9)


def test_data_centres_meet_over_long_links() -> None:
    sites = tuple({"name": name, "nodes": 4, "fabric": {"nodes_per_rack": 2}} for name in ("east", "west", "north"))
    topology = build_topology(cluster(12, kind="datacentres", sites=sites, bandwidth="1 Tbps", round_trip="20 ms"))
    long = [topology.link_name(link) for link, tier in enumerate(topology.tiers) if tier == "long"]
    assert long == ["east:gateway/west:gateway", "east:gateway/north:gateway", "west:gateway/north:gateway"]
    assert topology.latency_s[topology.link_between("west:gateway", "east:gateway")] == pytest.approx(0.01)
    east = {f"node-{index}" for index in range(4)}
    assert cut_bytes_s(topology, east, {"node-5"}) == pytest.approx(250e9)  # both ways out of the east


@pytest.mark.parametrize(
    ("gpus", "domain", "nodes", "domains", "cables"),
    [(8, 8, 3, 3, 8), (4, 72, 36, 2, 4), (8, 4, 2, 4, 4), (8, 1, 2, 16, 1)],
)
def test_scale_up_domains_are_in_the_graph(gpus: int, domain: int, nodes: int, domains: int, cables: int) -> None:
    topology = build_topology(cluster(nodes, gpus=gpus, nics=gpus, domain=domain))
    assert rows(topology)["scale_up"] == domains
    inside = np.array(topology.tiers) == "scale_up"
    assert set(topology.cables[inside].tolist()) == {cables}
    assert topology.bandwidth_bytes_s[inside].sum() == pytest.approx(nodes * gpus * 450e9)
    assert (np.diff(topology.ends[topology.domain_links, 0]) >= 0).all()


def test_the_graph_says_what_the_topology_says() -> None:
    topology = build_topology(cluster(8, nodes_per_rack=2, degraded=({"link": "leaf-1/spine-*", "bandwidth": "25 %"},)))
    graph = topology.graph
    assert len(graph) == len(topology.vertices)
    assert graph.number_of_edges() == topology.links
    edge = graph.edges["spine-0", "leaf-1"]
    link = topology.link_between("spine-0", "leaf-1")
    assert edge["bandwidth_bytes_s"] == pytest.approx(topology.bandwidth_bytes_s[link] / 4)
    assert (edge["tier"], edge["remaining"], edge["cables"]) == ("spine", 0.25, topology.cables[link])
    assert graph.nodes["leaf-1"]["tier"] == "leaf"


@pytest.mark.parametrize(
    ("fabric", "path", "message"),
    [
        ({"rails": 3}, "cluster.fabric.rails", "3 rails do not share the 8 interfaces"),
        (
            {"kind": "torus", "shape": (4, 4), "link_bandwidth": "50 GB/s"},
            "cluster.fabric.shape",
            "4 x 4 = 16 chips, but the cluster has 32",
        ),
        (
            {
                "kind": "datacentres",
                "sites": ({"name": "a", "nodes": 1}, {"name": "b", "nodes": 2, "fabric": {"rails": 5}}),
                "bandwidth": "1 Tbps",
                "round_trip": "1 ms",
            },
            "cluster.fabric.sites",
            "1 + 2 = 3 nodes, but the cluster has 4",
        ),
        (
            {"kind": "dragonfly_plus", "leaves_per_group": 6, "spines_per_group": 2, "rails": 4},
            "cluster.fabric.leaves_per_group",
            "6 leaves are not a multiple of the 4 rails",
        ),
        (
            {"degraded": ({"switch": "spin-1", "bandwidth": 0.5},)},
            "cluster.fabric.degraded[0].switch",
            "mean 'spine-1'",
        ),
        ({"degraded": ({"switch": "spine-99", "bandwidth": 0.5},)}, "cluster.fabric.degraded[0].switch", "spine-0 to"),
        (
            {"degraded": ({"link": "leaf-0/core-0", "bandwidth": 0.5},)},
            "cluster.fabric.degraded[0].link",
            "no 'core-0'",
        ),
        (
            {"degraded": ({"link": "node-0/leaf-1", "bandwidth": 0.5},)},
            "cluster.fabric.degraded[0].link",
            "is wired to",
        ),
        ({"degraded": ({"link": "leaf-0", "bandwidth": 0.5},)}, "cluster.fabric.degraded[0].link", "by both its ends"),
    ],
)
def test_says_why_a_fabric_cannot_be_built(fabric: dict[str, Any], path: str, message: str) -> None:
    plan = cluster(4, **fabric)
    found = topology_problems(plan)
    assert path in [where for where, _ in found]
    assert any(message in text for _, text in found)
    with pytest.raises(FabricError, match=r"cluster\.fabric"):
        build_topology(plan)


def test_a_healthy_fabric_has_no_problems() -> None:
    assert topology_problems(cluster(4)) == ()


def test_shares_of_several_faults_multiply() -> None:
    faults = ({"switch": "spine-*", "bandwidth": "50 %"}, {"link": "spine-1/leaf-0", "bandwidth": "10 %"})
    topology = build_topology(cluster(4, nodes_per_rack=2, degraded=faults))
    assert topology.remaining[topology.link_between("leaf-0", "spine-1")] == pytest.approx(0.05)
    assert topology.remaining[topology.link_between("leaf-0", "spine-0")] == pytest.approx(0.5)
    assert topology.remaining[topology.link_between("leaf-0", "node-0")] == 1.0
