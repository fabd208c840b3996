"""What tokens are worth goes there and back, and moves the loss only the way it must."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning import final_loss, loss_law
from clustersim.learning.loss.course import cosine_rates, course
from clustersim.learning.loss.effective import EffectiveTokens
from clustersim.learning.loss.worth import tokens_for_fall, tokens_worth
from clustersim.learning.quantiles import NORMAL_90

LAW = loss_law("olmo-ladder-pile")
GRID = np.geomspace(1e6, 1e16, 200)


def worth(low: float, middle: float, high: float) -> EffectiveTokens:
    return EffectiveTokens(GRID, *(np.full_like(GRID, one) for one in (low, middle, high)))


def saturating(most: float) -> EffectiveTokens:
    factor = most * -np.expm1(-GRID / most) / GRID
    return EffectiveTokens(GRID, factor, factor, factor)


def test_its_quantiles_are_the_ends_of_the_interval() -> None:
    found = worth(0.5, 0.8, 0.9).factor([1e12, 1e13], np.array([-NORMAL_90, 0.0, NORMAL_90]))
    assert found == pytest.approx(np.array([[0.5, 0.5], [0.8, 0.8], [0.9, 0.9]]))


@given(tokens=st.floats(1e7, 1e13), most=st.floats(1e10, 1e15))
def test_there_and_back(tokens: float, most: float) -> None:
    kept = saturating(most)
    effective = float(kept.median(tokens))
    assert effective <= most * (1.0 + 1e-9)
    assert effective <= tokens * (1.0 + 1e-9)
    if tokens < 3.0 * most:
        assert float(kept.trained(effective)) == pytest.approx(tokens, rel=1e-6)
    assert float(kept.trained(1.01 * most)) == np.inf


def test_tokens_that_are_each_a_fresh_one_change_nothing() -> None:
    rates, fresh = cosine_rates(1e12, 1e10, 3e-4, 4e6), worth(1.0, 1.0, 1.0)
    at = [1e9, 1e11, 1e12]
    assert course(LAW, 7e9, rates, at, 50_000, effective=fresh) == pytest.approx(course(LAW, 7e9, rates, at, 50_000))
    assert final_loss(LAW, 7e9, 1e12, fresh) == pytest.approx(final_loss(LAW, 7e9, 1e12))
    assert tokens_for_fall(LAW, 7e9, 1e12, 0.01, fresh) == pytest.approx(tokens_for_fall(LAW, 7e9, 1e12, 0.01))


@given(factor=st.floats(0.1, 0.99))
def test_tokens_that_are_worth_less_never_lower_the_loss(factor: float) -> None:
    poorer = final_loss(LAW, 7e9, 1e12, worth(factor, factor, factor))
    assert np.all(poorer > final_loss(LAW, 7e9, 1e12))
    assert np.median(poorer) == pytest.approx(float(np.median(final_loss(LAW, 7e9, factor * 1e12))), rel=1e-3)


def test_the_same_fall_takes_more_of_tokens_that_are_worth_less_and_none_is_enough_past_what_repeats_give() -> None:
    fresh = float(np.median(tokens_for_fall(LAW, 7e9, 1e12, 0.01)))
    half = float(np.median(tokens_for_fall(LAW, 7e9, 2e12, 0.01, worth(0.5, 0.5, 0.5))))
    assert half == pytest.approx(2.0 * fresh, rel=0.02)
    assert np.all(np.isinf(tokens_for_fall(LAW, 7e9, 1e13, 0.05, saturating(1e12))))


def test_what_is_spared_is_spared_in_tokens_of_the_run() -> None:
    fresh, half = tokens_worth(LAW, 7e9, 1e12, -1e-3), tokens_worth(LAW, 7e9, 2e12, -1e-3, worth(0.5, 0.5, 0.5))
    assert fresh < 0.0
    assert half == pytest.approx(2.0 * fresh, rel=0.05)


def test_no_difference_is_worth_nothing() -> None:
    assert tokens_worth(LAW, 7e9, 1e12, 0.0, saturating(3e11)) == 0.0
