"""The Weibull fit against scipy, and its interval over simulated logs."""

import math

import numpy as np
import pytest
from scipy import stats

from clustersim.calibration.failure_log.estimate import Estimate
from clustersim.calibration.failure_log.weibull import LEAST_FAILURES, WeibullFit, fit_weibull
from tests.calibration.failure_log.logs import MEAN_S, fleet, gaps, struck_s

LOGS, UNITS, LENGTH_S = 80, 60, 150.0
OLD_S = 30.0 * MEAN_S
"""Long enough for equilibrium."""
UNKNOWN = math.nan


@pytest.mark.parametrize("shape", [0.6, 1.0, 2.2])
def test_new_units_as_scipy_fits_them(shape: float) -> None:
    generator = np.random.default_rng(3)
    lives = 100.0 * generator.weibull(shape, 150)
    failed, seen = lives < 80.0, np.minimum(lives, 80.0)
    found = fit_weibull(gaps(seen.tolist(), failed.tolist(), [0.0] * 150))
    assert found is not None
    data = stats.CensoredData(uncensored=seen[failed], right=seen[~failed])
    other, _, scale = stats.weibull_min.fit(data, floc=0.0)
    assert found.shape.value == pytest.approx(other, rel=1e-4)
    assert found.mean_s.value == pytest.approx(scale * math.gamma(1.0 + 1.0 / other), rel=1e-4)


def test_the_interval_is_where_the_likelihood_falls_by_1_35() -> None:
    """By hand for the mean at fixed data of shape near 1: twice the fall of the profile is 2.71 at both ends."""
    found = fit_weibull(gaps([5.0, 9.0, 2.0, 30.0, 14.0, 20.0], [True] * 5 + [False], [0.0] * 6))
    assert found is not None
    assert found.shape.low is not None
    assert found.shape.high is not None
    data = stats.CensoredData(uncensored=[5.0, 9.0, 2.0, 30.0, 14.0], right=[20.0])

    def highest(shape: float | None) -> float:
        fixed = {} if shape is None else {"f0": shape}
        other, _, scale = stats.weibull_min.fit(data, floc=0.0, **fixed)
        law = stats.weibull_min(other, scale=scale)
        return float(law.logpdf([5.0, 9.0, 2.0, 30.0, 14.0]).sum() + law.logsf(20.0))

    for end in (found.shape.low, found.shape.high):
        assert 2.0 * (highest(None) - highest(end)) == pytest.approx(stats.chi2.ppf(0.9, 1), rel=1e-3)
    assert found.p_exponential == pytest.approx(stats.chi2.sf(2.0 * (highest(None) - highest(1.0)), 1), rel=1e-3)


def test_too_few_failures_are_not_fitted() -> None:
    few = LEAST_FAILURES - 1
    assert fit_weibull(gaps([3.0] * few + [9.0], [True] * few + [False], [0.0] * (few + 1))) is None


def test_an_end_that_the_data_do_not_set_is_open() -> None:
    """Single failures of units of unknown age say nothing against lives that are all alike."""
    found = fit_weibull(gaps([1.0, 2.0, 3.0, 4.0, 4.0], [True] * 3 + [False] * 2, [UNKNOWN] * 5))
    assert found is not None
    assert found.shape.high is None
    assert found.p_exponential > 0.05


def test_alike_units_may_share_a_row() -> None:
    lengths, failed = [4.0, 7.0, 1.0] + [10.0] * 50, [True] * 3 + [False] * 50
    apart = gaps(lengths, failed, [UNKNOWN] * 53)
    together = gaps(lengths[:4], failed[:4], [UNKNOWN] * 4)
    together.units[3] = 50
    one, other = fit_weibull(apart), fit_weibull(together)
    assert one is not None
    assert other is not None
    assert one.mean_s.value == pytest.approx(other.mean_s.value, rel=1e-6)
    assert one.p_exponential == pytest.approx(other.p_exponential, rel=1e-6)


def fitted(shape: float, age_s: float, after_s: float, told_s: float) -> list[WeibullFit]:
    units = fleet(UNITS, LENGTH_S, told_s)
    found = [fit_weibull(units.gaps(struck_s(shape, UNITS, LENGTH_S, run, age_s, after_s))) for run in range(LOGS)]
    return [one for one in found if one is not None]


def holds(estimate: Estimate, truth: float) -> bool:
    return (estimate.low is None or estimate.low <= truth) and (estimate.high is None or truth <= estimate.high)


@pytest.mark.parametrize("shape", [0.7, 1.0, 1.5])
@pytest.mark.parametrize(
    ("age_s", "after_s", "told_s"),
    [(0.0, 0.0, 0.0), (50.0, 0.0, 50.0), (0.0, OLD_S, UNKNOWN)],
    ids=["new", "of known age", "in equilibrium"],
)
def test_intervals_hold_the_truth(shape: float, age_s: float, after_s: float, told_s: float) -> None:
    found = fitted(shape, age_s, after_s, told_s)
    assert len(found) == LOGS
    tolerance = 4.0 * math.sqrt(0.9 * 0.1 / LOGS)
    assert abs(np.mean([holds(one.shape, shape) for one in found]) - 0.9) < tolerance
    assert abs(np.mean([holds(one.mean_s, MEAN_S) for one in found]) - 0.9) < tolerance
    logs = np.log([one.shape.value / shape for one in found])
    # The likelihood puts the shape too high by (n - 0.68) / (n - 2): Ross (1994), :doi:`10.1109/94.300257`.
    bias = math.log(69.32 / 68.0)
    assert abs(logs.mean()) < 4.0 * logs.std(ddof=1) / math.sqrt(LOGS) + bias
    if shape == 1.0:
        rejected = np.mean([one.p_exponential < 0.05 for one in found])
        assert rejected < 0.05 + 4.0 * math.sqrt(0.05 * 0.95 / LOGS)


@pytest.mark.parametrize("shape", [0.7, 1.5])
def test_an_old_fleet_taken_for_new_is_fitted_wrong(shape: float) -> None:
    """Why the first gap of an unknown age has a law of its own."""
    found = fitted(shape, 0.0, OLD_S, 0.0)
    assert np.mean([holds(one.mean_s, MEAN_S) for one in found]) < 0.9 - 4.0 * math.sqrt(0.9 * 0.1 / LOGS)
