"""What repeated tokens are worth."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clustersim.learning.corpus import (
    best_split,
    constrained_loss,
    effective_parameters,
    effective_tokens,
    repetition_shift_nats,
    worth_of_epoch,
    worth_of_next_token,
)
from clustersim.learning.corpus.repetition import R_DATA
from clustersim.learning.loss.law import loss_nats

BESIROGLU = np.array([1.8172, 482.01, 2085.43, 0.3478, 0.3658])

amounts = st.floats(1e6, 1e15)


def loss(parameters: float, tokens: float) -> float:
    return float(loss_nats(BESIROGLU, parameters, tokens))


@given(unique=amounts, seen=amounts)
def test_effective_tokens_lie_between_unique_and_seen(unique: float, seen: float) -> None:
    worth = effective_tokens(unique, seen)
    assert min(unique, seen) * (1.0 - 1e-12) <= worth <= seen * (1.0 + 1e-12)
    assert worth <= unique * (1.0 + R_DATA) * (1.0 + 1e-12)


@given(unique=amounts, seen=amounts, more=st.floats(1.0, 10.0))
def test_more_tokens_and_more_unique_tokens_are_never_worth_less(unique: float, seen: float, more: float) -> None:
    worth = effective_tokens(unique, seen) * (1.0 - 1e-12)
    assert effective_tokens(unique, seen * more) >= worth
    assert effective_tokens(unique * more, seen) >= worth
    assert effective_tokens(unique, seen, R_DATA * more) >= worth


@given(epochs=st.floats(1.0, 100.0))
def test_worth_of_the_next_token_is_the_slope(epochs: float) -> None:
    step = 1e-5
    slope = (effective_tokens(1.0, epochs + step) - effective_tokens(1.0, epochs)) / step
    assert slope == pytest.approx(worth_of_next_token(1.0, epochs), rel=1e-4)


def test_worth_of_epochs_as_the_paper_tells_it() -> None:
    """Four epochs nearly free; at the sixteenth repetition the worth has fallen to 1/e."""
    assert [worth_of_epoch(number) for number in (1, 2)] == pytest.approx([1.0, 0.968], abs=1e-3)
    assert effective_tokens(1.0, 4.0) / 4.0 == pytest.approx(0.93, abs=0.01)
    assert worth_of_next_token(1.0, 1.0 + R_DATA) == pytest.approx(math.exp(-1.0))
    assert sum(worth_of_epoch(number) for number in range(1, 8)) == pytest.approx(effective_tokens(1.0, 7.0))


def test_the_loss_shift_of_a_law_that_is_given() -> None:
    worth = effective_tokens(100e9, 400e9)
    shift = repetition_shift_nats(loss, 7e9, 400e9, worth)
    assert shift == pytest.approx(loss(7e9, worth) - loss(7e9, 400e9))
    assert 0.0 < shift < 0.01
    assert repetition_shift_nats(loss, 7e9, 400e9, 400e9) == 0.0


@given(parameters=st.floats(1e7, 1e12), tokens=st.floats(1e9, 1e13), unique=st.floats(1e9, 1e13))
def test_a_constrained_loss_is_never_below_that_of_fresh_tokens(
    parameters: float, tokens: float, unique: float
) -> None:
    assert constrained_loss(loss, parameters, tokens, unique) >= loss(parameters, tokens) - 1e-12


def test_parameters_that_the_data_do_not_call_for_are_worth_less() -> None:
    assert effective_parameters(1e9, 2e9) == 1e9
    assert 2e9 < effective_parameters(4e9, 2e9) < 4e9
    assert effective_parameters(1e15, 1e9) == pytest.approx(6.309743e9)


def test_with_plenty_of_data_compute_is_split_as_without_a_limit() -> None:
    """6 N D = 1e21 FLOP: the minimum of the law itself, N = G (C / 6)^(beta / (alpha + beta))."""
    _floor, size, data, alpha, beta = BESIROGLU
    scale = (alpha * size / (beta * data)) ** (1.0 / (alpha + beta))
    best = best_split(loss, 1e21, 1e13)
    assert best.epochs < 1.0
    assert best.parameters == pytest.approx(scale * (1e21 / 6.0) ** (beta / (alpha + beta)), rel=0.05)


@pytest.mark.parametrize("flops", [1e20, 1e21, 1e22])
def test_the_best_split_beats_its_neighbours_and_repeats_where_data_are_short(flops: float) -> None:
    unique = 1e9
    best = best_split(loss, flops, unique)
    assert best.tokens == pytest.approx(best.epochs * unique)
    assert 6.0 * best.parameters * best.tokens == pytest.approx(flops)
    for factor in (0.5, 0.9, 1.1, 2.0):
        tokens = best.tokens * factor
        assert best.loss_nats <= constrained_loss(loss, flops / 6.0 / tokens, tokens, unique)


def test_more_compute_on_the_same_data_is_best_spent_on_more_epochs() -> None:
    epochs = [best_split(loss, flops, 1e9).epochs for flops in (1e20, 1e21, 1e22)]
    assert epochs == sorted(epochs)
    assert epochs[0] > 1.0


@given(unique=amounts, other=amounts, seen=amounts, share=st.floats(0.01, 0.99))
def test_sources_by_themselves_are_never_worth_more_than_one_corpus(
    unique: float, other: float, seen: float, share: float
) -> None:
    assume(seen > 0.0)
    apart = effective_tokens(unique, share * seen) + effective_tokens(other, (1.0 - share) * seen)
    assert apart <= effective_tokens(unique + other, seen) * (1.0 + 1e-9)
