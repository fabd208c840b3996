"""How traffic spreads: conserved at every switch, evenly over equal ways, and as hashes collide."""

from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustersim.hardware.topology.build import build_topology
from clustersim.hardware.topology.routes import Routes
from clustersim.hardware.topology.spread import CutOffError, Flows, _draw, spread
from clustersim.hardware.topology.topology import Topology
from tests.hardware.fabrics import cluster

FABRICS: tuple[dict[str, Any], ...] = (
    {"nodes_per_rack": 2},
    {"nodes_per_rack": 1, "nodes_per_pod": 4, "oversubscription": 3.0},
    {"rails": 4, "nodes_per_leaf": 4, "nodes_per_pod": 8},
    {"kind": "fat_tree", "nodes_per_rack": 2, "nodes_per_pod": 6, "leaf_oversubscription": 2.0},
    {"kind": "dragonfly_plus", "nodes_per_rack": 2, "leaves_per_group": 2, "spines_per_group": 2},
    {
        "kind": "datacentres",
        "sites": ({"name": "a", "nodes": 7, "fabric": {"nodes_per_rack": 2}}, {"name": "b", "nodes": 5}),
        "bandwidth": "1 Tbps",
        "round_trip": "10 ms",
    },
)


def leaves(topology: Topology) -> list[int]:
    return [vertex for vertex, row in enumerate(topology.rows) if row == "leaf"]


def flows(topology: Topology, pairs: list[tuple[int, int, float]]) -> Flows:
    ends = leaves(topology)
    columns = [(ends[one % len(ends)], ends[other % len(ends)], amount) for one, other, amount in pairs]
    sources, targets, amounts = (np.array(column) for column in zip(*columns, strict=True))
    return Flows(sources, targets, amounts.astype(float), np.full(len(pairs), 3, dtype=np.int64))


def switches(topology: Topology) -> Any:
    graph = topology.graph.copy()
    graph.remove_nodes_from(
        [n for n, r in zip(topology.vertices, topology.rows, strict=True) if r in ("node", "scale_up")]
    )
    graph.remove_edges_from([(a, b) for a, b, d in graph.edges(data=True) if d["bandwidth_bytes_s"] == 0.0])
    return graph


PAIRS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.floats(0.1, 10.0)), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(fabric=st.sampled_from(FABRICS), pairs=PAIRS, seed=st.none() | st.integers(0, 9), by_hash=st.booleans())
def test_loads_sum_to_traffic_times_hops(
    fabric: dict[str, Any], pairs: list[tuple[int, int, float]], seed: int | None, by_hash: bool
) -> None:
    topology = build_topology(cluster(12, **fabric))
    traffic = flows(topology, pairs)
    rng = None if seed is None else np.random.default_rng(seed)
    found = spread(Routes(topology, by_hash or rng is not None), traffic, rng)
    hops = dict(nx.all_pairs_shortest_path_length(switches(topology)))
    names = topology.vertices
    each = [hops[names[one]][names[other]] for one, other in zip(traffic.sources, traffic.destinations, strict=True)]
    assert found.loads.sum() == pytest.approx(float(np.dot(traffic.amounts, each)))


@settings(max_examples=30, deadline=None)
@given(fabric=st.sampled_from(FABRICS), pairs=PAIRS, seed=st.none() | st.integers(0, 9))
def test_traffic_is_conserved_at_every_switch(
    fabric: dict[str, Any], pairs: list[tuple[int, int, float]], seed: int | None
) -> None:
    topology = build_topology(cluster(12, **fabric))
    traffic = flows(topology, pairs)
    found = spread(Routes(topology, True), traffic, None if seed is None else np.random.default_rng(seed))
    size = len(topology.vertices)
    up, down = found.loads[0::2], found.loads[1::2]
    low, high = topology.ends.T
    into = (
        np.bincount(high, up, size) + np.bincount(low, down, size) + np.bincount(traffic.sources, traffic.amounts, size)
    )
    out = np.bincount(low, up, size) + np.bincount(high, down, size)
    out += np.bincount(traffic.destinations, traffic.amounts, size)
    assert into == pytest.approx(out)


def test_traffic_takes_all_shortest_ways_of_networkx_evenly() -> None:
    topology = build_topology(cluster(12, nodes_per_rack=1, nodes_per_pod=4, oversubscription=3.0))
    found = spread(Routes(topology, True), flows(topology, [(0, 9, 6.0)]))
    graph = switches(topology)
    ways = list(nx.all_shortest_paths(graph, "leaf-0", "leaf-9"))
    expected = np.zeros(2 * topology.links)
    for way in ways:
        for one, other in pairwise(way):
            link = topology.link_between(one, other)
            forward = topology.vertices[topology.ends[link, 0]] == one
            expected[2 * link + (not forward)] += 6.0 / len(ways)
    assert found.loads == pytest.approx(expected)


def test_a_degraded_way_gets_its_share_and_hashes_do_not_know() -> None:
    faults = ({"link": "leaf-1/spine-0", "bandwidth": "50 %"},)
    topology = build_topology(cluster(4, nodes_per_rack=2, spines_per_pod=4, degraded=faults))
    onto = [2 * topology.link_between("leaf-0", f"spine-{spine}") for spine in range(4)]
    adaptive = spread(Routes(topology, False), flows(topology, [(0, 1, 7.0)])).loads[onto]
    assert adaptive == pytest.approx([1.0, 2.0, 2.0, 2.0])
    hashed = spread(Routes(topology, True), flows(topology, [(0, 1, 7.0)])).loads[onto]
    assert hashed == pytest.approx([1.75] * 4)


