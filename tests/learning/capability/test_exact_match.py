import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.capability import (
    capability_law,
    exact_match,
    exact_match_width,
    skill_width,
    token_accuracy,
    visible_from,
)
from clustersim.learning.capability.exact_match import exact_match_curve


@given(st.floats(0.01, 1.0), st.integers(1, 30))
def test_exact_match_and_token_accuracy_are_inverses(share, tokens):
    assert float(token_accuracy(exact_match(share, tokens), tokens)) == pytest.approx(share)


@given(slope=st.floats(0.2, 6.0), tokens=st.integers(1, 40))
def test_the_longer_the_answer_the_sharper_and_the_later_its_rise(slope, tokens):
    assert exact_match_width(slope, tokens + 1) < exact_match_width(slope, tokens)
    assert skill_width(slope, tokens + 1) > skill_width(slope, tokens)
    assert visible_from(slope, tokens + 1) > visible_from(slope, tokens) >= 0.0


@pytest.mark.parametrize("tokens", [1, 3, 8])
def test_the_widths_are_those_of_the_curves(tokens):
    grid = np.linspace(-8.0, 8.0, 160_001)
    curve = exact_match_curve(1.5, grid, tokens)
    low, high = np.interp((0.1, 0.9), curve, grid).tolist()
    assert exact_match_width(1.5, tokens) == pytest.approx(high - low, abs=1e-3)
    skill = token_accuracy(1.0 / (1.0 + np.exp(-1.5 * grid)), tokens)
    low, high = np.interp((0.1, 0.9), skill, grid).tolist()
    assert skill_width(1.5, tokens) == pytest.approx(high - low, abs=1e-3) or low == grid[0]


def test_one_token_is_the_plain_logistic():
    plain = 2.0 * math.log(9.0) / 2.0
    assert exact_match_width(2.0, 1) == skill_width(2.0, 1) == pytest.approx(plain)
    assert visible_from(2.0, 1) == 0.0


def test_addition_of_three_digits_rises_more_than_twice_as_slowly_digit_by_digit():
    law = capability_law("bigbench_arithmetic_3da")
    assert law.width_decades == pytest.approx(0.84, abs=0.02)
    assert skill_width(float(law.best[0]), 4) == pytest.approx(1.89, abs=0.05)
    # A benchmark of four choices, counted without a threshold of its own, takes decades.
    assert capability_law("HellaSwag").width_decades > 4.0
