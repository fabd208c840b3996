"""Bandwidth that each dimension keeps: hand-computed cases, and what must hold for every layout and fault."""

import timeit
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clustersim.hardware.contention import WHOLE, bandwidth_shares, fabric_problems
from clustersim.hardware.topology.build import build_topology
from clustersim.hardware.topology.groups import DIMENSIONS, Dimension, Grid, messages_between_domains
from clustersim.hardware.topology.loads import link_loads
from clustersim.hardware.topology.problems import FabricError
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.training import Layout
from tests.hardware.fabrics import cluster, down, layout

LEAF_SPINE = {"kind": "fat_tree", "nodes_per_rack": 2, "spines_per_pod": 4}


def test_a_healthy_clos_costs_nothing_and_builds_nothing() -> None:
    plan, whole = cluster(16, oversubscription=7.0, nodes_per_pod=4), layout(8, 16)
    before = build_topology.cache_info().misses
    assert bandwidth_shares(plan, whole) is WHOLE
    assert build_topology.cache_info().misses == before
    # one microsecond, with room for a busy machine; as a ratio to an empty call
    empty = min(timeit.repeat("f()", "f = lambda: None", number=2000, repeat=5))
    call = min(timeit.repeat(lambda: bandwidth_shares(plan, whole), number=2000, repeat=5))
    assert call < 40 * empty


def test_a_whole_fat_tree_costs_nothing() -> None:
    assert bandwidth_shares(cluster(16, **LEAF_SPINE), layout(8, 16)) == WHOLE


def test_pipeline_stages_share_the_uplinks_of_their_rack() -> None:
    # Racks of 2 nodes, 16 GPUs; stages of 16 GPUs, so every rank sends over uplinks with a third of the bandwidth.
    plan = cluster(16, **LEAF_SPINE, leaf_oversubscription=3.0)
    assert bandwidth_shares(plan, layout(8, 2, 8)).pipeline == pytest.approx(1 / 3)
    # Stages of 8 GPUs: every second one sends to the node beside it, the other half over the uplinks.
    assert bandwidth_shares(plan, layout(8, 1, 16)).pipeline == pytest.approx(2 / 3)


def test_a_ring_leaves_each_rack_once() -> None:
    # Rings over 8 nodes with one rank each: one hop of two in every rack leaves it, by 8 ranks over a third of 16.
    plan = cluster(8, **LEAF_SPINE, leaf_oversubscription=3.0)
    assert bandwidth_shares(plan, layout(8, 8)).data == pytest.approx(16 / 3 / 8)


def test_a_ring_uses_the_interfaces_of_all_its_ranks() -> None:
    # One ring over 4 nodes of 8 ranks each: where it leaves its rack, 8 ranks share the uplinks of 16.
    plan = cluster(4, **LEAF_SPINE, leaf_oversubscription=3.0)
    assert bandwidth_shares(plan, layout(1, 32)).data == pytest.approx(16 / 3 / 8)


def test_a_ring_with_many_interfaces_waits_for_a_slow_scale_up_link() -> None:
    # Eight interfaces carry 400 GB/s, scale-up links 450 GB/s when whole and 225 GB/s at half.
    plan = cluster(4, kind="fat_tree", degraded=({"switch": "nvlink-1", "bandwidth": "50 %"},))
    assert bandwidth_shares(plan, layout(1, 32)).data == pytest.approx(225 / 400)
    # with one rank a node the interface of 50 GB/s is all it needs
    assert bandwidth_shares(plan, layout(8, 4)).data == 1.0


def test_an_exchange_leaves_on_the_rail_of_its_destination() -> None:
    whole = cluster(8, kind="fat_tree", rails=8, nodes_per_leaf=4)
    loads = link_loads(whole, layout(1, 64, expert=64), "expert")
    assert loads.share.tolist() == [1.0]
    ports = loads.topology.ports
    assert loads.demand_bytes_s[ports] == pytest.approx(50e9)
    # Half of the destinations lie behind the spines, in proportion 32 of 56.
    leaf_up = loads.demand_bytes_s[np.array(loads.topology.tiers) == "spine", 0].sum()
    assert leaf_up == pytest.approx(64 * 50e9 * 32 / 56)


def test_an_exchange_crosses_the_uplinks_with_most_of_its_bytes() -> None:
    # EP 32 over 4 nodes, TP 1: of 24 partners in other nodes 16 sit in other racks.
    plan = cluster(4, **LEAF_SPINE, leaf_oversubscription=3.0)
    loads = link_loads(plan, layout(1, 32, expert=32), "expert")
    assert loads.share == pytest.approx([1 / 3 / (16 / 24)])


