"""Ways through a torus and over third groups of a dragonfly."""

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustersim.hardware.topology.build import build_topology
from clustersim.hardware.topology.detours import detoured, rates_with_detours
from clustersim.hardware.topology.groups import Messages
from clustersim.hardware.topology.topology import Topology
from clustersim.hardware.topology.torus_loads import TorusWays, rings_along_axes
from tests.hardware.fabrics import cluster, down

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)


def torus(shape: tuple[int, ...], **more: Any) -> Topology:
    chips = int(np.prod(shape))
    fabric = {"kind": "torus", "shape": shape, "link_bandwidth": "50 GB/s", **more}
    return build_topology(cluster(chips, gpus=1, nics=1, domain=chips, **fabric))


def loads(topology: Topology, messages: Messages) -> Any:
    found = np.zeros(2 * topology.links)
    for index, steps, share in TorusWays(topology).walk(messages):
        assert (steps >= 0).all()
        found += np.bincount(steps, messages.amounts[index] * share, len(found))
    return found


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, wraparound=st.booleans(), data=st.data())
def test_messages_take_shortest_ways_and_arrive(shape: tuple[int, ...], wraparound: bool, data: st.DataObject) -> None:
    topology = torus(shape, wraparound=wraparound)
    chips = len(topology.vertices)
    ends = data.draw(
        st.lists(st.tuples(*[st.integers(0, chips - 1)] * 2, st.floats(0.1, 5.0)), min_size=1, max_size=20)
    )
    sources, targets, amounts = (np.array(column) for column in zip(*ends, strict=True))
    found = loads(topology, Messages(np.arange(len(ends)), sources, targets, amounts))
    hops = dict(nx.all_pairs_shortest_path_length(topology.graph))
    each = [hops[f"chip-{one}"][f"chip-{other}"] for one, other in zip(sources, targets, strict=True)]
    assert found.sum() == pytest.approx(float(np.dot(amounts, each)))
    low, high = topology.ends.T
    net = np.bincount(low, found[1::2] - found[0::2], chips) + np.bincount(high, found[0::2] - found[1::2], chips)
    assert net == pytest.approx(np.bincount(targets, amounts, chips) - np.bincount(sources, amounts, chips), abs=1e-9)


def test_both_ways_round_share_what_is_equally_far() -> None:
    found = loads(torus((4,)), Messages(np.array([0]), np.array([0]), np.array([2]), np.array([1.0])))
    assert found.tolist() == [0.5, 0.0, 0.5, 0.0, 0.0, 0.5, 0.0, 0.5]


def test_nothing_crosses_a_dead_link() -> None:
    topology = torus((5, 3), degraded=down(link="chip-0/chip-1"))
    found = loads(topology, Messages(np.array([0]), np.array([0]), np.array([6]), np.array([1.0])))
    dead = topology.link_between("chip-0", "chip-1")
    assert found[2 * dead] == found[2 * dead + 1] == 0.0
    assert found.sum() == pytest.approx(4 + 1)


@pytest.mark.parametrize(
    ("groups", "busy"),
    [
        # a row of four: each link carries half a message each way
        ([[0, 1, 2, 3]], {"x": 0.5, "y": 0.0}),
        # the whole plane: half of that along each dimension
        ([list(range(16))], {"x": 0.25, "y": 0.25}),
        # every second chip of a row: two links to the next one
        ([[0, 2]], {"x": 0.5, "y": 0.0}),
    ],
)
def test_rings_run_along_all_dimensions_of_a_group(groups: list[list[int]], busy: dict[str, float]) -> None:
    topology = torus((4, 4))
    found = loads(topology, rings_along_axes(np.array(groups), (4, 4)))
    along = {"x": found[:32], "y": found[32:]}
    assert {axis: float(part.max()) for axis, part in along.items()} == pytest.approx(busy)


def test_traffic_between_two_groups_spreads_over_a_third() -> None:
    fabric = {"kind": "dragonfly_plus", "nodes_per_rack": 1, "leaves_per_group": 1, "spines_per_group": 2}
    topology = build_topology(cluster(3, **fabric))
    direct = np.zeros(2 * topology.links)
    links = {
        pair: topology.link_between(*(f"spine-{2 * group}" for group in pair)) for pair in ((0, 1), (0, 2), (1, 2))
    }
    direct[2 * links[0, 1]] = 8.0
    around = detoured(topology, direct)
    assert around[2 * links[0, 1]] == around[2 * links[0, 2]] == around[2 * links[1, 2] + 1] == pytest.approx(4.0)
    assert around.sum() == pytest.approx(12.0)
    rates = np.ones(2 * topology.links)
    rates[2 * links[1, 2] + 1] = 0.25  # from group 2 to group 1
    assert rates_with_detours(topology, rates)[2 * links[0, 1]] == 0.25
    assert rates_with_detours(topology, rates)[2 * links[0, 1] + 1] == 1.0
    broken = build_topology(cluster(3, **fabric, degraded=down(link="spine-0/spine-4")))
    assert detoured(broken, direct)[2 * links[0, 1]] == pytest.approx(8.0)
