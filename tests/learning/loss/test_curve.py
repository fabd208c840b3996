import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning import loss_interval, loss_law
from clustersim.learning.loss.curve import (
    ANY,
    Annealing,
    annealing_excess,
    annealing_of,
    curve,
    lagged,
    learning_rate_area,
)

PLAIN = Annealing("plain", 0.04, 0.0, 1.0, 0.0, 0.1, 0.55, 0.0)
TOKENS = np.linspace(0.0, 1e12, 2001)
COSINE = 0.1 + 0.45 * (1.0 + np.cos(np.pi * np.linspace(0.0, 1.0, 2001)))


def test_a_finished_run_of_the_laws_own_schedule_needs_no_correction():
    excess = annealing_excess(TOKENS, 3e-4 * COSINE, PLAIN)
    assert excess.effective_tokens[-1] == pytest.approx(1e12, rel=1e-6)
    assert excess.relative[-1] == pytest.approx(0.0, abs=1e-12)
    assert excess.spread[-1] == pytest.approx(0.0, abs=1e-12)


def test_a_constant_learning_rate_by_hand():
    # Area 0.5 (the ramp) + 9 = 9.5 of the peak; 9.5 / 0.55 = 17.27 tokens. Excess exp(0.04 * 0.9) - 1 = 0.03666.
    excess = annealing_excess([1.0, 10.0], [2e-4, 2e-4], PLAIN)
    assert excess.effective_tokens[1] == pytest.approx(9.5 / 0.55)
    assert excess.relative[1] == pytest.approx(math.expm1(0.036))


def test_the_peak_can_be_given_where_the_rows_do_not_reach_it():
    part = annealing_excess([1e9, 2e9], [1e-4, 1e-4], PLAIN, peak=2e-4)
    assert part.relative[1] == pytest.approx(math.expm1(0.04 * 0.4))


def test_a_decay_to_zero_ends_below_the_law():
    assert annealing_excess(TOKENS, np.linspace(1.0, 0.0, 2001), PLAIN).relative[-1] == pytest.approx(
        math.expm1(-0.004)
    )


def test_area_of_a_ramp_is_its_triangle():
    assert learning_rate_area(np.array([2.0, 4.0]), np.array([1.0, 0.0])) == pytest.approx([1.0, 2.0])


def test_the_lag_forgets_a_drop_exponentially_in_the_logarithm_of_tokens():
    late = lagged(np.array([1e9, 1e9, 1.03e9]), np.array([1.0, 0.2, 0.2]), 0.03)
    assert late[1] == 1.0
    assert late[2] == pytest.approx(0.2 + 0.8 * 1.03 ** (-1.0 / 0.03))


def test_the_lag_agrees_with_small_steps():
    share, tokens = np.array([1.0, 0.3, 0.9]), np.array([1e9, 1.2e9, 1.25e9])
    fine = np.geomspace(1e9, 1.25e9, 200_001)
    y, step = 1.0, math.log(fine[1] / fine[0])
    for x in np.interp(np.log(fine[1:]), np.log(tokens), share).tolist():
        y += step * (x - y) / 0.1
    assert lagged(tokens, share, 0.1)[-1] == pytest.approx(y, abs=1e-4)


def test_no_lag_changes_nothing():
    share = np.array([1.0, 0.3])
    assert lagged(np.array([1.0, 2.0]), share, 0.0) is share


@given(
    shares=st.lists(st.floats(0.0, 1.0), min_size=2, max_size=30),
    lag=st.floats(0.001, 0.5),
)
def test_the_lagged_learning_rate_stays_between_the_extremes(shares, lag):
    tokens = np.geomspace(1e9, 1e10, len(shares))
    late = lagged(tokens, np.array(shares), lag)
    assert np.all(late >= min(shares) - 1e-9)
    assert np.all(late <= max(shares) + 1e-9)


@pytest.mark.parametrize("law", ["olmo-ladder-pile", "olmo-ladder-c4", ANY])
def test_the_constants_agree_across_corpora_in_their_form(law):
    annealing = annealing_of(law)
    assert annealing.name == law
    assert 0.03 < annealing.strength < 0.06
    assert (annealing.exponent, annealing.lag, annealing.end_share) == (0.75, 0.03, 0.1)
    assert 0.0 < annealing.residual < 0.005


def test_a_law_without_constants_of_its_own_gets_those_of_any_corpus_with_a_wider_spread():
    assert annealing_of("chinchilla-besiroglu") == annealing_of(ANY)
    assert annealing_of(ANY).strength_error > max(
        annealing_of(name).strength_error for name in ("olmo-ladder-pile", "olmo-ladder-c4")
    )


def test_the_curve_of_the_laws_own_schedule_ends_at_its_final_loss():
    law = loss_law("olmo-ladder-c4")
    end = curve(law, 3e9, TOKENS.tolist(), COSINE.tolist())[-1]
    low, middle, high = loss_interval(law, 3e9, 1e12)
    assert end["tokens"] == 1e12
    # The lag leaves the end a little above the floor, and the correction has a residual of its own.
    assert end["p50"] == pytest.approx(middle, rel=1e-3)
    assert (end["p5"], end["p95"]) == (pytest.approx(low, rel=2e-3), pytest.approx(high, rel=2e-3))


def test_the_curve_speaks_after_the_warm_up_and_lies_above_finished_runs_in_the_middle():
    law = loss_law("olmo-ladder-pile")
    warm = np.minimum(TOKENS / 5e10, 1.0) * COSINE
    points = curve(law, 7e9, TOKENS.tolist(), warm.tolist())
    assert points[0]["tokens"] >= 4.9e10
    middle = next(point for point in points if point["tokens"] >= 5e11)
    finished = loss_interval(law, 7e9, 5e11)[1]
    assert 1.0 < middle["p50"] / finished < 1.04
    assert middle["p5"] < middle["p50"] < middle["p95"]
    assert curve(law, 7e9, [], []) == []
