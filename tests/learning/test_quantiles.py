"""Quantiles of draws, where some of them may be out of reach."""

import numpy as np
import pytest

from clustersim.learning.quantiles import quantiles, reached, reached_at


def test_quantiles_are_the_median_and_the_ends_of_nine_tenths() -> None:
    assert quantiles(np.arange(101)) == {"p5": 5.0, "p50": 50.0, "p95": 95.0}


def test_what_is_out_of_reach_is_none_and_spoils_no_other() -> None:
    draws = np.arange(101.0)
    draws[90:] = np.inf
    assert reached(draws) == {"p5": 5.0, "p50": 50.0, "p95": None}
    assert reached(np.full(10, np.inf)) == {"p5": None, "p50": None, "p95": None}
    assert reached_at(1.0, np.inf, None) == {"p5": 1.0, "p50": None, "p95": None}


def test_without_any_out_of_reach_both_agree() -> None:
    draws = np.random.default_rng(1).lognormal(size=2001)
    assert reached(draws) == pytest.approx(quantiles(draws))
