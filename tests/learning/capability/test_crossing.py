from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.capability import (
    Trained,
    capability_law,
    crossing,
    crossing_tokens,
    outcomes,
    score_interval,
    summarise_crossing,
)
from clustersim.learning.capability.law import Spread
from tests.learning.capability.laws import small_law

CERTAIN = Spread(1e-9, 1e-9, 1e-9)


def test_crossings_are_interpolated_in_the_logarithm():
    scores = np.array([[0.0, 0.2, 0.6], [0.5, 0.6, 0.7], [0.0, 0.1, 0.2], [0.0, 0.9, 0.1]])
    found = crossing_tokens(scores, [1e9, 1e10, 1e11], 0.4).tolist()
    assert found == pytest.approx([10**10.5, 1e9, np.inf, 10 ** (9 + 0.4 / 0.9)])


def test_never_is_later_than_any_end():
    summary = summarise_crossing(np.array([1.0, 2.0, 3.0, np.inf]))
    assert (summary.p5, summary.p50, summary.p95) == (1.0, 2.0, None)
    assert summary.not_crossed == 0.25


@given(st.floats(1e9, 1e11), st.floats(1.5, 4.0))
def test_a_law_without_spread_is_crossed_where_it_says(size, slope):
    law = small_law(slope=slope, spread=CERTAIN)
    found = crossing(outcomes(law, Trained(size, 1e15)), size, 1e15)
    expected = 10**22.5 / (6.0 * size)
    if expected > 1.01e9 and 1.0 <= expected / size <= 1e4:
        assert found.p50 == pytest.approx(expected, rel=0.02)
        assert found.not_crossed == 0.0


def test_the_score_at_the_crossing_is_the_threshold():
    law = capability_law("MMLU")
    sampled = outcomes(law, Trained(405e9, 15.6e12))
    points = np.geomspace(1e9, 15.6e12, 300)
    scores = sampled.ability(405e9, points)
    found = crossing_tokens(scores, points, law.threshold)
    row = int(np.flatnonzero(np.isfinite(found) & (found > 2e9))[0])
    at = sampled.ability(405e9, [float(found[row])])[row, 0]
    assert at == pytest.approx(law.threshold, abs=1e-3)


def test_not_crossed_is_the_share_that_ends_below():
    law = capability_law("lbv2_leaderboard_gpqa")
    model = Trained(70e9, 2e12)
    sampled = outcomes(law, model)
    below = float(np.mean(sampled.ability(70e9, [2e12])[:, 0] < law.threshold))
    assert crossing(sampled, 70e9, 2e12).not_crossed == pytest.approx(below)


def test_a_threshold_that_is_certainly_out_of_reach_has_no_quantiles():
    found = crossing(outcomes(small_law(), Trained(1e8, 1e10)), 1e8, 1e10, threshold=0.99)
    assert (found.p5, found.p50, found.p95, found.not_crossed) == (None, None, None, 1.0)


def test_twice_the_compute_per_token_crosses_earlier_as_function_or_as_array():
    law = small_law(spread=CERTAIN)
    points = np.geomspace(1e10, 1e13, 400)
    sampled = outcomes(law, Trained(7e9, 1e13))
    plain = crossing(sampled, 7e9, points)
    called = crossing(sampled, 7e9, points, lambda tokens: 12.0 * 7e9 * tokens)
    given_ = crossing(sampled, 7e9, points, 12.0 * 7e9 * points)
    assert called == given_
    assert called.p50 == pytest.approx(0.5 * plain.p50, rel=0.01)


def test_the_median_crossing_and_the_median_score_agree():
    law = replace(capability_law("bigbench_arithmetic_3ds"))
    found = crossing(outcomes(law, Trained(70e9, 2e12)), 70e9, 2e12)
    assert score_interval(law, Trained(70e9, found.p50))[1] == pytest.approx(law.threshold, abs=0.05)
    assert found.p5 < found.p50 < found.p95