def test_a_dead_spine_takes_its_part() -> None:
    plan = cluster(8, **LEAF_SPINE, degraded=down(switch="spine-2"))
    assert bandwidth_shares(plan, layout(8, 2, 4)).pipeline == pytest.approx(3 / 4)
    assert bandwidth_shares(plan, layout(8, 2, 4)).data == 1.0  # rings of two nodes stay in their rack


def test_a_slow_cable_under_hashing_is_worse_than_a_dead_one() -> None:
    slow, dead = (
        cluster(
            8, **LEAF_SPINE, routing="ecmp", queue_pairs=10_000, degraded=({"switch": "spine-2", "bandwidth": left},)
        )
        for left in (0.1, 0.0)
    )
    shape = layout(8, 2, 4)
    assert bandwidth_shares(slow, shape).pipeline == pytest.approx(0.1, rel=0.05)
    assert bandwidth_shares(dead, shape).pipeline == pytest.approx(3 / 4, rel=0.05)


def test_hash_collisions_cost_bandwidth_and_more_queue_pairs_win_it_back() -> None:
    shape = layout(8, 2, 4)
    shares = [
        bandwidth_shares(cluster(8, **LEAF_SPINE, routing="ecmp", queue_pairs=number), shape).pipeline
        for number in (1, 16, 4096)
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.75
    assert shares[-1] > 0.9


def test_relative_to_the_healthy_network_for_a_clos() -> None:
    fabric = {"nodes_per_rack": 1, "nodes_per_pod": 2, "oversubscription": 4.0, "spines_per_pod": 4}
    assert bandwidth_shares(cluster(8, **fabric), layout(8, 1, 8)) == WHOLE
    one_down = bandwidth_shares(cluster(8, **fabric, degraded=down(switch="core-0")), layout(8, 1, 8))
    assert one_down.pipeline == pytest.approx(3 / 4)
    assert bandwidth_shares(cluster(8, **fabric, routing="ecmp"), layout(8, 1, 8)).pipeline < 1.0


def test_a_broken_interface_is_replaced_by_another_rail() -> None:
    fabric = {"kind": "fat_tree", "rails": 8, "nodes_per_leaf": 4}
    plan = cluster(4, **fabric, degraded=down(link="node-1/leaf-3"))
    # Two rails share one interface of node 1: rings through it get half.
    loads = link_loads(plan, layout(8, 4), "data")
    assert build_topology(plan).vertices[build_topology(plan).ends[loads.busiest_link, 0]] == "node-1"
    assert loads.share[loads.slowest_group] == 0.5
    assert sorted(loads.share.tolist()) == pytest.approx([0.5, 0.5] + [1.0] * 6)


def test_a_slow_scale_up_link_binds_what_stays_inside() -> None:
    plan = cluster(4, kind="fat_tree", degraded=({"switch": "nvlink-2", "bandwidth": "50 %"},))
    shares = bandwidth_shares(plan, layout(8, 4))
    assert (shares.tensor, shares.data) == (0.5, 1.0)
    assert link_loads(plan, layout(8, 4), "tensor").share.tolist() == [1.0, 1.0, 0.5, 1.0]


def test_a_slow_interface_slows_the_replicas_of_its_own_stage() -> None:
    slow = ({"link": "node4/leaf", "bandwidth": "25 %"},)
    text = "from,to,bandwidth\n" + "".join(f"node{number},leaf,400 Gbps\n" for number in range(1, 5))
    plan = cluster(4, gpus=1, nics=1, kind="graph", file="links.csv", text=text, degraded=slow)
    shares = bandwidth_shares(plan, layout(1, 2, 2))
    assert (shares.data, shares.data_stages) == (pytest.approx(0.25), pytest.approx((0.25, 1.0)))
    # With replicas outermost each stage has a host on either half.
    assert bandwidth_shares(plan, layout(1, 2, 2, rank_order="tp-cp-pp-dp")).data_stages == pytest.approx((0.25, 1.0))
    assert bandwidth_shares(plan, layout(1, 4)).data_stages == ()


def test_what_a_fault_frees_is_not_handed_on() -> None:
    # a -> b spreads over m1 and m2, c -> d shares m1's uplink; without s-m1 that uplink is c's alone.
    text = """from,to,bandwidth
node1,s,400 Gbps
node2,m1,400 Gbps
node3,t,400 Gbps
node4,t,400 Gbps
s,m1,400 Gbps
s,m2,400 Gbps
m1,t,400 Gbps
m2,t,400 Gbps
"""
    graph = {"gpus": 1, "nics": 1, "kind": "graph", "file": "links.csv", "text": text}
    shape = layout(1, 2, 2)
    whole = link_loads(cluster(4, **graph), shape, "pipeline")
    broken = link_loads(cluster(4, **graph, degraded=down(link="s/m1")), shape, "pipeline")
    assert whole.share == pytest.approx([1 / 1.5, 1 / 1.5])
    assert broken.share == pytest.approx([1 / 1.5, 1 / 1.5])


def test_sites_far_apart_add_latency_and_share_one_link() -> None:
    sites = ({"name": "a", "nodes": 4}, {"name": "b", "nodes": 4})
    plan = cluster(8, kind="datacentres", sites=sites, bandwidth="800 Gbps", round_trip="20 ms")
    shares = bandwidth_shares(plan, layout(8, 1, 8))
    # Eight ranks of stage 4 send over the long link of two interfaces.
    assert shares.pipeline == pytest.approx(2 / 8)
    assert (shares.pipeline_latency_s, shares.data_latency_s, shares.tensor_latency_s) == (
        pytest.approx(0.01),
        0.0,
        0.0,
    )


TPU: dict[str, Any] = {"gpus": 4, "nics": 4, "domain": 4096, "kind": "torus"}


def test_a_ring_in_a_torus_uses_the_links_of_its_dimension() -> None:
    plan = cluster(16, **TPU, shape=(4, 4, 4), link_bandwidth="50 GB/s")
    # Scale-up bandwidth of the chip is 450 GB/s; a ring along one dimension has two links of 50 GB/s.
    shares = bandwidth_shares(plan, layout(4, 16))
    assert shares.tensor == pytest.approx(100 / 450)
    # Replicas fill two whole dimensions: four links.
    assert shares.data == pytest.approx(200 / 450)
    assert bandwidth_shares(plan, layout(1, 64)).data == pytest.approx(300 / 450)


def test_without_wraparound_a_ring_comes_back_the_way_it_went() -> None:
    plan = cluster(4, **TPU, shape=(4, 4), link_bandwidth="50 GB/s", wraparound=False)
    # Both ways carry half a step and half of the closing one.
    assert bandwidth_shares(plan, layout(4, 4)).tensor == pytest.approx(50 / 450)


def test_a_dead_link_in_a_torus_sends_its_row_the_other_way() -> None:
    plan = cluster(4, **TPU, shape=(4, 4), link_bandwidth="50 GB/s", degraded=down(link="chip-1/chip-2"))
    loads = link_loads(plan, layout(4, 4), "tensor")
    assert loads.share == pytest.approx([50 / 450] + [100 / 450] * 3)
    line = {**TPU, "shape": (4, 4), "link_bandwidth": "50 GB/s", "wraparound": False}
    with pytest.raises(FabricError, match=r"cluster.fabric.degraded: .* no way from chip-\d to chip-\d"):
        bandwidth_shares(cluster(4, **line, degraded=down(link="chip-1/chip-2")), layout(4, 4))


def test_a_job_cut_in_two_is_an_error_that_names_the_cut() -> None:
    plan = cluster(4, **LEAF_SPINE, degraded=down(switch="spine-*"))
    with pytest.raises(FabricError, match=r"cluster.fabric.degraded: .* no way from leaf-0 to leaf-1"):
        bandwidth_shares(plan, layout(8, 4))
    with pytest.raises(FabricError, match="takes 64 GPUs, but the cluster has 32"):
        bandwidth_shares(cluster(4, **LEAF_SPINE), layout(8, 8))


def test_problems_of_a_fabric_and_of_jobs_on_it() -> None:
    assert fabric_problems(cluster(4), [layout(8, 4)]) == []
    assert fabric_problems(cluster(4, **LEAF_SPINE), [layout(8, 4)]) == []
    cut = cluster(4, **LEAF_SPINE, degraded=down(switch="spine-*"))
    found = fabric_problems(cut, [layout(8, 4), layout(8, 2), layout(8, 4)])
    assert [path for path, _ in found] == ["cluster.fabric.degraded"]
    assert fabric_problems(cluster(4, rails=3), [layout(8, 4)])[0][0] == "cluster.fabric.rails"


def test_groups_of_a_dragonfly_take_detours() -> None:
    fabric = {"kind": "dragonfly_plus", "nodes_per_rack": 2, "leaves_per_group": 2, "spines_per_group": 2}
    # Five groups of 32 GPUs; the stages are groups, so each sends to one other only. The direct link has a quarter of
    # the bandwidth; with detours every rank takes two of the long links, of which there is one a rank: half.
    shape = layout(8, 4, 5, virtual_pipeline=2)
    assert bandwidth_shares(cluster(20, **fabric), shape).pipeline == pytest.approx(1 / 2)
    assert bandwidth_shares(cluster(20, **fabric, routing="ecmp", queue_pairs=10**6), shape).pipeline == pytest.approx(
        1 / 4, rel=0.05
    )


SIZES = st.tuples(st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2]), st.sampled_from([1, 2, 4]), st.integers(1, 8))
LAYOUTS = st.builds(
    lambda sizes, order, expert: layout(
        sizes[0],
        sizes[3],
        sizes[2],
        sizes[1],
        min(expert, sizes[1] * sizes[3]) if sizes[3] % expert == 0 else 1,
        rank_order=order,
    ),
    SIZES,
    st.sampled_from(["tp-cp-dp-pp", "tp-cp-pp-dp"]),
    st.sampled_from([1, 2, 4]),
).filter(lambda made: made.gpus <= 128)

