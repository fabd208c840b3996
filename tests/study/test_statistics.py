"""Summaries by hand and against Student's table."""

import numpy as np
import pytest

from clustersim.study.statistics import student_quantile, summarise


@pytest.mark.parametrize(("degrees", "quantile"), [(1, 12.7062), (9, 2.2622), (29, 2.0452), (10**6, 1.95997)])
def test_student_quantile_is_that_of_the_table(degrees: int, quantile: float) -> None:
    assert student_quantile(degrees) == pytest.approx(quantile, abs=1e-4)


def test_summary_by_hand() -> None:
    """1 to 5: mean 3, standard deviation sqrt(2.5), half width 2.7764 * sqrt(2.5 / 5)."""
    stat = summarise([1.0, 2.0, 3.0, 4.0, 5.0])
    assert stat["mean"] == stat["p50"] == 3.0
    assert (stat["p5"], stat["p10"], stat["p90"], stat["p95"]) == pytest.approx((1.2, 1.4, 4.6, 4.8))
    assert stat["mean_ci95_high"] - 3.0 == pytest.approx(2.7764 * 0.5**0.5, abs=1e-4)
    assert 3.0 - stat["mean_ci95_low"] == pytest.approx(2.7764 * 0.5**0.5, abs=1e-4)


def test_no_spread() -> None:
    assert set(summarise([7.0] * 5).values()) == {7.0}


def test_interval_holds_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    runs = 2000
    stats = [summarise(rng.exponential(1.0, 60)) for _ in range(runs)]
    held = np.mean([s["mean_ci95_low"] <= 1.0 <= s["mean_ci95_high"] for s in stats])
    assert 0.95 - 0.02 < held < 0.95 + 4.0 * np.sqrt(0.95 * 0.05 / runs), "skewed data cost up to two points"
