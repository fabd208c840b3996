"""The likelihood of a gap by hand, by integration and against scipy."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from clustersim.calibration.failure_log.likelihood import WeibullLikelihood
from clustersim.run.failures.lifetimes import weibull_scale_s
from tests.calibration.failure_log.logs import gaps

UNKNOWN = math.nan


def log_value(likelihood: WeibullLikelihood, shape: float, mean: float) -> float:
    return likelihood.at(shape).value(math.log(mean / likelihood.unit_s))


def density(length: float, age: float, shape: float, mean: float, failed: bool = True) -> float:
    """Likelihood of one gap [1/s with a failure], beside a gap that sets the unit of time."""
    alone = WeibullLikelihood(gaps([1.0], [True], [0.0]))
    both = WeibullLikelihood(gaps([1.0, length], [True, failed], [0.0, age]))
    value = log_value(both, shape, mean) - log_value(alone, shape, mean)
    # Densities count in the unit of time of their own.
    return math.exp(value) / both.unit_s ** (1 + failed) * alone.unit_s


def test_memoryless_gaps_by_hand() -> None:
    """At shape 1 the age does not matter, known or not."""
    for age in (0.0, 7.0, UNKNOWN):
        assert density(3.0, age, 1.0, 5.0) == pytest.approx(math.exp(-0.6) / 5.0)
        assert density(3.0, age, 1.0, 5.0, failed=False) == pytest.approx(math.exp(-0.6))


@pytest.mark.parametrize("shape", [0.6, 2.5])
@pytest.mark.parametrize("age", [0.0, 4.0, UNKNOWN])
def test_density_and_survival_agree(shape: float, age: float) -> None:
    area, _ = integrate.quad(lambda t: density(t, age, shape, 5.0), 2.0, 6.0)
    left = [density(t, age, shape, 5.0, failed=False) for t in (2.0, 6.0)]
    assert area == pytest.approx(left[0] - left[1], rel=1e-6)


@pytest.mark.parametrize("shape", [0.6, 2.5])
def test_an_age_is_a_condition(shape: float) -> None:
    law = stats.weibull_min(shape, scale=weibull_scale_s(5.0, shape))
    assert density(3.0, 4.0, shape, 5.0) == pytest.approx(law.pdf(7.0) / law.sf(4.0))
    assert density(3.0, 4.0, shape, 5.0, failed=False) == pytest.approx(law.sf(7.0) / law.sf(4.0))


@pytest.mark.parametrize("shape", [0.6, 2.5])
def test_an_unknown_age_is_that_of_equilibrium(shape: float) -> None:
    """Density of what is left of a life in equilibrium: the survival function over the mean."""
    law = stats.weibull_min(shape, scale=weibull_scale_s(5.0, shape))
    assert density(3.0, UNKNOWN, shape, 5.0) == pytest.approx(law.sf(3.0) / 5.0)


def test_a_short_gap_at_a_great_age_keeps_its_digits() -> None:
    law = stats.weibull_min(3.0, scale=weibull_scale_s(1e3, 3.0))
    assert density(1e-6, 1e3, 3.0, 1e3) == pytest.approx(law.pdf(1e3) / law.sf(1e3), rel=1e-6)


@pytest.mark.parametrize("age", [0.0, 30.0, UNKNOWN])
@pytest.mark.parametrize("shape", [0.15, 1.0, 9.0])
def test_the_best_mean_is_the_highest_point(age: float, shape: float) -> None:
    likelihood = WeibullLikelihood(gaps([3.0, 8.0, 40.0, 5.0], [True, True, False, False], [age, 0.0, age, 0.0]))
    curve = likelihood.at(shape)
    best = curve.best()
    assert all(curve.value(best + math.log(factor)) < curve.value(best) for factor in (0.2, 0.99, 1.01, 5.0))


def test_far_tails_join_without_a_step() -> None:
    """The survival function in equilibrium goes over to its asymptote far out."""
    length = [weibull_scale_s(1.0, 2.0) * math.sqrt(hazard) for hazard in (499.0, 499.9, 500.1, 501.0)]
    alone = [WeibullLikelihood(gaps([1.0, t], [True, False], [0.0, UNKNOWN])) for t in length]
    fall = np.diff([log_value(one, 2.0, 1.0) + math.log(one.unit_s) for one in alone])
    np.testing.assert_allclose(fall[1] / fall[::2].mean(), 0.2 / 0.9, rtol=1e-4)
