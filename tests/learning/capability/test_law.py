import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.capability.law import (
    Trained,
    covariates,
    logistic,
    placed,
    score,
    width_decades,
)
from tests.learning.capability.laws import small_law

SIZES = st.floats(1e7, 1e13)
TOKENS = st.floats(1e8, 1e15)


def test_the_score_is_halfway_where_the_argument_is_zero():
    coefficients = np.array([2.0, 0.5, 1.0, 0.85])
    assert float(score(coefficients, 0.25, -0.5, 0.0, 0.0)) == pytest.approx(0.55)
    # One decade up, a tenth of the tokens per parameter, an offset of half: 2 - 0.5 + 0.5 from the middle.
    expected = 0.25 + 0.6 / (1.0 + math.exp(-2.0))
    assert float(score(coefficients, 0.25, 0.5, -1.0, 0.5)) == pytest.approx(expected)


@given(compute=st.floats(-8.0, 8.0), more=st.floats(0.01, 4.0), slope=st.floats(0.05, 6.0), offset=st.floats(-5.0, 5.0))
def test_more_compute_never_hurts_and_the_score_keeps_between_floor_and_ceiling(compute, more, slope, offset):
    coefficients = np.array([slope, 0.3, -0.5, 0.9])
    below, above = score(coefficients, 0.25, np.array([compute, compute + more]), 0.0, offset).tolist()
    assert 0.25 <= below <= above <= 0.9


@given(size=SIZES, tokens=TOKENS, more=st.floats(1.0, 100.0))
def test_more_tokens_and_more_parameters_never_lower_the_effective_compute(size, tokens, more):
    start, _ = covariates(size, tokens)
    assert float(covariates(size, tokens * more)[0]) >= float(start) - 1e-9
    assert float(covariates(size * more, tokens)[0]) >= float(start) - 1e-9


def test_compute_is_counted_from_the_middle_of_the_fitted_models():
    compute, ratio = covariates(7e9, 7e11)
    assert float(compute) == pytest.approx(math.log10(6 * 7e9 * 7e11) - 22.5)
    assert float(ratio) == pytest.approx(0.0)
    assert float(covariates(7e9, 7e11, 1e23)[0]) == pytest.approx(0.5)


def test_tokens_far_beyond_the_parameters_count_for_nothing():
    most = covariates(1e9, 1e13)
    assert np.array(covariates(1e9, 1e15)) == pytest.approx(np.array(most))
    assert float(most[1]) == pytest.approx(2.0)


def test_parameters_beyond_one_per_token_count_for_nothing():
    assert np.array(covariates(1e12, 1e10)) == pytest.approx(np.array(covariates(1e10, 1e10)))


@given(compute=st.floats(-4.0, 4.0), ratio=st.floats(-1.9, 1.9))
def test_a_model_is_placed_where_its_covariates_say(compute, ratio):
    model = placed(compute, ratio)
    assert covariates(model.parameters, model.tokens) == pytest.approx((compute, ratio), abs=1e-9)


def test_compute_is_six_per_parameter_and_token_unless_stated():
    assert Trained(1e9, 1e11).compute == pytest.approx(6e20)
    assert Trained(1e9, 1e11, 7e20).compute == 7e20


def test_the_width_holds_from_a_tenth_to_nine_tenths():
    width = width_decades(2.5)
    low, high = logistic(2.5 * np.array([-0.5, 0.5]) * width).tolist()
    assert (low, high) == pytest.approx((0.1, 0.9))
    assert width_decades(0.0) == width_decades(-1.0) == math.inf


def test_the_midpoint_is_where_the_median_family_reaches_the_threshold():
    law = small_law()
    assert law.threshold == pytest.approx(0.6)
    assert law.midpoint_flops == pytest.approx(10**22.5)
    assert small_law(slope=-1.0).midpoint_flops == math.inf
    assert small_law(slope=2.0).width_decades == pytest.approx(math.log(81.0) / 2.0)


def test_decades_beyond_are_zero_inside():
    assert small_law().decades_beyond(1e23) == 0.0
    assert small_law().decades_beyond(3e25) == pytest.approx(1.0)
