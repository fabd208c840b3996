"""The parameters a replication drew, as it reports them."""

from dataclasses import replace

import pytest

from clustersim.run.plan import CategoryPlan
from clustersim.study.replication import Task, replicate
from tests.run.plans import small_plan


def test_drawn_factors_are_reported() -> None:
    counted = CategoryPlan("counted", "gpu", 4, 3e-5, published_count=30)
    fixed = CategoryPlan("fixed", "gpu", 4, 1e-5)
    plan = small_plan(categories=(counted, fixed))
    plan = replace(plan, parameter_uncertainty=True, phases=(replace(plan.phases[0], step_sigma=0.2),))
    runs = replicate(Task(plan, 0, (0, 1, 2), ()))
    for run in runs:
        assert run.finished
        assert run.wall.by_state_s["productive"] == pytest.approx(250.0 * run.step_time_factor)
        # Three quarters of the nominal rate are drawn, a quarter is fixed.
        assert run.failure_rate_factor > 0.25
    assert len({run.step_time_factor for run in runs}) == 3
    assert len({run.failure_rate_factor for run in runs}) == 3


def test_no_failures_have_factor_one() -> None:
    (run,) = replicate(Task(small_plan(categories=()), 0, (0,), ()))
    assert run.failure_rate_factor == 1.0
    assert run.wall.lost_by_cause_s.keys() == {"checkpoint", "start of the job"}
