"""Lemons and the dispersion of failures over units."""

import math

import numpy as np
import pytest
from scipy import stats

from clustersim.calibration.failure_log.unequal import LEVEL, Shares, dispersion_p, lemons


def alike(units: int) -> Shares:
    return Shares(np.full(units, 1.0 / units), np.ones(units, dtype=np.int64))


def test_a_lemon_by_hand() -> None:
    """Five of eight failures on one of 100 units: 100 times the upper tail of the binomial with p = 0.01."""
    counts = np.zeros(100, dtype=np.int64)
    counts[[3, 20, 50, 70]] = [5, 1, 1, 1]
    (lemon,) = lemons(counts, alike(100))
    assert (lemon.unit, lemon.failures) == (3, 5)
    assert lemon.expected == pytest.approx(0.08)
    tail = sum(math.comb(8, k) * 0.01**k * 0.99 ** (8 - k) for k in range(5, 9))
    assert lemon.p == pytest.approx(100.0 * tail)


def test_a_unit_that_was_there_longer_may_fail_more_often() -> None:
    counts = np.array([3, 1, 1, 1])
    longer = Shares(np.array([0.7, 0.1, 0.1, 0.1]), np.ones(4, dtype=np.int64))
    assert lemons(counts, longer) == []


def test_equal_units_seldom_have_a_lemon() -> None:
    """Bonferroni bounds the share of fleets with any false lemon."""
    generator, runs = np.random.default_rng(1), 600
    called = [bool(lemons(generator.multinomial(60, [1.0 / 200] * 200), alike(200))) for _ in range(runs)]
    assert np.mean(called) < LEVEL + 4.0 * math.sqrt(LEVEL * (1.0 - LEVEL) / runs)


def test_dispersion_of_a_pair_is_the_birthday_problem() -> None:
    """Five failures on 50 units, two of them on the same: that any two share a unit has a known chance."""
    counts = np.zeros(50, dtype=np.int64)
    counts[:4] = [2, 1, 1, 1]
    chance = 1.0 - math.prod(1.0 - k / 50.0 for k in range(5))
    found = dispersion_p(counts, alike(50), "pair")
    assert found is not None
    assert abs(found - chance) < 4.0 * math.sqrt(chance * (1.0 - chance) / 2000.0)


def test_dispersion_of_many_failures_is_chi_square() -> None:
    counts = np.random.default_rng(5).poisson(20.0, 40)
    expected = counts.sum() / 40.0
    p = stats.chi2.sf(((counts - expected) ** 2).sum() / expected, 39)
    found = dispersion_p(counts, alike(40), "many")
    assert found is not None
    assert abs(found - p) < 4.0 * math.sqrt(p * (1.0 - p) / 2000.0) + 0.01


def test_unnamed_units_are_units_too() -> None:
    """Ninety-six units that never failed, in one row or in as many."""
    counts = np.array([2, 1, 1, 1])
    shares = Shares(np.full(5, 0.01), np.array([1, 1, 1, 1, 96]))
    together = dispersion_p([*counts, 0], shares, "rows")
    apart = dispersion_p([*counts, *[0] * 96], alike(100), "rows")
    assert together == pytest.approx(apart)


def test_a_single_unit_differs_from_nobody() -> None:
    assert dispersion_p([9], alike(1), "job") is None
    assert dispersion_p([1, 0], alike(2), "once") is None
