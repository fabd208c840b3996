from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning import loss_law
from clustersim.learning.loss.forms import joint_loss_nats
from clustersim.learning.loss.worth import (
    loss_slope,
    parameters_for_fall,
    tokens_for_fall,
    tokens_worth,
    worth_table,
)

LAW = loss_law("olmo-ladder-pile")


@given(st.floats(1e8, 1e12), st.floats(1e10, 1e14))
def test_the_slope_is_the_derivative(parameters, tokens):
    step = 1e-5
    lower, higher = (joint_loss_nats(LAW.draws, parameters, tokens * np.exp(sign * step)) for sign in (1.0, -1.0))
    assert loss_slope(LAW, parameters, tokens) == pytest.approx((higher - lower) / (2.0 * step), rel=1e-4, abs=1e-9)


@given(st.floats(1e9, 1e12), st.floats(1e10, 1e13), st.floats(0.001, 0.2))
def test_the_tokens_give_the_fall(parameters, tokens, nats):
    more = tokens_for_fall(LAW, parameters, tokens, nats)
    within = np.isfinite(more)
    fallen = joint_loss_nats(LAW.draws, parameters, tokens) - joint_loss_nats(
        LAW.draws, parameters, tokens + np.where(within, more, 0.0)
    )
    assert fallen[within] == pytest.approx(nats, abs=1e-6)


def test_what_the_floor_forbids_is_out_of_reach():
    assert np.all(np.isinf(tokens_for_fall(LAW, 1e9, 1e12, 5.0)))
    assert np.all(np.isinf(parameters_for_fall(LAW, 1e9, 1e12, 5.0)))


def test_a_tenth_costs_more_the_later_it_is_bought():
    table = worth_table(LAW, 70e9, [1e11, 1e12, 4e12], tokens_per_s=1e6, usd_per_s=2.0)
    for earlier, later in pairwise(table):
        assert earlier["more_tokens"]["p50"] < later["more_tokens"]["p50"]
        assert earlier["loss"]["p50"] > later["loss"]["p50"]
    one = table[1]
    assert one["days"]["p50"] == pytest.approx(one["more_tokens"]["p50"] / 1e6 / 86400.0)
    assert one["usd"]["p50"] == pytest.approx(2.0 * one["more_tokens"]["p50"] / 1e6)
    assert one["parameter_factor"]["p5"] > 1.0


def test_an_amount_that_most_draws_never_reach_is_none():
    (row,) = worth_table(LAW, 1e9, [1e13], tokens_per_s=1e6, usd_per_s=1.0, nats=0.5)
    assert row["more_tokens"]["p50"] is None
    assert row["out_of_reach_by_tokens"] > 0.5


@given(st.floats(1e9, 1e12), st.floats(1e10, 1e13))
def test_a_higher_loss_costs_tokens_and_a_lower_one_spares_some(parameters, tokens):
    assert tokens_worth(LAW, parameters, tokens, 0.0) == pytest.approx(0.0, abs=1e-6 * tokens)
    lost, spared = tokens_worth(LAW, parameters, tokens, 1e-4), tokens_worth(LAW, parameters, tokens, -1e-4)
    assert lost > 0.0 > spared > -tokens
    assert lost == pytest.approx(-spared, rel=0.2)


def test_no_tokens_make_up_for_what_the_floor_forbids():
    assert tokens_worth(LAW, 1e9, 1e12, 5.0) == float("inf")
