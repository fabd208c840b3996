"""The rate and its exact interval against the Poisson law."""

import numpy as np
import pytest
from scipy import stats

from clustersim.calibration.failure_log.exponential import failure_rate


@pytest.mark.parametrize("failures", [1, 2, 30])
def test_each_end_leaves_five_per_cent(failures: int) -> None:
    value, low, high = failure_rate(failures, 50.0)
    assert value == pytest.approx(failures / 50.0)
    assert low is not None
    assert high is not None
    assert stats.poisson.sf(failures - 1, low * 50.0) == pytest.approx(0.05)
    assert stats.poisson.cdf(failures, high * 50.0) == pytest.approx(0.05)


def test_no_failure_still_has_an_upper_end() -> None:
    value, low, high = failure_rate(0, 10.0)
    assert (value, low) == (0.0, 0.0)
    assert high == pytest.approx(-np.log(0.05) / 10.0)


@pytest.mark.parametrize("expected", [0.3, 2.0, 9.0, 60.0])
def test_the_interval_holds_the_truth_at_least_as_often_as_it_says(expected: float) -> None:
    counts = np.arange(int(expected + 12.0 * np.sqrt(expected) + 20.0))
    ends = [failure_rate(int(count), 1.0)[1:] for count in counts]
    holds = [low <= expected <= high for low, high in ends]  # type: ignore[operator]
    assert stats.poisson.pmf(counts, expected)[holds].sum() >= 0.90
