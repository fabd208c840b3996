"""The chance to diverge at the start: a stated prior that moves as it says."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from clustersim.learning.optimizer.divergence import (
    MOST_ATTEMPTS,
    STEP_MEDIAN,
    STEP_SIGMA,
    USUAL_RATIO,
    USUAL_WARMUP_STEPS,
    Start,
    attempts,
    bearable_learning_rate,
    divergence_draws,
    step_law_learning_rate,
    steps_before_divergence,
)
from clustersim.scenario.schema.recipe import Recipe

DRAWS = 4000
FLOPS = 3.8e25
MODERN, FRAGILE = (Recipe.model_validate(name) for name in ("modern", "fragile"))
USUAL = Start(USUAL_WARMUP_STEPS, USUAL_RATIO * bearable_learning_rate(FLOPS), FLOPS)
NO_WARMUP = Start(0.0, None, FLOPS)
TABLE = Path(__file__).parents[3] / "validation" / "published" / "divergences.csv"


def test_a_usual_start_has_the_chance_of_its_recipe():
    draws = divergence_draws(FRAGILE, USUAL, DRAWS)
    assert draws.mean() == pytest.approx(0.5, abs=4.0 * draws.std() / math.sqrt(DRAWS))
    # Beta(2.5, 2.5).
    assert draws.std() == pytest.approx(math.sqrt(0.25 / 6.0), rel=0.05)


def test_no_rate_given_is_the_usual_one():
    assert Start(USUAL_WARMUP_STEPS, None, FLOPS).rate_ratio == USUAL_RATIO
    assert USUAL.rate_ratio == pytest.approx(USUAL_RATIO)


def test_without_a_warmup_the_odds_are_ten_times_as_high_give_or_take_three():
    usual, without = divergence_draws(FRAGILE, USUAL, DRAWS), divergence_draws(FRAGILE, NO_WARMUP, DRAWS)
    factors = without / (1.0 - without) / (usual / (1.0 - usual))
    assert np.quantile(factors, (0.05, 0.5, 0.95)) == pytest.approx((10.0 / 3.0, 10.0, 30.0), rel=0.1)


def test_a_longer_warmup_than_usual_changes_nothing_and_a_shorter_one_raises_each_draw():
    draws = [divergence_draws(MODERN, Start(steps, None, FLOPS), DRAWS) for steps in (8000.0, 2000.0, 500.0, 0.0)]
    assert np.array_equal(draws[0], draws[1])
    assert np.median(draws[1]) < np.median(draws[2]) < np.median(draws[3])


def test_a_higher_peak_never_lowers_the_chance():
    low, high = (divergence_draws(MODERN, Start(2000.0, rate, FLOPS), DRAWS) for rate in (1e-4, 4e-4))
    assert (high >= low).all()
    assert high.mean() > 1.5 * low.mean()


@pytest.mark.parametrize(("share", "chance"), [(0.0, 0.0), (1.0, 1.0)])
def test_what_is_certain_stays_so(share: float, chance: float):
    sure = MODERN.model_copy(update={"divergence": share})
    assert set(divergence_draws(sure, NO_WARMUP, 10)) == {chance}


def test_attempts_are_made_until_one_holds():
    tried = attempts(FRAGILE, USUAL, DRAWS)
    assert tried.diverged.shape == (MOST_ATTEMPTS, DRAWS)
    assert (np.diff(tried.diverged, axis=0) <= 0.0).all()
    assert np.array_equal(tried.first, divergence_draws(FRAGILE, USUAL, DRAWS))
    second = divergence_draws(FRAGILE, Start(2000.0, 0.5 * (USUAL.peak_learning_rate or 0.0), FLOPS), DRAWS)
    assert tried.diverged[1] == pytest.approx(tried.first * second)
    lost = tried.lost(np.random.default_rng(3))
    assert lost.max() <= MOST_ATTEMPTS
    assert lost.mean() == pytest.approx(tried.mean_lost, abs=4.0 * lost.std() / math.sqrt(DRAWS))
    assert (lost == MOST_ATTEMPTS).mean() == pytest.approx(tried.given_up.mean(), abs=0.01)


def test_the_usual_ratio_is_that_of_the_published_runs_that_held():
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["diverged"] == "0" and row["peak_learning_rate"]]
    ratios = [
        float(row["peak_learning_rate"]) / bearable_learning_rate(6.0 * float(row["parameters"]) * float(row["tokens"]))
        for row in rows
    ]
    assert len(ratios) == 8
    assert math.exp(np.log(ratios).mean()) == pytest.approx(USUAL_RATIO, rel=0.05)
    assert (min(ratios), max(ratios)) == pytest.approx((0.17, 2.1), rel=0.03)


def test_a_run_diverges_after_seven_thousand_steps_or_so():
    assert steps_before_divergence() == pytest.approx(8943.0, abs=1.0)
    low, high = (STEP_MEDIAN * math.exp(score * STEP_SIGMA) for score in (-1.645, 1.645))
    assert low < 6700 < 9026 < high


def test_the_laws_of_the_peak_rate_agree_with_llama_3_within_three():
    for law in (bearable_learning_rate(FLOPS), step_law_learning_rate(405e9, 15.6e12)):
        assert 1 / 3 < law / 8e-5 < 3
