from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given

from clustersim.learning.loss.wall_clock import clock_curve, weights_at_s
from clustersim.run import RunPlan, simulate
from clustersim.run.metrics import tokens_at_s
from tests.run.plans import failure, script, small_plan
from tests.run.random_plans import FEW, plans


def falling(tokens: np.ndarray) -> np.ndarray:
    return 10.0 / (1.0 + np.asarray(tokens))


def test_a_crash_sets_the_weights_back_and_the_loss_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0)])
    records = simulate(small_plan(warm=1), 0)
    redone = records.intervals["tokens_start"][records.intervals["start_s"] >= 372.0][0]
    before, after = weights_at_s(records, np.array([212.0, 372.0]))
    assert after == redone < before
    curve = clock_curve(records, falling)
    losses = [point.loss for point in curve]
    rise = max(later - earlier for earlier, later in pairwise(losses))
    assert rise == pytest.approx(float(falling(after) - falling(before)), rel=1e-6)
    assert losses[-1] == min(losses)


@FEW
@given(plans())
def test_the_weights_never_lead_what_counts_and_end_where_it_ends(plan: RunPlan) -> None:
    records = simulate(plan, 1)
    times = np.linspace(0.0, records.end_s, 50)
    weights, counted = weights_at_s(records, times), tokens_at_s(records, times)
    slack = 1e-6 * max(1.0, float(counted[-1]))
    assert np.all(weights >= 0.0)
    if records.finished:
        assert weights[-1] == pytest.approx(counted[-1], abs=slack)
    curve = clock_curve(records, falling)
    assert [point.t_s for point in curve] == sorted(point.t_s for point in curve)
    assert max(point.tokens for point in curve) <= counted.max() + weights.max() + slack


def test_a_run_that_never_trains_has_the_loss_of_its_start() -> None:
    records = simulate(small_plan(deadline_s=1e-9), 0)
    assert weights_at_s(records, np.array([0.0, 1.0])).tolist() == [0.0, 0.0]
    assert all(point.loss == 10.0 for point in clock_curve(records, falling))
