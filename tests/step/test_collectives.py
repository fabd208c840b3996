"""Collectives against the bounds that no schedule beats, and hand-computed latencies."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.hardware.fabric import Fabric, Link
from clustersim.hardware.placement import place_group
from clustersim.step.collectives import all_gather_s, all_reduce_s, all_to_all_s, reduce_scatter_s, send_s

FABRIC = Fabric(Link(360e9, 1.5e-6), Link(42.5e9, 6e-6), 1.0, 8, 8192)

RANKS = st.integers(2, 2048)
STRIDES = st.sampled_from([1, 2, 4, 8, 64])
SIZES = st.floats(1.0, 1e12)


def test_all_gather_inside_a_node_by_hand() -> None:
    # 7/8 of 8 GB at 360 GB/s, and seven hops of 1.5 us.
    assert all_gather_s(8e9, place_group(FABRIC, 8, 1)) == pytest.approx(7e9 / 360e9 + 7 * 1.5e-6)


def test_all_reduce_takes_the_tree_when_small_and_wide() -> None:
    place = place_group(FABRIC, 1024, 8)
    small = all_reduce_s(8.0, place)
    assert small == pytest.approx(2 * 10 * 6e-6, rel=1e-3)
    assert small < 2 * 1023 * 6e-6


def test_single_rank_has_nothing_to_say() -> None:
    place = place_group(FABRIC, 1, 8)
    assert all_gather_s(1e9, place) == all_reduce_s(1e9, place) == all_to_all_s(1e9, place) == 0.0


def test_send_is_latency_and_bandwidth() -> None:
    assert send_s(42.5e6, FABRIC.scale_out) == pytest.approx(1e-3 + 6e-6)


def test_exchange_across_nodes_is_bound_by_the_interface() -> None:
    # 64 ranks on 8 nodes: 56/64 of the bytes leave the node through one interface a GPU.
    expected = 1e9 * 56 / 64 / 42.5e9 + 6 * 6e-6
    assert all_to_all_s(1e9, place_group(FABRIC, 64, 1)) == pytest.approx(expected)


def test_exchange_between_pods_pays_oversubscription_in_full() -> None:
    narrow = Fabric(FABRIC.scale_up, FABRIC.scale_out, 4.0, 8, 32)
    place = place_group(narrow, 64, 1)
    assert all_to_all_s(1e12, place) / all_to_all_s(1e12, place_group(FABRIC, 64, 1)) == pytest.approx(4.0, rel=1e-3)


@given(ranks=RANKS, stride=STRIDES, size=SIZES)
def test_ring_lower_bounds(ranks: int, stride: int, size: float) -> None:
    place = place_group(FABRIC, ranks, stride)
    bound = size * (ranks - 1) / ranks / place.ring_bandwidth_bytes_s
    assert all_gather_s(size, place) >= bound
    assert reduce_scatter_s(size, place) == all_gather_s(size, place)
    assert all_reduce_s(size, place) >= 2 * bound
    assert all_reduce_s(size, place) <= all_gather_s(size, place) + reduce_scatter_s(size, place) + 1e-12


@given(ranks=RANKS, stride=STRIDES, size=SIZES, factor=st.floats(1.0, 10.0))
def test_more_bandwidth_never_slows(ranks: int, stride: int, size: float, factor: float) -> None:
    faster = Fabric(
        Link(FABRIC.scale_up.bandwidth_bytes_s * factor, 1.5e-6),
        Link(FABRIC.scale_out.bandwidth_bytes_s * factor, 6e-6),
        1.0,
        8,
        8192,
    )
    for collective in (all_gather_s, all_reduce_s, all_to_all_s):
        slow = collective(size, place_group(FABRIC, ranks, stride))
        assert collective(size, place_group(faster, ranks, stride)) <= slow * (1 + 1e-12)


@given(ranks=RANKS, size=SIZES)
def test_all_to_all_costs_no_more_than_sending_everything_out(ranks: int, size: float) -> None:
    place = place_group(FABRIC, ranks, 1)
    limit = size / FABRIC.scale_out.bandwidth_bytes_s + 6e-6 * math.log2(ranks)
    assert all_to_all_s(size, place) <= limit + 1e-12
