"""Where the groups of a layout land on nodes of eight GPUs, by hand."""

from typing import Any

import pytest

from clustersim.hardware.contention import WHOLE, Shares
from clustersim.hardware.fabric import Link, fabric_of
from clustersim.hardware.placement import Place
from clustersim.step.collectives import all_to_all_s
from clustersim.step.groups import Groups, groups_of
from tests.step import step_cases as cases


def groups(**sizes: Any) -> Groups:
    return groups_of(fabric_of(cases.cluster(2048)), cases.layout(**sizes))


def test_context_ranks_stay_together_when_stages_lie_between_the_replicas() -> None:
    # TP1 CP8 PP4 DP16: context ranks 0-7 fill a node, replicas are 32 ranks apart.
    found = groups(context_parallel=8, pipeline_parallel=4, data_parallel=16, rank_order="tp-cp-pp-dp")
    assert (found.data.ranks, found.data.per_domain, found.data.domains) == (128, 8, 16)


@pytest.mark.parametrize(
    ("expert_parallel", "expert", "expert_data"),
    [
        # Ranks, ranks per node, nodes. EP 4: half a node; the other half and 16 replicas hold copies.
        (4, (4, 4, 1), (32, 2, 16)),
        (8, (8, 8, 1), (16, 1, 16)),
        (32, (32, 8, 4), (4, 1, 4)),
    ],
)
def test_experts_take_context_ranks_before_replicas(
    expert_parallel: int, expert: tuple[int, int, int], expert_data: tuple[int, int, int]
) -> None:
    found = groups(
        context_parallel=8,
        pipeline_parallel=4,
        data_parallel=16,
        expert_parallel=expert_parallel,
        rank_order="tp-cp-pp-dp",
    )
    assert (found.expert.ranks, found.expert.per_domain, found.expert.domains) == expert
    assert (found.expert_data.ranks, found.expert_data.per_domain, found.expert_data.domains) == expert_data


def test_without_context_parallelism_replicas_are_evenly_spaced() -> None:
    found = groups(tensor_parallel=2, pipeline_parallel=2, data_parallel=16, rank_order="tp-cp-pp-dp")
    assert (found.data.ranks, found.data.per_domain, found.data.domains) == (16, 2, 8)


def test_default_order_keeps_replicas_next_to_the_context_ranks() -> None:
    found = groups(context_parallel=2, pipeline_parallel=4, data_parallel=16)
    assert (found.data.ranks, found.data.per_domain, found.data.domains) == (32, 8, 4)


def test_context_ranks_lie_a_tensor_group_apart() -> None:
    # TP4 CP8: two context ranks a node of eight.
    found = groups(tensor_parallel=4, context_parallel=8).context_group
    assert (found.ranks, found.per_domain, found.domains) == (8, 2, 4)


DIMENSIONS = {
    "tensor": ("tensor",),
    "context": ("context", "context_group"),
    "expert": ("expert",),
    "data": ("data", "expert_data"),
    "pipeline": ("pipeline",),
}
"""Places that each share speaks of."""

EVERYWHERE = {
    "tensor_parallel": 16,
    "context_parallel": 4,
    "pipeline_parallel": 2,
    "data_parallel": 8,
    "expert_parallel": 8,
}
"""A layout all of whose groups leave their scale-up domain."""


def slowed(shares: Shares, **sizes: Any) -> Groups:
    return groups_of(fabric_of(cases.cluster(2048)), cases.layout(**(sizes or EVERYWHERE)), shares)


def bandwidth(place: Place | Link) -> float:
    return place.bandwidth_bytes_s if isinstance(place, Link) else place.leaving_bytes_s(1.0)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_share_takes_bandwidth_from_the_dimension_it_speaks_of_alone(dimension: str) -> None:
    whole, half = slowed(WHOLE), slowed(Shares(**{dimension: 0.5}))
    for name in Groups.__dataclass_fields__:
        if name in DIMENSIONS[dimension]:
            assert bandwidth(getattr(half, name)) == pytest.approx(0.5 * bandwidth(getattr(whole, name))), name
        else:
            assert getattr(half, name) == getattr(whole, name), name


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_added_latency_reaches_the_dimension_it_speaks_of_alone(dimension: str) -> None:
    whole, far = slowed(WHOLE), slowed(Shares(**{f"{dimension}_latency_s": 1e-3}))
    changed = {name for name in Groups.__dataclass_fields__ if getattr(far, name) != getattr(whole, name)}
    assert changed == set(DIMENSIONS[dimension])
    for name in changed:
        place, before = getattr(far, name), getattr(whole, name)
        link, old = (each if isinstance(each, Link) else each.fabric.scale_out for each in (place, before))
        assert link.latency_s == pytest.approx(old.latency_s + 1e-3)
        assert bandwidth(place) == bandwidth(before)


def test_inside_a_domain_a_share_is_that_of_the_scale_up_links() -> None:
    whole, half = (slowed(shares, tensor_parallel=8, data_parallel=4) for shares in (WHOLE, Shares(tensor=0.5)))
    assert half.tensor.scale_up_bytes_s == pytest.approx(0.5 * whole.tensor.scale_up_bytes_s)
    assert half.tensor.fabric.scale_out == whole.tensor.fabric.scale_out
    assert half.data == whole.data


def test_half_of_the_links_between_nodes_doubles_the_time_of_large_exchanges() -> None:
    whole, half = slowed(WHOLE), slowed(Shares(expert=0.5))
    assert all_to_all_s(1e12, half.expert) == pytest.approx(2 * all_to_all_s(1e12, whole.expert), rel=1e-3)
