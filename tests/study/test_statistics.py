"""Summaries by hand and against Student's table."""

from statistics import NormalDist

import numpy as np
import pytest

from clustersim.study.statistics import mean_time_between, student_quantile, summarise


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


def test_interval_of_evenly_filled_draws_is_narrower_and_still_holds() -> None:
    """Replications fill their distribution by a golden-ratio sequence; independent draws would need 0.1 / sqrt(200)."""
    golden = (5.0**0.5 - 1.0) / 2.0
    normal = NormalDist()
    held, widths = [], []
    for start in np.random.default_rng(1).random(300):
        stat = summarise([normal.inv_cdf((start + number * golden) % 1.0) * 0.1 for number in range(200)])
        held.append(stat["mean_ci95_low"] <= 0.0 <= stat["mean_ci95_high"])
        widths.append(stat["mean_ci95_high"] - stat["mean_ci95_low"])
    assert np.mean(held) > 0.95
    assert np.mean(widths) < 0.6 * 2 * 1.97 * 0.1 / 200**0.5


def test_what_cannot_be_negative_has_no_negative_interval() -> None:
    assert summarise([0.0] * 9 + [1.0])["mean_ci95_low"] == 0.0
    assert summarise([-1.0] * 9 + [1.0])["mean_ci95_low"] < -1.0


def test_time_between_events_is_pooled() -> None:
    """5 failures in 40 runs of 98.5 h: one in 788 h, not in 98.5."""
    stat = mean_time_between([98.5] * 40, [1] * 5 + [0] * 35)
    assert stat is not None
    assert stat["mean"] == pytest.approx(788.0)
    # Exact Poisson limits of a count of 5 are 1.6235 and 11.6683 (Garwood's table).
    assert stat["mean_ci95_low"] == pytest.approx(3940.0 / 11.6683, rel=1e-4)
    assert stat["mean_ci95_high"] == pytest.approx(3940.0 / 1.6235, rel=1e-4)
    assert stat["p5"] < stat["p50"] < stat["p95"]


def test_time_between_events_varies_as_the_runs_do_when_all_saw_some() -> None:
    stat = mean_time_between([100.0, 100.0, 100.0], [1, 2, 4])
    assert stat is not None
    assert stat["mean"] == pytest.approx(300.0 / 7.0)
    assert stat["p50"] == 50.0


def test_without_events_there_is_no_time_between_them() -> None:
    assert mean_time_between([100.0, 100.0], [0, 0]) is None
