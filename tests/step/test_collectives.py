"""Collectives against the bounds that no schedule beats, hand-computed times, and the choice between algorithms."""

import math
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.hardware.fabric import Fabric, Link
from clustersim.hardware.placement import Place, place_group
from clustersim.hardware.rates import NetworkRates, PipelineFill, ScaleUpRates
from clustersim.step.collectives import (
    Allowed,
    Collective,
    NotPossible,
    all_gather_s,
    all_reduce_s,
    all_to_all_s,
    choose,
    reduce_scatter_s,
    schedules,
    send_s,
)
from clustersim.step.collectives.schedule import Schedule
from tests.executed import executed_lines

UP = ScaleUpRates(
    ring=0.8,
    tree=0.8,
    in_switch=0.6,
    exchange=0.75,
    low_latency=0.3,
    call_s=0.0,
    latency_scale=1.0,
    in_switch_latency_s=25e-6,
    fan_loss=0.0,
    rack_drive_bytes_s=math.inf,
    mesh_peers=0.0,
)
OUT = NetworkRates(
    ring=1.0,
    tree=1.0,
    exchange=0.8,
    low_latency=0.25,
    line128=0.9375,
    eager_scale=1.0,
    simple_scale=1.0,
    eager_growth=0.0,
    exchange_latency_s=5e-6,
)
FABRIC = Fabric(
    Link(360e9, 1.5e-6), Link(50e9, 6e-6), 1.0, 8, 8192, UP, OUT, PipelineFill(0.0, 0.0, 0.0, 0.0), rail_aligned=False
)
"""450 GB/s of link, 50 GB/s of network a GPU, and pipelines that fill for nothing: sums can be made by hand."""

FILLING = replace(FABRIC, fill=PipelineFill(0.1, 0.3, 0.4, 0.3), rail_aligned=True)

RANKS = st.integers(2, 2048)
STRIDES = st.sampled_from([1, 2, 4, 8, 64])
SIZES = st.floats(1.0, 1e12)
COLLECTIVES: tuple[Collective, ...] = get_args(Collective)


def one(collective: Collective, place: Place, algorithm: str, protocol: str = "Simple") -> Schedule:
    (found,) = schedules(collective, place, Allowed(algorithm, protocol))  # type: ignore[arg-type]
    return found


def test_ring_inside_a_node_by_hand() -> None:
    # 7/8 of 8 GB at 360 GB/s, a call of 8.4 us and seven hops of 3.4 us.
    place = place_group(FABRIC, 8, 1)
    ring = one("all_gather", place, "ring")
    assert ring.time_s(8e9) == pytest.approx(7e9 / 360e9 + 8.4e-6 + 7 * 3.4e-6)
    # LL reaches no more than 0.3 of 450 GB/s.
    assert one("all_gather", place, "ring", "LL").time_s(8e9) == pytest.approx(7e9 / 135e9 + 6.6e-6 + 7 * 0.6e-6)


def test_ring_over_nodes_by_hand() -> None:
    # 16 ranks on two nodes: 15/16 twice at min(360, 8 x 50); 30 hops, two of them between the nodes.
    ring = one("all_reduce", place_group(FABRIC, 16, 1), "ring")
    assert ring.time_s(16e9) == pytest.approx(30e9 / 360e9 + 8.4e-6 + 28 * 3.4e-6 + 2 * 14e-6)


def test_two_machines_under_gloo_gather_in_three_turns_instead_of_two() -> None:
    network = replace(OUT, tree=1e-9, low_latency=1e-9, line128=0.0)
    gloo, nccl = (replace(FABRIC, network_rates=network, gloo=gloo) for gloo in (True, False))
    size = 64e6
    gathers = [all_gather_s(size, place_group(fabric, 2, 8)) for fabric in (gloo, nccl)]
    assert gathers[0] - gathers[1] == pytest.approx(0.5 * 0.5 * size / 50e9)
    for ranks, stride in ((2, 1), (4, 8), (4, 4)):
        places = [place_group(fabric, ranks, stride) for fabric in (gloo, nccl)]
        assert all_gather_s(size, places[0]) == all_gather_s(size, places[1])
        assert reduce_scatter_s(size, places[0]) == all_reduce_s(size, places[1])


