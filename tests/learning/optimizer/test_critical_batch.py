"""The critical batch, what a larger one costs, and what a ramp saves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.optimizer.critical_batch import (
    P5_SCORE,
    Stretch,
    batch_overhead,
    critical_batch,
    critical_batch_of_size,
    deepseek_batch,
    effective_tokens,
    noise_scale,
    ramp_saving,
    steps_over_least,
    tokens_over_least,
)

LLAMA_3 = [Stretch(252e6, 4.2e6), Stretch(2.87e12, 8.4e6), Stretch(12.7e12, 16.8e6)]


def test_the_law_of_the_paper_at_the_ends_of_its_range():
    """93.20 N**0.47 sequences of 512 tokens: 752 at 85M parameters, 2,610 at 1.2B."""
    assert critical_batch_of_size(85e6) / 512 == pytest.approx(752, abs=1)
    assert critical_batch_of_size(1.2e9) / 512 == pytest.approx(2610, abs=1)


def test_at_twenty_tokens_a_parameter_both_forms_agree():
    assert critical_batch(20 * 1.2e9) == pytest.approx(critical_batch_of_size(1.2e9))


def test_the_interval_widens_beyond_the_fit():
    def width(tokens: float) -> float:
        return critical_batch(tokens, -P5_SCORE) / critical_batch(tokens)

    assert width(1e10) == width(2e10) == pytest.approx(1.51, abs=0.01)
    assert width(15e12) == pytest.approx(1.95, abs=0.01)


def test_at_the_critical_batch_tokens_are_a_fifth_more_than_the_fewest():
    assert tokens_over_least(critical_batch(1e12), noise_scale(1e12)) == pytest.approx(1.2)


@given(st.floats(1e3, 1e9), st.floats(1e3, 1e9))
def test_steps_and_tokens_trade_on_a_hyperbola(batch: float, noise: float):
    """McCandlish et al. 2018: (steps / fewest - 1) (tokens / fewest - 1) = 1."""
    over = (steps_over_least(batch, noise) - 1.0) * (tokens_over_least(batch, noise) - 1.0)
    assert over == pytest.approx(1.0, rel=1e-5)


def test_a_small_batch_loses_nothing_and_a_stretch_cut_in_two_is_the_same():
    assert effective_tokens([Stretch(1e12, 1.0)]) == pytest.approx(1e12, rel=1e-4)
    halves = [Stretch(0.5e12, 4e6), Stretch(0.5e12, 4e6)]
    assert effective_tokens(halves) == pytest.approx(effective_tokens([Stretch(1e12, 4e6)]), rel=1e-3)


def test_where_the_batch_is_far_below_critical_the_loss_is_the_integral_of_the_law():
    """Each token loses B / B_noise, which grows as the power 0.47: over the run 1 / 0.53 of what the end loses."""
    tokens, batch = 10e12, 1e4
    assert batch_overhead([Stretch(tokens, batch)]) == pytest.approx(batch / noise_scale(tokens) / 0.53, rel=0.02)


def test_the_ramp_of_llama_3_saves_some_hundred_billion_tokens():
    at_once = [Stretch(sum(stretch.tokens for stretch in LLAMA_3), 16.8e6)]
    assert batch_overhead(LLAMA_3) < batch_overhead(at_once)
    assert 2e11 < ramp_saving(LLAMA_3) < 6e11
    assert ramp_saving(at_once) == 0.0


def test_saved_tokens_at_the_end_would_bring_the_large_batch_as_far():
    saved = ramp_saving(LLAMA_3)
    longer = [Stretch(sum(stretch.tokens for stretch in LLAMA_3) + saved, 16.8e6)]
    assert effective_tokens(longer) == pytest.approx(effective_tokens(LLAMA_3), rel=1e-3)


def test_deepseeks_law_asks_for_four_times_the_batch_of_llama_3():
    assert deepseek_batch(3.8e25) == pytest.approx(68e6, rel=0.02)