def test_a_missing_spine_is_left_out_and_the_last_one_cuts_off() -> None:
    topology = build_topology(cluster(4, nodes_per_rack=2, degraded=({"switch": "spine-0", "bandwidth": 0.0},)))
    found = spread(Routes(topology, True), flows(topology, [(0, 1, 1.0)]))
    assert found.loads[2 * topology.link_between("leaf-0", "spine-1")] == pytest.approx(1.0)
    cut = build_topology(cluster(4, nodes_per_rack=2, degraded=({"switch": "spine-*", "bandwidth": 0.0},)))
    with pytest.raises(CutOffError):
        spread(Routes(cut, True), flows(cut, [(0, 1, 1.0)]))


def test_connections_over_equal_ways_collide_like_balls_in_bins() -> None:
    # Four balls in four bins: the fullest holds 1, 2, 3, 4 with chances 24, 180, 48, 4 of 256, hence 2.125 on average.
    rng, number = np.random.default_rng(1), 4000
    drawn = _draw(rng, np.full(number, 4), np.repeat(np.arange(number), 4), np.full(4 * number, 0.25))
    fullest = drawn.reshape(number, 4).max(axis=1)
    spread_of_one = np.sqrt((24 * 1 + 180 * 4 + 48 * 9 + 4 * 16) / 256 - 2.125**2)
    assert fullest.mean() == pytest.approx(2.125, abs=4 * spread_of_one / np.sqrt(number))
    assert (drawn.reshape(number, 4).sum(axis=1) == 4).all()


def test_classes_of_destinations_are_few() -> None:
    # 2,048 nodes, 256 leaves: all leaves of a pod are wired alike, and so are a pod's spines up to their core.
    topology = build_topology(cluster(2048, nodes_per_rack=8, nodes_per_pod=256))
    routes = Routes(topology, False)
    ends = np.array(leaves(topology))
    assert len(set(routes.classes[ends].tolist())) == 8
    broken = build_topology(
        cluster(2048, nodes_per_rack=8, nodes_per_pod=256, degraded=({"link": "leaf-3/spine-1", "bandwidth": 0.5},))
    )
    assert len(set(Routes(broken, False).classes[ends].tolist())) == 9


FAULTS = st.lists(
    st.tuples(st.sampled_from(["spine-0", "leaf-1", "leaf-2"]), st.sampled_from([0.0, 0.3, 1.0])), max_size=2
)


@settings(max_examples=40, deadline=None)
@given(fabric=st.sampled_from(FABRICS[:5]), pairs=PAIRS, faults=FAULTS, link=st.integers(0, 10**6))
def test_a_flow_gets_the_least_of_all_its_shortest_ways(
    fabric: dict[str, Any], pairs: list[tuple[int, int, float]], faults: list[tuple[str, float]], link: int
) -> None:
    whole = build_topology(cluster(12, **fabric))
    between = [index for index, tier in enumerate(whole.tiers) if tier in ("spine", "core", "global")]
    degraded = [{"switch": name, "bandwidth": left} for name, left in faults]
    degraded.append({"link": whole.link_name(between[link % len(between)]), "bandwidth": 0.0})
    topology = build_topology(cluster(12, **fabric, degraded=tuple(degraded)))
    graph, names = switches(topology), topology.vertices
    traffic = flows(topology, pairs)
    asked = list(zip(traffic.sources.tolist(), traffic.destinations.tolist(), strict=True))
    routes = Routes(topology, True)
    if not all(nx.has_path(graph, names[one], names[other]) for one, other in asked):
        with pytest.raises(CutOffError):
            spread(routes, traffic)
        return
    found = spread(routes, traffic)
    rng = np.random.default_rng(link)
    rates, late = rng.uniform(0.1, 1.0, 2 * topology.links), rng.uniform(0.0, 1.0, 2 * topology.links)
    least, longest, loads = [], [], np.zeros(2 * topology.links)
    for (one, other), amount in zip(asked, traffic.amounts, strict=True):
        ways = [steps_of(topology, way) for way in nx.all_shortest_paths(graph, names[one], names[other])]
        least.append(min((rates[step] for way in ways for step in way), default=1.0))
        longest.append(max(sum(late[step] for step in way) for way in ways))
        for way, share in zip(ways, shares_of(topology, ways), strict=True):
            loads[way] += amount * share
    assert found.narrowest(rates) == pytest.approx(least)
    assert found.longest_s(late) == pytest.approx(longest)
    assert found.loads == pytest.approx(loads)


def steps_of(topology: Topology, way: list[str]) -> list[int]:
    links = [topology.link_between(one, other) for one, other in pairwise(way)]
    return [
        2 * link + (topology.vertices[topology.ends[link, 0]] != one) for link, one in zip(links, way, strict=False)
    ]


def shares_of(topology: Topology, ways: list[list[int]]) -> list[float]:
    """Share of each way if every switch spreads over the cables of its next links."""
    shares = []
    for way in ways:
        share = 1.0
        for hop, step in enumerate(way):
            onward = {other[hop] for other in ways if other[:hop] == way[:hop]}
            share *= topology.cables[step // 2] / sum(int(topology.cables[other // 2]) for other in onward)
        shares.append(share)
    return shares