def test_tree_by_hand() -> None:
    # Two nodes exchange one vector at 400 GB/s; the chain inside carries it twice at 360 GB/s: the slower.
    two = one("all_reduce", place_group(FABRIC, 16, 1), "tree")
    assert two.time_s(16e9) == pytest.approx(32e9 / 360e9 + 8.4e-6 + 2 * (7 * 4e-6 + 14e-6))
    # One GPU on each of 64 nodes: two vectors at 50 GB/s, six levels up and down.
    wide = one("all_reduce", place_group(FABRIC, 64, 8), "tree")
    assert wide.time_s(1e9) == pytest.approx(2e9 / 50e9 + 8.4e-6 + 2 * 6 * 14e-6)


def test_in_switch_reduction_by_hand() -> None:
    # 9/8 of the vector at 0.6 x 450 GB/s, whatever the ring does.
    assert one("all_reduce", place_group(FABRIC, 8, 1), "nvls").time_s(8e9) == pytest.approx(9e9 / 270e9 + 25e-6)
    # Over four nodes two vectors leave each at 400 GB/s, slower than 9/8 at 270: two levels up and down.
    over_nodes = one("all_reduce", place_group(FABRIC, 32, 1), "nvls_tree")
    assert over_nodes.time_s(8e9) == pytest.approx(16e9 / 400e9 + 25e-6 + 4 * 20.9e-6)


@pytest.mark.parametrize(("gpus", "measured"), [(5, 414.2), (6, 435.6), (7, 460.0), (8, 473.1)])
def test_in_switch_bus_bandwidth_grows_with_the_group_as_measured(gpus: int, measured: float) -> None:
    # nccl-tests on H200, 8 GiB (ml-engineering, 2024): one link bandwidth explains all four.
    nvls = one("all_reduce", place_group(FABRIC, gpus, 1), "nvls")
    bus = 2 * (gpus - 1) / gpus / nvls.transfer_s_per_byte / 1e9 * (306.0 / 270.0)
    assert bus == pytest.approx(measured, rel=0.02)


def test_in_network_reduction_sends_one_vector_whatever_the_number_of_nodes() -> None:
    sharp = replace(FABRIC, in_network_reduction=True)
    few, many = (one("all_reduce", place_group(sharp, ranks, 8), "collnet") for ranks in (4, 512))
    assert few == many
    assert few.time_s(1e9) == pytest.approx(1e9 / 50e9 + 31e-6)
    with pytest.raises(NotPossible, match="no schedule collnet"):
        schedules("all_reduce", place_group(FABRIC, 4, 8), Allowed("collnet"))


def test_hierarchical_gather_is_there_when_asked_for() -> None:
    place = place_group(FABRIC, 64, 1)
    assert {item.algorithm for item in schedules("all_gather", place)} == {"ring"}
    two_level = one("all_gather", place, "hierarchical")
    # 7/8 at 360 GB/s inside, 7/8 at 400 GB/s between eight nodes; seven steps of each.
    assert two_level.time_s(8e9) == pytest.approx(7e9 / 360e9 + 8.4e-6 + 7 * (3.4e-6 + 14e-6))
    assert two_level.latency_s < one("all_gather", place, "ring").latency_s


def test_exchange_across_nodes_is_bound_by_the_interface() -> None:
    # 64 ranks on 8 nodes: 56/64 leave the node at 0.8 x 50 GB/s, 56 messages of 5 us, one step inside.
    expected = 1e9 * 56 / 64 / 40e9 + 8.4e-6 + 3.4e-6 + 56 * 5e-6
    assert all_to_all_s(1e9, place_group(FABRIC, 64, 1)) == pytest.approx(expected)


def test_rails_gather_the_messages_of_an_exchange() -> None:
    place = place_group(replace(FABRIC, rail_aligned=True), 512, 1)
    direct, gathered = one("all_to_all", place, "direct"), one("all_to_all", place, "pxn")
    # 63 messages of 20 us instead of 504 of 5 us; the network carries the same bytes.
    assert gathered.latency_s == pytest.approx(8.4e-6 + 3.4e-6 + 63 * 20e-6)
    assert direct.latency_s == pytest.approx(8.4e-6 + 3.4e-6 + 504 * 5e-6)
    assert gathered.transfer_s_per_byte == direct.transfer_s_per_byte


