"""What a pipeline is given to do: the part it may put off, and what a pair of passes hides."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.step.compute import PassTime
from clustersim.step.job import Job
from clustersim.step.launch import launch_bound_s
from clustersim.step.pipeline import Work, schedule_of
from clustersim.step.stage import StageTime, stage_times
from clustersim.step.stage_work import pipeline_work, weight_s
from tests.step import step_cases as cases
from tests.step.ideal import ideal, ideal_job

TIMES = st.floats(0.0, 1.0)


def job(**sizes: Any) -> Job:
    base: dict[str, Any] = {"pipeline_parallel": 4, "data_parallel": 8, "expert_parallel": 8, "schedule": "dualpipe"}
    return ideal_job(cases.MIXTRAL, **(base | sizes))


def exchanging(stages: tuple[StageTime, ...], forward_s: float, backward_s: float) -> tuple[StageTime, ...]:
    """The stages with a given exchange of experts in each layer."""
    changed: list[StageTime] = []
    for stage in stages:
        assert stage.mixture is not None
        changed.append(replace(stage, mixture=replace(stage.mixture, expert=PassTime(forward_s, backward_s))))
    return tuple(changed)


def work_of(of: Job, stages: tuple[StageTime, ...]) -> Work:
    return pipeline_work(of, stages, schedule_of(of.layout, 16))


@given(forward=TIMES, backward=TIMES)
def test_a_pair_hides_no_more_exchange_than_the_computation_beside_it(forward: float, backward: float) -> None:
    of = job()
    stages = exchanging(stage_times(of), forward, backward)
    layer = stages[0].mixture
    assert layer is not None
    # Eight layers on each stage: what one sends forward runs beside what the other computes backward.
    there_s = min(8 * forward, 8 * layer.compute_backward_s)
    back_s = min(8 * backward, 8 * layer.compute_forward_s)
    hidden = work_of(of, stages).pair_hidden_s
    assert hidden is not None
    assert all(found == pytest.approx(there_s + back_s) for row in hidden for found in row)


def test_slow_exchange_is_waited_for_in_spite_of_dualpipe() -> None:
    of = job()
    hidden = work_of(of, exchanging(stage_times(of), 1e3, 1e3)).pair_hidden_s
    assert hidden is not None
    assert max(map(max, hidden)) < 1.0


@pytest.mark.parametrize("sizes", [{}, {"tensor_parallel": 8}, {"data_parallel": 16, "zero_stage": 3}])
@pytest.mark.parametrize("stages", [1, 2])
def test_what_may_be_put_off_are_the_products_for_the_weights(sizes: dict[str, Any], stages: int) -> None:
    """Exchange of layers and ends beside them puts off no more."""
    of = ideal_job(pipeline_parallel=stages, schedule="zero-bubble", **sizes)
    for stage in stage_times(of):
        layers_s = sum(count * time.weight_s for count, time in stage.layers)
        head_s = min(stage.head.forward_s, 0.5 * stage.head.backward_s)
        assert layers_s > 0.0
        assert weight_s(stage) == pytest.approx(layers_s + (head_s if stage.last else 0.0))


@pytest.mark.parametrize("tensor", [1, 8])
def test_a_slow_host_stretches_what_may_be_put_off_as_the_rest(tensor: int) -> None:
    """Of computation, that is: the host launches collectives too, and those are not put off."""
    quick, slow = (
        stage_times(ideal_job(efficiency=ideal(launch_s=launch_s), tensor_parallel=tensor))[0]
        for launch_s in (0.0, 1e-2)
    )

    def computed_s(stage: StageTime) -> float:
        compute_s = stage.embedding.backward_s + stage.head.backward_s
        compute_s += sum(count * time.compute_backward_s for count, time in stage.layers)
        return launch_bound_s(compute_s, sum(count * time.host.backward_s for count, time in stage.layers))

    assert computed_s(slow) > 10 * computed_s(quick)
    assert weight_s(slow) / computed_s(slow) == pytest.approx(weight_s(quick) / computed_s(quick))
