"""Laws of the time to failure: their mean, their age, and scipy's laws as the oracle."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from clustersim.run.failures.lifetimes import (
    EXPONENTIAL,
    EmpiricalLife,
    Lifetime,
    LognormalLife,
    WeibullLife,
    weibull_scale_s,
)

LAWS = (EXPONENTIAL, WeibullLife(0.7), WeibullLife(2.0), LognormalLife(0.5), LognormalLife(1.9),
        EmpiricalLife((3.0, 40.0, 41.0, 41.0, 300.0)))  # fmt: skip
QUANTILES = (np.arange(200_000) + 0.5) / 200_000


def lives(law: Lifetime, age: float = 0.0) -> np.ndarray:
    """Remaining lives at evenly spaced quantiles."""
    return law.remaining(-np.log1p(-QUANTILES), np.full(len(QUANTILES), age))


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_mean_life_is_one(law: Lifetime) -> None:
    assert lives(law).mean() == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(
    ("law", "oracle"),
    [
        (EXPONENTIAL, stats.expon()),
        (WeibullLife(0.7), stats.weibull_min(0.7, scale=weibull_scale_s(1.0, 0.7))),
        (WeibullLife(2.0), stats.weibull_min(2.0, scale=weibull_scale_s(1.0, 2.0))),
        (LognormalLife(0.8), stats.lognorm(0.8, scale=math.exp(-0.32))),
    ],
)
@pytest.mark.parametrize("age", [0.0, 0.3, 2.5])
def test_what_is_left_at_an_age(law: Lifetime, oracle: stats.rv_continuous, age: float) -> None:
    """The conditional survival function, at the quantiles that scipy's own inverse gives."""
    survival = (0.999, 0.5, 0.01)
    expected = [oracle.isf(s * oracle.sf(age)) - age for s in survival]
    found = law.remaining(-np.log(survival), np.full(3, age))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose([law.remaining(-math.log(s), age) for s in survival], expected, rtol=1e-9)


def test_observed_lives_come_back() -> None:
    """At the hazards 1/3, 1/3 + 1/2 and 1/3 + 1/2 + 1 of three lives; half way between them on a line."""
    law = EmpiricalLife((10.0, 20.0, 40.0))
    ages = law.remaining(np.array([1 / 3, 5 / 6, 11 / 6]), np.zeros(3))
    np.testing.assert_allclose(ages / ages[0], [1.0, 2.0, 4.0])
    assert law.remaining(1 / 6, 0.0) == pytest.approx(ages[0] / 2)
    assert law.remaining(11 / 6 + 1.0, 0.0) - ages[2] == pytest.approx(2.0 * ages[0]), "as between the last two"


def test_equal_lives_end_one_after_the_other() -> None:
    law = EmpiricalLife((10.0, 10.0, 20.0))
    both, last = law.remaining(np.array([1 / 3 + 1 / 2, 1 / 3 + 1 / 2 + 1.0]), np.zeros(2))
    assert last == pytest.approx(2.0 * both)


def test_a_sample_of_many_lives_is_its_own_law() -> None:
    sample = stats.gamma(2.0).rvs(4000, random_state=1)
    law = EmpiricalLife(tuple(sample))
    found = law.remaining(np.random.default_rng(2).standard_exponential(4000), np.zeros(4000))
    assert stats.ks_2samp(found * sample.mean(), sample).pvalue > 2.0 * stats.norm.sf(4.0)


@given(st.sampled_from(LAWS), st.floats(0.0, 5.0), st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_hazards_add_up(law: Lifetime, age: float, first: float, second: float) -> None:
    """To live through one hazard and then another is to live through both."""
    reached = age + law.remaining(first, age)
    both = reached + law.remaining(second, reached)
    assert both == pytest.approx(age + law.remaining(first + second, age), rel=1e-6, abs=1e-9)


def test_which_laws_have_no_memory() -> None:
    assert [law.memoryless for law in (EXPONENTIAL, WeibullLife(1.0), WeibullLife(0.9), LognormalLife(1.0))] == [
        True, True, False, False,
    ]  # fmt: skip


def test_weibull_scale_by_hand() -> None:
    """Gamma(1 + 1/1) = 1, Gamma(1 + 1/0.5) = 2, and at a shape of 0.005 far beyond the largest float."""
    assert weibull_scale_s(100.0, 1.0) == pytest.approx(100.0)
    assert weibull_scale_s(100.0, 0.5) == pytest.approx(50.0)
    assert weibull_scale_s(100.0, 0.005) == 0.0


def test_equal_samples_are_equal_laws() -> None:
    assert EmpiricalLife((1.0, 2.0)) == EmpiricalLife((1.0, 2.0))
    assert len({EmpiricalLife((1.0, 2.0)), EmpiricalLife((1.0, 2.0)), EmpiricalLife((1.0, 3.0))}) == 2
    assert repr(EmpiricalLife((1.0, 2.0))) == "EmpiricalLife(2 lives)"