def test_exchange_between_pods_pays_oversubscription_in_full() -> None:
    narrow = replace(FABRIC, oversubscription=4.0, pod_gpus=32)
    place = place_group(narrow, 64, 1)
    assert all_to_all_s(1e12, place) / all_to_all_s(1e12, place_group(FABRIC, 64, 1)) == pytest.approx(4.0, rel=1e-3)


def test_single_rank_has_nothing_to_say() -> None:
    place = place_group(FABRIC, 1, 8)
    assert all_gather_s(1e9, place) == all_reduce_s(1e9, place) == all_to_all_s(1e9, place) == 0.0


def test_send_is_latency_and_bandwidth() -> None:
    assert send_s(50e6, FABRIC.scale_out) == pytest.approx(1e-3 + 6e-6)


def test_filling_the_pipeline_follows_the_best_number_of_chunks() -> None:
    # (sqrt(L) + sqrt(V))^2 when the factor is one: Sanders, Speck & Traeff 2009, with L the steps and V the transfer.
    full = place_group(replace(FABRIC, fill=PipelineFill(1.0, 1.0, 1.0, 1.0)), 8, 1)
    nvls = one("all_reduce", full, "nvls")
    transfer_s = 8e6 * 1.125 / 270e9
    assert nvls.time_s(8e6) == pytest.approx((math.sqrt(25e-6) + math.sqrt(transfer_s)) ** 2)


def test_ring_latency_is_linear_and_tree_latency_logarithmic() -> None:
    places = [place_group(FABRIC, ranks, 8) for ranks in (64, 128, 256)]
    rings = [one("all_reduce", place, "ring").latency_s for place in places]
    trees = [one("all_reduce", place, "tree").latency_s for place in places]
    assert (rings[2] - rings[1]) / (rings[1] - rings[0]) == pytest.approx(2.0)
    assert trees[2] - trees[1] == pytest.approx(trees[1] - trees[0]) == pytest.approx(2 * 14e-6)


def test_small_and_wide_takes_the_tree_large_takes_the_bandwidth() -> None:
    wide = place_group(FABRIC, 1024, 8)
    assert choose("all_reduce", 8.0, wide)[:2] == ("tree", "LL")
    assert choose("all_reduce", 8.0, wide).time_s == pytest.approx(6.8e-6 + 2 * 10 * 5e-6, rel=1e-3)
    assert choose("all_reduce", 1e10, place_group(FABRIC, 8, 1)).algorithm == "nvls"


def test_what_the_user_forces_or_forbids_is_kept() -> None:
    place = place_group(FABRIC, 8, 1)
    assert choose("all_reduce", 1e10, place, Allowed(algorithm="ring")).algorithm == "ring"
    assert choose("all_reduce", 1e10, place, Allowed(protocol="LL")).protocol == "LL"
    assert choose("all_reduce", 1e10, place, Allowed(in_switch=False)).algorithm in ("ring", "tree")


def test_a_network_without_the_order_ll128_needs_does_not_get_it() -> None:
    plain = replace(FABRIC, network_rates=replace(OUT, line128=0.0))
    assert "LL128" not in {item.protocol for item in schedules("all_reduce", place_group(plain, 16, 1))}
    assert "LL128" in {item.protocol for item in schedules("all_reduce", place_group(plain, 8, 1))}


def test_without_a_switch_a_small_group_has_few_links() -> None:
    mesh = replace(FABRIC, scale_up_rates=replace(UP, mesh_peers=7.0))
    two, eight = (one("all_gather", place_group(mesh, ranks, 1), "ring") for ranks in (2, 8))
    # One of seven links at 360/7 GB/s, half of the vector; all of them for 7/8.
    assert two.transfer_s_per_byte == pytest.approx(0.5 / (360e9 / 7))
    assert eight.transfer_s_per_byte == pytest.approx(0.875 / 360e9)


def test_a_rack_drives_no_more_than_its_channels() -> None:
    rack = replace(FABRIC, domain_gpus=72, scale_up_rates=replace(UP, rack_drive_bytes_s=400e9, fan_loss=0.1))
    nvls_tree = one("all_reduce", place_group(rack, 144, 1), "nvls_tree")
    inside = (1 + 1 / 72) / (270e9 / (1 + 0.1 * math.log2(9)))
    assert nvls_tree.transfer_s_per_byte == pytest.approx(max(inside, 1 / 400e9))
    assert place_group(rack, 144, 1).leaving_bytes_s(1.0) == pytest.approx(400e9)
    # Nine GPUs of each rack: the interfaces bind first.
    assert place_group(rack, 18, 8).leaving_bytes_s(1.0) == pytest.approx(450e9)


