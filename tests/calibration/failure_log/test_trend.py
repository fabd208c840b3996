"""Tests of a drift: their size under a constant rate, their power under another, and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from clustersim.calibration.failure_log.trend import LEAST_FOR_LAPLACE, LEAST_FOR_MILITARY, trend
from tests.calibration.failure_log.logs import fleet, struck_s

RUNS = 250


def test_laplace_by_hand() -> None:
    """Mean 0.35 of six uniforms: u = sqrt(72) * (0.35 - 0.5) = -1.273."""
    found = trend(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]))
    assert found.p_laplace == pytest.approx(2.0 * stats.norm.sf(math.sqrt(72.0) * 0.15))
    assert (found.early, found.late) == (4, 2)
    assert found.p_military is None


def test_military_handbook_by_hand() -> None:
    moments = np.linspace(0.1, 0.8, 8)
    statistic = 2.0 * sum(math.log(1.0 / moment) for moment in moments)
    tail = stats.chi2.sf(statistic, 16)
    assert trend(moments).p_military == pytest.approx(2.0 * min(tail, 1.0 - tail))


def test_few_failures_are_not_tested() -> None:
    assert trend(np.linspace(0.1, 0.9, LEAST_FOR_LAPLACE - 1)).p_laplace is None
    assert trend(np.linspace(0.1, 0.9, LEAST_FOR_MILITARY - 1)).p_military is None
    assert trend(np.array([])).early == 0


def test_failures_at_the_ends_of_the_window_set_it_and_are_no_evidence() -> None:
    inside = [0.2, 0.3, 0.5, 0.6, 0.9]
    assert trend(np.array([0.0, *inside, 1.0])).p_laplace == trend(np.array(inside)).p_laplace


def old_fleet(shape: float) -> list[np.ndarray]:
    """Moments of the failures of simulated fleets in equilibrium."""
    units = fleet(100, 40.0)
    logs = (struck_s(shape, 100, 40.0, run, after_s=1000.0) for run in range(RUNS))
    return [units.exposed_share(np.array(sorted(t_s for own in log.values() for t_s in own))) for log in logs]


def test_a_constant_rate_is_rejected_as_often_as_the_level_says() -> None:
    found = [trend(moments) for moments in old_fleet(1.0)]
    for p in ([one.p_laplace for one in found], [one.p_military for one in found]):
        rejected = np.mean([value is not None and value < 0.1 for value in p])
        assert abs(rejected - 0.1) < 4.0 * math.sqrt(0.1 * 0.9 / RUNS)


@pytest.mark.parametrize("shape", [0.7, 1.5])
def test_a_fleet_in_equilibrium_does_not_drift(shape: float) -> None:
    centres = np.array([moments.mean() for moments in old_fleet(shape)])
    assert abs(centres.mean() - 0.5) < 4.0 * centres.std(ddof=1) / math.sqrt(RUNS)


def test_a_young_fleet_drifts() -> None:
    units = fleet(400, 20.0)
    early = [t_s for own in struck_s(0.5, 400, 20.0, 0).values() for t_s in own]
    found = trend(units.exposed_share(np.array(sorted(early))))
    assert found.early > found.late
    assert found.p_laplace is not None
    assert found.p_laplace < 1e-4
