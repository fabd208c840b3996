"""Where the groups of a layout land on nodes of eight GPUs, by hand."""

from typing import Any

import pytest

from clustersim.hardware.fabric import fabric_of
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
