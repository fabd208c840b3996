"""How often gradients are clipped, against what the log says of steps that the fit did not see."""

import math

import numpy as np
import pytest

from clustersim.learning.optimizer.clipping import Tail, clip_rate, exceedance, gradient_norms, warmup_clip_rate

NORMS = gradient_norms()


def test_a_lognormal_body_exceeds_its_median_half_the_time():
    assert float(exceedance(1.0, 0.3)) == 0.5


def test_the_shares_of_body_and_tails_add_up():
    tails = (Tail(0.01, 2.0, 1.3), Tail(0.001, 0.5, 3.0))
    assert float(exceedance(1e-9, 0.1, tails)) == pytest.approx(1.0)
    assert float(exceedance(6.0, 0.1, tails)) == pytest.approx(0.01 * (6.0 / 1.3) ** -2.0 + 0.001 / math.sqrt(2.0))


def test_the_sampled_norms_of_the_model_are_clipped_as_often():
    draws, generator = 200_000, np.random.default_rng(5)
    tail = Tail(0.02, 3.0, 1.3)
    in_tail = generator.random(draws) < tail.share
    norms = np.where(in_tail, 1.3 * (1.0 + generator.pareto(3.0, draws)), generator.lognormal(0.0, 0.2, draws))
    expected = float(exceedance(1.5, 0.2, (tail,)))
    assert (norms > 1.5).mean() == pytest.approx(expected, abs=4.0 * math.sqrt(expected / draws))


def test_the_warmup_is_clipped_on_a_third_of_its_steps():
    """34.1 % of the 700 steps; the fit saw the course and the widths of every twentieth window."""
    assert warmup_clip_rate(NORMS, 1.0) == pytest.approx(0.341, abs=0.02)


def test_after_it_one_step_in_ten_thousand_is():
    """2 of 18,860 steps were, 0.011 %; four standard errors of a count of two are wide."""
    assert clip_rate(NORMS, 1.0) * 18_860 == pytest.approx(2.0, abs=4.0 * math.sqrt(2.0))
    assert 5e-5 < clip_rate(NORMS, 1.0) < 2e-4


def test_the_99th_percentile_is_that_of_the_log():
    """0.54 over all steps after the warm-up, which the fit did not see."""
    assert clip_rate(NORMS, 0.54) == pytest.approx(0.01, rel=0.15)
    assert NORMS.usual == pytest.approx(0.27, abs=0.005)


def test_a_looser_clip_acts_less_often():
    for rate in (clip_rate, warmup_clip_rate):
        rates = [rate(NORMS, threshold) for threshold in (0.1, 0.3, 1.0, 3.0, 30.0)]
        assert rates == sorted(rates, reverse=True)
        assert rates[0] == pytest.approx(1.0, abs=1e-3)


def test_spikes_have_no_mean():
    assert NORMS.tails[1].exponent < 1.0