def test_distance_adds_to_each_step_between_domains() -> None:
    near, far = FABRIC, replace(FABRIC, far_latency_s=10e-6)
    for collective, algorithm, steps in (
        ("all_gather", "ring", 3),
        ("all_reduce", "ring", 6),
        ("all_reduce", "tree", 4),
        ("all_to_all", "direct", 1),
    ):
        added = [one(collective, place_group(fabric, 32, 1), algorithm).latency_s for fabric in (near, far)]  # type: ignore[arg-type]
        assert added[1] - added[0] == pytest.approx(steps * 10e-6)


@given(ranks=RANKS, stride=STRIDES, size=SIZES)
def test_lower_bounds(ranks: int, stride: int, size: float) -> None:
    place = place_group(FILLING, ranks, stride)
    bound = size * (ranks - 1) / ranks / place.ring_bandwidth_bytes_s
    assert all_gather_s(size, place) >= bound
    assert reduce_scatter_s(size, place) == all_gather_s(size, place)
    assert choose("all_reduce", size, place, Allowed(algorithm="ring")).time_s >= 2 * bound
    # No all-reduce moves less than one vector into each GPU: the bound of in-switch reduction; between domains each
    # sends at least 2 (N-1)/N of a vector, whatever reduces inside.
    assert all_reduce_s(size, place) >= size / 450e9
    if place.domains > 1:
        between = 2 * (place.domains - 1) / place.domains
        assert all_reduce_s(size, place) >= size * between / place.leaving_bytes_s(1.0) * (1 - 1e-12)


@given(ranks=RANKS, stride=STRIDES, size=SIZES)
def test_all_reduce_without_a_switch_costs_no_less_than_its_bound(ranks: int, stride: int, size: float) -> None:
    place = place_group(FILLING, ranks, stride)
    if place.domains == 1:
        found = choose("all_reduce", size, place, Allowed(in_switch=False)).time_s
        assert found >= 2 * size * (ranks - 1) / ranks / 360e9


@given(ranks=RANKS, stride=STRIDES, size=SIZES, collective=st.sampled_from(COLLECTIVES))
def test_the_chosen_schedule_is_the_cheapest(ranks: int, stride: int, size: float, collective: Collective) -> None:
    place = place_group(FILLING, ranks, stride)
    chosen = choose(collective, size, place)
    assert chosen.time_s == min(item.time_s(size) for item in schedules(collective, place))
    called = {
        "all_gather": all_gather_s,
        "reduce_scatter": reduce_scatter_s,
        "all_reduce": all_reduce_s,
        "all_to_all": all_to_all_s,
    }[collective]
    assert called(size, place) == pytest.approx(chosen.time_s, rel=1e-12)


@given(ranks=RANKS, stride=STRIDES, size=SIZES, factor=st.floats(1.0, 10.0))
def test_more_bandwidth_never_slows(ranks: int, stride: int, size: float, factor: float) -> None:
    faster = replace(FILLING, scale_up=Link(360e9 * factor, 1.5e-6), scale_out=Link(50e9 * factor, 6e-6))
    for collective in (all_gather_s, all_reduce_s, all_to_all_s):
        slow = collective(size, place_group(FILLING, ranks, stride))
        assert collective(size, place_group(faster, ranks, stride)) <= slow * (1 + 1e-12)


@given(ranks=RANKS, stride=STRIDES, size=SIZES, factor=st.floats(1.0, 100.0))
def test_more_bytes_are_never_faster(ranks: int, stride: int, size: float, factor: float) -> None:
    place = place_group(FILLING, ranks, stride)
    for collective in (all_gather_s, all_reduce_s, all_to_all_s):
        assert collective(size * factor, place) >= collective(size, place) * (1 - 1e-12)


def test_a_call_is_cheap() -> None:
    place = place_group(FILLING, 16, 1)
    all_reduce_s(1e6, place)
    assert executed_lines(lambda: all_reduce_s(1e6, place)) < 50
