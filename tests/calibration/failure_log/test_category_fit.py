"""What the entry believes: a shape only where neither lemons nor a drift explain it."""

import math

import numpy as np
import pytest

from clustersim.calibration.failure_log.categories import Category
from clustersim.calibration.failure_log.category_fit import CategoryFit, fit_category, verdict
from tests.calibration.failure_log.logs import MEAN_S, fleet, struck_s

UNKNOWN = math.nan


def fitted(failed_s: dict[int, list[float]], units: int, length_s: float, age_s: float) -> CategoryFit:
    return fit_category(Category("fan", "node", "cooling", "crash", 0.0, failed_s), fleet(units, length_s, age_s))


def test_a_shape_that_is_rejected_is_written_with_its_mean() -> None:
    fit = fitted(struck_s(0.6, 100, 200.0, 0), 100, 200.0, 0.0)
    found = verdict(fit, 1)
    assert fit.weibull is not None
    assert found.shape == fit.weibull.shape.value
    assert found.rate_s == pytest.approx(1.0 / fit.weibull.mean_s.value)
    assert found.reason.startswith("exponential rejected, p ")


def test_more_categories_ask_for_more() -> None:
    fit = fitted(struck_s(0.75, 60, 60.0, 2), 60, 60.0, 0.0)
    assert fit.weibull is not None
    p = fit.weibull.p_exponential
    assert 0.001 < p < 0.05
    assert verdict(fit, 1).shape < 1.0
    assert verdict(fit, 1000).shape == 1.0
    assert verdict(fit, 1000).rate_s == fit.rate_s.value


def test_lemons_are_no_shape() -> None:
    """Memoryless units, two of which fail thirty times as often: taken for equal, they look like infant mortality."""
    log = struck_s(1.0, 150, 100.0, 0)
    for lemon in (3, 90):
        log[lemon] = sorted(np.random.default_rng(lemon).uniform(0.0, 100.0, 30).tolist())
    fit = fitted(log, 150, 100.0, 0.0)
    assert [lemon.unit for lemon in fit.lemons] == [3, 90] or [lemon.unit for lemon in fit.lemons] == [90, 3]
    assert fit.dispersion_p is not None
    assert fit.dispersion_p < 0.01
    found = verdict(fit, 1)
    assert found.shape == 1.0
    assert found.reason.endswith("2 lemons left out")
    assert found.rate_s == pytest.approx(fit.failures / 15_000.0)


def test_a_drift_is_no_shape() -> None:
    """A rate that falls over the window, in units of unknown age."""
    generator = np.random.default_rng(2)
    counts = generator.poisson(3.0, 60)
    log = {unit: sorted((100.0 * generator.beta(1.0, 4.0, n)).tolist()) for unit, n in enumerate(counts) if n}
    fit = fitted(log, 60, 100.0, UNKNOWN)
    assert fit.weibull is not None
    assert fit.weibull.p_exponential < 0.01
    found = verdict(fit, 1)
    assert found.shape == 1.0
    assert "the rate drifts" in found.reason


def test_a_new_fleet_drifts_by_its_shape() -> None:
    fit = fitted(struck_s(0.5, 200, 50.0, 0), 200, 50.0, 0.0)
    assert fit.trend.p_laplace is not None
    assert fit.trend.p_laplace < 0.01
    assert verdict(fit, 1).shape == pytest.approx(0.5, abs=0.1)


def test_lemons_raise_the_rate_of_a_shape() -> None:
    log = struck_s(2.0, 100, 200.0, 1)
    log[5] = np.linspace(5.0, 195.0, 40).tolist()
    fit = fitted(log, 100, 200.0, 0.0)
    (lemon,) = fit.lemons
    assert fit.weibull is not None
    raised = fit.failures / (fit.failures - lemon.failures)
    assert verdict(fit, 1).rate_s == pytest.approx(raised / fit.weibull.mean_s.value)
    assert fit.weibull.mean_s.value == pytest.approx(MEAN_S, rel=0.15)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_failures_still_have_a_rate(count: int) -> None:
    fit = fitted({number: [10.0] for number in range(count)}, 50, 100.0, UNKNOWN)
    assert fit.weibull is None
    assert fit.rate_s.value == pytest.approx(count / 5000.0)
    assert fit.rate_s.high is not None
    assert fit.rate_s.high > fit.rate_s.value
    assert verdict(fit, 1).reason == "fewer than 3 failures: not tested"
