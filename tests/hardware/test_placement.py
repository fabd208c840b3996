"""Which tier a group of ranks spans and what bandwidth it gets there."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.hardware.fabric import Fabric, Link
from clustersim.hardware.placement import Run, neighbour_link, place_group, place_nested_group, slowed

FABRIC = Fabric(Link(360e9, 1.5e-6), Link(50e9, 6e-6), 1.0, 8, 128)
"""Nodes of eight, pods of sixteen of them."""

SMALL_PODS = replace(FABRIC, oversubscription=8.0, pod_gpus=32)


@pytest.mark.parametrize(
    ("ranks", "stride", "per_domain", "domains", "tier"),
    [
        (1, 1, 1, 1, "none"),
        (8, 1, 8, 1, "scale_up"),
        (4, 2, 4, 1, "scale_up"),
        (16, 8, 1, 16, "pod"),
        (16, 4, 2, 8, "pod"),
        (32, 8, 1, 32, "cross_pod"),
        (4, 64, 1, 4, "cross_pod"),
    ],
)
def test_tier_of_a_group(ranks: int, stride: int, per_domain: int, domains: int, tier: str) -> None:
    place = place_group(FABRIC, ranks, stride)
    assert (place.per_domain, place.domains, place.tier) == (per_domain, domains, tier)


def test_ring_uses_the_interfaces_of_all_its_ranks_in_a_node() -> None:
    one, four = place_group(FABRIC, 16, 8), place_group(FABRIC, 16, 2)
    assert one.ring_bandwidth_bytes_s == pytest.approx(50e9)
    assert four.ring_bandwidth_bytes_s == pytest.approx(200e9)
    assert place_group(FABRIC, 128, 1).ring_bandwidth_bytes_s == pytest.approx(min(360e9, 400e9))


def test_oversubscription_binds_a_ring_only_with_few_ranks_in_a_pod() -> None:
    # Every 8th rank: four ranks of the ring in each pod of 32 GPUs, so the uplinks carry 4/8 of one interface.
    assert place_group(SMALL_PODS, 16, 8).ring_bandwidth_bytes_s == pytest.approx(25e9)
    assert place_group(SMALL_PODS, 4, 8).ring_bandwidth_bytes_s == pytest.approx(50e9)


def test_stages_in_different_pods_share_the_uplinks() -> None:
    assert neighbour_link(SMALL_PODS, 4, 32).bandwidth_bytes_s == pytest.approx(50e9 / 8)
    # Eight ranks of a stage leave a pod that could send 32 / 8 = 4 at full rate.
    assert neighbour_link(SMALL_PODS, 8, 8).bandwidth_bytes_s == pytest.approx(25e9)
    assert neighbour_link(SMALL_PODS, 2, 8).bandwidth_bytes_s == pytest.approx(50e9)
    assert neighbour_link(SMALL_PODS, 2, 4) == SMALL_PODS.scale_up


@given(
    ranks=st.integers(1, 4096),
    stride=st.sampled_from([1, 2, 4, 8, 16, 128, 1024]),
    oversubscription=st.floats(1.0, 16.0),
)
def test_ring_never_beats_the_scale_up_link(ranks: int, stride: int, oversubscription: float) -> None:
    fabric = Fabric(Link(400e9, 1e-6), Link(40e9, 5e-6), oversubscription, 8, 1024)
    place = place_group(fabric, ranks, stride)
    assert 0.0 < place.ring_bandwidth_bytes_s <= fabric.scale_up.bandwidth_bytes_s
    assert place.per_domain * place.domains >= ranks


@pytest.mark.parametrize(
    ("inner", "outer", "per_domain", "domains", "tier"),
    [
        # Eight context ranks fill a node; four stages lie between the replicas.
        (Run(8, 1), Run(16, 32), 8, 16, "cross_pod"),
        (Run(8, 1), Run(4, 32), 8, 4, "pod"),
        # Two context ranks and two of the replicas share a node.
        (Run(2, 1), Run(8, 4), 4, 4, "pod"),
        (Run(2, 8), Run(4, 64), 1, 8, "cross_pod"),
        (Run(8, 1), Run(1, 32), 8, 1, "scale_up"),
        (Run(1, 1), Run(4, 32), 1, 4, "pod"),
    ],
)
def test_group_of_two_dimensions(inner: Run, outer: Run, per_domain: int, domains: int, tier: str) -> None:
    place = place_nested_group(FABRIC, inner, outer)
    assert (place.per_domain, place.domains, place.tier) == (per_domain, domains, tier)
    assert place.ranks == inner.ranks * outer.ranks


def test_pods_hold_the_runs_that_fit_into_them() -> None:
    # A pod of 32 GPUs holds two runs, 16 GPUs apart, of four neighbours each: 8 ranks behind 8/8 of one interface.
    place = place_nested_group(SMALL_PODS, Run(4, 1), Run(16, 16))
    assert place.per_pod == 8
    assert place.ring_bandwidth_bytes_s == pytest.approx(50e9)


@given(inner=st.integers(1, 64), outer=st.integers(1, 64), stride=st.sampled_from([1, 2, 8]))
def test_adjacent_runs_are_one_group(inner: int, outer: int, stride: int) -> None:
    fabric = Fabric(Link(400e9, 1e-6), Link(40e9, 5e-6), 1.0, 8, 1024)
    nested = place_nested_group(fabric, Run(inner, stride), Run(outer, inner * stride))
    assert nested == place_group(fabric, inner * outer, stride)


def test_a_place_is_built_once() -> None:
    again = replace(FABRIC)
    assert place_group(FABRIC, 64, 1) is place_group(again, 64, 1)


def test_shared_and_long_links_slow_what_leaves_a_domain() -> None:
    place = place_group(FABRIC, 16, 8)
    half = slowed(place, 0.5, 3e-6)
    assert half.ring_bandwidth_bytes_s == pytest.approx(25e9)
    assert half.fabric.far_latency_s == 3e-6
    assert half.fabric.scale_up == FABRIC.scale_up
    assert slowed(place, 1.0, 0.0) is place


def test_shared_links_of_a_domain_slow_what_stays_in_it() -> None:
    half = slowed(place_group(FABRIC, 8, 1), 0.5, 0.0)
    assert half.ring_bandwidth_bytes_s == pytest.approx(180e9)
    assert half.fabric.scale_out == FABRIC.scale_out
