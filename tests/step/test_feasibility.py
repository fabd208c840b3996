"""Impossible plans: the place, the number that breaks and what would fix it."""

from typing import Any

import pytest

from clustersim.step.feasibility import feasibility_problems
from tests.step import step_cases as cases


def problems(**changes: Any) -> dict[str, str]:
    return dict(feasibility_problems(cases.scenario(**changes)))


def test_a_possible_plan_has_none() -> None:
    assert problems() == {}


def test_job_larger_than_the_cluster() -> None:
    found = problems(cluster={"nodes": 10}, spares={"warm": 0})
    text = found["training.layout"]
    assert "128 GPUs need 16 nodes of 8, but the cluster has 10 (80 GPUs)" in text
    assert "data_parallel 40 or less, or cluster.nodes 16" in text


def test_spares_do_not_fit_beside_the_job() -> None:
    assert "keep 2 spares or set cluster.nodes to 21" in problems(spares={"warm": 5})["spares"]


def test_more_spares_than_nodes() -> None:
    assert "20 spare nodes leave none for the job: the cluster has 18" in problems(spares={"cold": 18})["spares"]


def test_precision_without_a_peak() -> None:
    text = problems(cluster={"node": {"accelerator": "a100-80gb"}}, training={"precision": "fp8"})["training.precision"]
    assert text.startswith("a100-80gb gives no dense fp8 peak; it has ")
    assert "bf16" in text


def test_layout_problems_point_at_their_setting() -> None:
    found = problems(training={"layout": {"tensor_parallel": 2, "pipeline_parallel": 64, "data_parallel": 1}})
    assert "training.layout.pipeline_parallel" in found


def test_batch_smaller_than_the_replicas() -> None:
    phase = {"name": "main", "tokens": "1T tokens", "sequence_length": 8192, "global_batch": 32}
    text = problems(training={"phases": (phase,)})["training.phases[0].global_batch"]
    assert "global_batch 32 is not a multiple of data_parallel 64" in text


def test_fewer_tokens_than_a_step() -> None:
    phase = {"name": "main", "tokens": "1M tokens", "sequence_length": 8192, "global_batch": 512}
    text = problems(training={"phases": (phase,)})["training.phases[0].tokens"]
    assert "1,000,000 tokens are less than one step of 512 x 8,192 = 4,194,304 tokens" in text


def test_memory_says_bytes_by_kind_and_what_fits() -> None:
    layout = {"tensor_parallel": 1, "data_parallel": 128, "zero_stage": 0, "recompute": "none"}
    phase = {"name": "main", "tokens": "1T tokens", "sequence_length": 8192, "global_batch": 512}
    text = problems(training={"layout": layout, "phases": (phase,)})["training.layout"]
    assert "but the device has 80.0 GiB" in text
    for kind in ("weights", "gradients", "optimizer", "activations"):
        assert kind in text
    # 176.6 GiB less 127/128 of the optimizer's 89.8 GiB is still too much; less the gradients' 29.9 GiB it fits.
    assert "use zero_stage 2 (59.8 GiB)" in text


def test_own_layout_of_a_phase_is_pointed_at() -> None:
    phase = {
        "name": "main",
        "tokens": "1T tokens",
        "sequence_length": 8192,
        "global_batch": 512,
        "layout": {"tensor_parallel": 2, "data_parallel": 512},
    }
    assert "training.phases[0].layout" in problems(training={"phases": (phase,)})


def test_hopeless_models_say_so() -> None:
    huge = cases.LLAMA3_405B.model_dump()
    text = problems(model=huge, training={"layout": {"tensor_parallel": 1, "data_parallel": 128, "zero_stage": 0}})
    message = text["training.layout"]
    assert "needs" in message
    assert "use " in message or "no two changes" in message


def test_the_same_problem_is_told_once() -> None:
    found = feasibility_problems(cases.scenario(cluster={"nodes": 4}, spares={"warm": 0}))
    assert len([path for path, _ in found if path == "training.layout"]) == 1


@pytest.mark.parametrize("nodes", [18, 40])
def test_spare_room_is_no_problem(nodes: int) -> None:
    assert problems(cluster={"nodes": nodes}) == {}
