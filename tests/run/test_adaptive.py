"""The interval that follows the failures: the estimate, and what it is good for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.run import RunPlan, metrics
from clustersim.run.adaptive import ObservedFailures, adapted_interval_s, shortest_interval_s
from clustersim.run.checkpointing import young_daly_interval
from clustersim.run.laws import Law
from clustersim.run.plan import AdaptivePlan, CategoryPlan, CheckpointPlan, TierPlan
from tests.run.plans import KILL, Simulate, recorded, small_plan

PLAN = AdaptivePlan(expected_mtbf_s=1000.0, memory=4)


def test_it_begins_with_what_was_expected_and_forgets_it() -> None:
    seen = ObservedFailures(PLAN)
    assert seen.mtbf_s(0.0) == 1000.0
    seen.add(200.0)
    assert seen.mtbf_s(200.0) == (200.0 + 3 * 1000.0) / 4
    for t_s in (400.0, 600.0, 800.0):
        seen.add(t_s)
    assert seen.mtbf_s(800.0) == 200.0
    assert seen.mtbf_s(1600.0) == 400.0, "a long time without a failure counts"


@given(times_s=st.lists(st.floats(0.0, 1e6), min_size=5, max_size=30).map(sorted))
def test_in_the_long_run_it_is_the_mean_of_the_last(times_s: list[float]) -> None:
    seen = ObservedFailures(PLAN)
    for t_s in times_s:
        seen.add(t_s)
    assert seen.mtbf_s(times_s[-1]) == pytest.approx((times_s[-1] - times_s[-5]) / 4)


def test_interval_is_that_of_young_and_daly_but_no_shorter_than_the_writes() -> None:
    checkpoint = CheckpointPlan(1.0, 5.0, 20.0)
    assert adapted_interval_s(5.0, 1e4, shortest_interval_s(checkpoint)) == young_daly_interval(5.0, 1e4)
    assert adapted_interval_s(5.0, 1.0, shortest_interval_s(checkpoint)) == 20.0
    tiers = replace(checkpoint, every=10, inner=(TierPlan("memory", 1, 3.0, 10.0, 1),))
    assert shortest_interval_s(tiers) == 3.0, "the store has ten intervals for its 20 s"


def test_it_changes_at_a_restart(run: Simulate) -> None:
    """Two failures in 400 s: from 1,000 s of work between two checkpoints to sqrt(2 x 5 s x 550 s) = 74 s."""
    plan = small_plan(steps=100, **recorded((200, KILL), (350, KILL)))
    adaptive = AdaptivePlan(expected_mtbf_s=1e5, memory=2)
    interval_s = young_daly_interval(5.0, 1e5)
    plan = replace(plan, checkpoint=replace(plan.checkpoint, interval_s=interval_s, adaptive=adaptive))
    steps = run(plan).checkpoints["step"]
    assert interval_s == 1000.0
    first = np.diff(steps)[0]
    # Restarted at 350 + 30 + 60 s, two failures in 440 s.
    assert first == round(young_daly_interval(5.0, 440.0 / 2) / 10.0)


def wrong_by(factor: float, adaptive: bool) -> RunPlan:
    """Failures come ``factor`` times as often as was expected."""
    mtbf_s = 4000.0
    plan = small_plan(steps=4000, categories=(CategoryPlan("node", "host", 4, factor / mtbf_s / 4, evict=0.0),))
    checkpoint = CheckpointPlan(young_daly_interval(20.0, mtbf_s), 20.0, 0.0)
    if adaptive:
        checkpoint = replace(checkpoint, adaptive=AdaptivePlan(mtbf_s, 10))
    recovery = replace(plan.recovery, manual_fraction=0.0, crash=Law("constant", 1.0))
    return replace(plan, checkpoint=checkpoint, recovery=recovery)


@pytest.mark.parametrize(("factor", "better"), [(8.0, 0.02), (1.0, -0.005), (0.1, -0.001)])
def test_it_pays_where_the_rate_is_not_what_was_expected(run: Simulate, factor: float, better: float) -> None:
    """And costs next to nothing where it is. Where failures are rarer it learns slowly: there is less to learn from."""
    ettr = {
        adaptive: np.mean([metrics.effective_training_time(run(wrong_by(factor, adaptive), seed)) for seed in range(6)])
        for adaptive in (True, False)
    }
    assert ettr[True] - ettr[False] > better