FABRICS = st.sampled_from(
    [
        LEAF_SPINE,
        {**LEAF_SPINE, "leaf_oversubscription": 2.0},
        {
            "kind": "fat_tree",
            "nodes_per_rack": 1,
            "nodes_per_pod": 4,
            "spine_oversubscription": 2.0,
            "spines_per_pod": 4,
        },
        {"kind": "fat_tree", "rails": 4, "nodes_per_leaf": 4, "spines_per_pod": 2},
        {"kind": "dragonfly_plus", "nodes_per_rack": 2, "leaves_per_group": 2, "spines_per_group": 2},
    ]
)


def crossing(plan: Cluster, shape: Layout, dimension: Dimension, groups: Any, link: tuple[str, str]) -> set[int]:
    """Groups whose messages have a shortest way over a link, by networkx."""
    topology = build_topology(plan)
    graph = topology.graph.copy()
    graph.remove_nodes_from([f"nvlink-{index}" for index in range(plan.nodes)])
    hops = {end: nx.single_source_shortest_path_length(graph, end) for end in link}
    messages = messages_between_domains(Grid.of(shape), dimension, groups, 8, 8)
    hit = set()
    for group, source, target in zip(messages.group, messages.sources, messages.destinations, strict=True):
        rail = int(target) % 8 * topology.ports.shape[1] // 8
        one, other = (
            topology.vertices[topology.ends[topology.ports[int(rank) // 8, rail], 1]] for rank in (source, target)
        )
        if one == other:
            continue
        inner = graph.subgraph([n for n in graph if graph.nodes[n]["tier"] != "node"])
        whole = nx.shortest_path_length(inner, one, other)
        ways = [hops[link[a]].get(one, 99) + 1 + hops[link[b]].get(other, 99) for a, b in ((0, 1), (1, 0))]
        if min(ways) == whole:
            hit.add(int(group))
    return hit


@settings(max_examples=40, deadline=None)
@given(fabric=FABRICS, shape=LAYOUTS, dimension=st.sampled_from(DIMENSIONS), data=st.data())
def test_a_degraded_link_slows_only_the_groups_that_cross_it(
    fabric: dict[str, Any], shape: Layout, dimension: Dimension, data: st.DataObject
) -> None:
    # hashed traffic of so many connections spreads evenly, so the slow link is taken like any other
    fabric = {**fabric, "routing": "ecmp", "queue_pairs": 10**9}
    whole = cluster(16, **fabric)
    topology = build_topology(whole)
    between = [link for link, tier in enumerate(topology.tiers) if tier in ("spine", "core")]
    name = topology.link_name(data.draw(st.sampled_from(between)))
    broken = cluster(16, **fabric, degraded=({"link": name, "bandwidth": 0.001},))
    before, after = link_loads(whole, shape, dimension), link_loads(broken, shape, dimension)
    low, high = name.split("/")
    slower = set(np.flatnonzero(after.share < before.share * (1 - 1e-3)).tolist())
    assert slower == crossing(whole, shape, dimension, before.groups, (low, high))
    assert (after.share <= before.share).all()


@settings(max_examples=40, deadline=None)
@given(
    fabric=FABRICS,
    shape=LAYOUTS,
    routing=st.sampled_from(["adaptive", "ecmp"]),
    left=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=3, unique=True),
    what=st.sampled_from(["spine-0", "leaf-1", "nvlink-0", "node-1"]),
)
def test_more_bandwidth_never_slows(
    fabric: dict[str, Any], shape: Layout, routing: str, left: list[float], what: str
) -> None:
    shares = [
        bandwidth_shares(cluster(16, **fabric, routing=routing, degraded=({"switch": what, "bandwidth": one},)), shape)
        for one in sorted(left)
    ]
    shares.append(bandwidth_shares(cluster(16, **fabric, routing=routing), shape))
    for less, more in pairwise(shares):
        for dimension in DIMENSIONS:
            assert 0.0 < getattr(less, dimension) <= getattr(more, dimension) + 1e-9 <= 1.0 + 1e-9


@settings(max_examples=30, deadline=None)
@given(fabric=FABRICS, shape=LAYOUTS, spine=st.integers(0, 1))
def test_a_missing_spine_never_helps(fabric: dict[str, Any], shape: Layout, spine: int) -> None:
    assume(fabric.get("spines_per_group") != 2 or spine == 0)
    whole = bandwidth_shares(cluster(16, **fabric), shape)
    broken = bandwidth_shares(cluster(16, **fabric, degraded=down(switch=f"spine-{spine}")), shape)
    for dimension in DIMENSIONS:
        assert getattr(broken, dimension) <= getattr(whole, dimension)


# --- nodes of the job that sit elsewhere ------------------------------------------------------------------------------

PODS = {"kind": "clos", "nodes_per_pod": 4, "oversubscription": 4.0}
"""All that leaves a pod of four nodes is what one of them sends."""
KEPT, SORTED = (0, 8, 2, 3, 4, 5, 6, 7), (0, 2, 3, 4, 5, 6, 7, 8)
"""Node 1 is missing and node 8, in a third pod, is in its place; or at the end of the order."""


@pytest.mark.parametrize(
    ("seats", "share"),
    [((), 1.0), (KEPT, 1 / 2), (SORTED, 1.0), ((0, 8, 9, 3, 4, 5, 6, 7), 1 / 2), ((0, 8, 2, 3, 9, 5, 10, 7), 1 / 3)],
)
def test_a_node_in_another_pod_takes_its_rings_there_and_back(seats: tuple[int, ...], share: float) -> None:
    """A ring leaves its pod once on its way round, and once more for a guest; from three guests apart three times."""
    assert bandwidth_shares(cluster(12, **PODS), layout(8, 8), seats).data == pytest.approx(share)


def test_full_bisection_does_not_care_where_nodes_are() -> None:
    plan = cluster(12, **PODS | {"oversubscription": 1.0})
    for whole in (layout(8, 8), layout(1, 64, expert=64), layout(8, 2, 4)):
        assert bandwidth_shares(plan, whole, KEPT) == WHOLE


def test_a_node_at_another_site_makes_its_groups_wait_for_the_light() -> None:
    sites = tuple({"name": name, "nodes": 8} for name in ("here", "there"))
    plan = cluster(16, kind="datacentres", sites=sites, bandwidth="100 Gbps", round_trip="10 ms")
    shares = bandwidth_shares(plan, layout(8, 8), KEPT)
    assert shares.data_latency_s == pytest.approx(5e-3)
    assert shares.data == pytest.approx(1 / 32), "100 Gbit/s for eight rings of 400 Gbit/s"
    assert bandwidth_shares(plan, layout(8, 8)) == WHOLE


@settings(deadline=None, max_examples=30)
@given(
    oversubscription=st.sampled_from([1.0, 2.0, 4.0, 8.0]),
    shape=st.sampled_from([(8, 8, 1), (8, 2, 4), (4, 16, 1), (1, 64, 1)]),
    kind=st.sampled_from([{"kind": "clos"}, {"kind": "clos", "routing": "ecmp"}, {"kind": "clos", "rails": 4}]),
    order=st.sampled_from(["tp-cp-dp-pp", "tp-cp-pp-dp"]),
)
def test_the_first_nodes_in_order_are_where_the_job_sits(
    oversubscription: float, shape: tuple[int, int, int], kind: dict[str, Any], order: str
) -> None:
    """Seats that are the first nodes change nothing, and another whole pod is as good as the first."""
    plan = cluster(16, **PODS | kind | {"oversubscription": oversubscription})
    whole = layout(*shape, rank_order=order)
    usual = bandwidth_shares(plan, whole)
    assert bandwidth_shares(plan, whole, tuple(range(8))) == usual
    if kind.get("routing") != "ecmp":
        assert bandwidth_shares(plan, whole, tuple(range(8, 16))) == usual
