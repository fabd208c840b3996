from dataclasses import replace

import pytest

from clustersim.learning import loss_interval, loss_law
from clustersim.learning.loss.curve import annealing_of
from clustersim.learning.optimizer.schedule_what_if import ended, schedule_what_if
from clustersim.learning.optimizer.schedules import BatchRamp, Schedule

RAMP = BatchRamp((1e12,), (4e6,))
TEN_PERCENT = Schedule("cosine", RAMP.steps, 2_000, floor=0.1)


@pytest.fixture(scope="module")
def law():
    return loss_law("olmo-ladder-c4")


def change(law, variant: Schedule = TEN_PERCENT, **peak: float):
    return schedule_what_if(law, 7e9, RAMP, TEN_PERCENT, variant, **peak)


def test_the_laws_own_schedule_ends_at_its_final_loss(law):
    _, middle, _ = loss_interval(law, 7e9, 1e12)
    assert ended(law, 7e9, RAMP, TEN_PERCENT, annealing_of(law.name)).loss_nats == pytest.approx(middle, rel=2e-3)


def test_the_same_schedule_changes_nothing(law):
    assert (change(law)["p5"], change(law)["p50"], change(law)["p95"]) == (0.0, 0.0, 0.0)
    assert change(law)["remarks"] == []


def test_no_decay_is_surely_worse_and_a_stable_stretch_with_a_decay_rather_better(law):
    constant = change(law, replace(TEN_PERCENT, kind="constant"))
    assert 0.01 < constant["p5"] < constant["p50"] < constant["p95"] < 0.15
    stable = change(law, replace(TEN_PERCENT, kind="wsd", floor=0.1, cooldown_share=0.2))
    assert -0.05 < stable["p50"] < 0.0


def test_a_lower_floor_helps(law):
    assert change(law, replace(TEN_PERCENT, floor=0.01))["p50"] < 0.0


def test_four_times_a_good_peak_costs_more_than_two_per_cent_and_says_where_from(law):
    found = change(law, peak_factor=4.0)
    assert 0.02 * 2.2 < found["p50"] < 0.04 * 2.2
    assert found["p5"] < 0.5 * found["p50"]
    assert "Step Law" in found["remarks"][0]
    assert len(found["remarks"]) == 1


def test_a_peak_far_beyond_the_published_ones_is_an_extrapolation(law):
    assert "extrapolation" in change(law, peak_factor=4.0, base_times_best=2.0)["remarks"][-1]


def test_a_plan_whose_peak_is_too_low_gains_by_a_higher_one(law):
    assert change(law, peak_factor=3.0, base_times_best=1.0 / 3.0)["p50"] < 0.0


def test_a_law_without_constants_of_its_own_says_so():
    found = schedule_what_if(
        loss_law("chinchilla-besiroglu"), 7e9, RAMP, TEN_PERCENT, replace(TEN_PERCENT, kind="constant")
    )
    assert "no annealing constants of its own" in found["remarks"][0]
