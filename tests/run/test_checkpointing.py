"""Checkpoint arithmetic by hand."""

import math

import pytest
from scipy.optimize import minimize_scalar
from scipy.special import lambertw

from clustersim.run.checkpointing import expected_wall_time_per_work, first_order_ettr, young_daly_interval


def test_young_daly_by_hand() -> None:
    """A minute every three hours: sqrt(2 * 60 * 10800) = 1138.4."""
    assert young_daly_interval(60.0, 10800.0) == pytest.approx(1138.42, abs=0.01)


def test_a_free_checkpoint_is_taken_as_often_as_can_be() -> None:
    """Even when nothing fails, where the formula is zero times infinity."""
    assert young_daly_interval(0.0, 10800.0) == 0.0
    assert young_daly_interval(0.0, math.inf) == 0.0


def test_without_failures_there_is_no_checkpoint_before_the_end() -> None:
    assert young_daly_interval(60.0, math.inf) == math.inf


def test_daly_by_hand() -> None:
    """mtbf 100, work 40, checkpoint 10, restart 20: 100 / 40 * exp(0.2) * (exp(0.5) - 1)."""
    assert expected_wall_time_per_work(40.0, 10.0, 20.0, 100.0) == pytest.approx(
        2.5 * math.exp(0.2) * (math.exp(0.5) - 1.0)
    )


def test_nothing_fails() -> None:
    assert expected_wall_time_per_work(1000.0, 10.0, 60.0, 1e12) == pytest.approx(1.01)


def test_young_daly_is_near_the_exact_optimum() -> None:
    mtbf_s, cost_s = 20_000.0, 20.0
    best_s = young_daly_interval(cost_s, mtbf_s)
    at_best = expected_wall_time_per_work(best_s, cost_s, 0.0, mtbf_s)
    others = [expected_wall_time_per_work(best_s * factor / 100.0, cost_s, 0.0, mtbf_s) for factor in range(20, 500)]
    assert at_best < 1.0002 * min(others)


def optimum_s(cost_s: float, mtbf_s: float, restart_s: float) -> float:
    """Interval at which the expected wall time is least, by trying."""
    first_s = young_daly_interval(cost_s, mtbf_s)
    found = minimize_scalar(
        lambda interval_s: expected_wall_time_per_work(interval_s, cost_s, restart_s, mtbf_s),
        bounds=(0.01 * first_s, 3.0 * first_s),
        method="bounded",
        options={"xatol": 1e-7 * first_s},
    )
    return float(found.x)


@pytest.mark.parametrize("share", [1e-6, 1e-4, 1e-3, 0.1, 1.5])
@pytest.mark.parametrize("restart_s", [0.0, 3000.0])
def test_the_exact_optimum_is_where_its_derivative_vanishes(share: float, restart_s: float) -> None:
    """``(1 - x) exp(x + cost / mtbf) = 1`` at ``x = interval / mtbf``: Lambert's W, however long a restart takes."""
    mtbf_s = 10_000.0
    exact_s = mtbf_s * (1.0 + float(lambertw(-math.exp(-share - 1.0)).real))
    assert optimum_s(share * mtbf_s, mtbf_s, restart_s) == pytest.approx(exact_s, rel=1e-3)


@pytest.mark.parametrize("share", [1e-6, 1e-5, 1e-4, 1e-3])
def test_young_daly_is_within_two_percent_of_the_exact_optimum_when_checkpoints_are_cheap(share: float) -> None:
    mtbf_s = 10_000.0
    first_s = young_daly_interval(share * mtbf_s, mtbf_s)
    assert optimum_s(share * mtbf_s, mtbf_s, 0.0) == pytest.approx(first_s, rel=0.02)
    # By two thirds of sqrt(cost / (2 mtbf)) too long, which is Daly's next term.
    next_s = first_s * (1.0 + math.sqrt(share / 2.0) / 3.0 + share / 18.0) - share * mtbf_s
    assert optimum_s(share * mtbf_s, mtbf_s, 0.0) == pytest.approx(next_s, rel=1e-4)


def test_what_a_fleet_loses_to_first_order_by_hand() -> None:
    """5 min and half an hour lost every 110.8 min: 1 - 35 / 110.8."""
    assert first_order_ettr(3600.0, 300.0, 110.77 * 60.0) == pytest.approx(1.0 - 35.0 / 110.77)
    assert first_order_ettr(3600.0, 300.0, math.inf) == 1.0
    assert first_order_ettr(3600.0, 300.0, 600.0) == 0.0, "more is lost than there is"


@pytest.mark.parametrize("mtbf_s", [300.0, 1000.0, 1e4, 1e6])
@pytest.mark.parametrize("interval_s", [1.0, 600.0, 7200.0])
@pytest.mark.parametrize("restart_s", [0.0, 60.0, 900.0])
def test_first_order_is_a_lower_bound(mtbf_s: float, interval_s: float, restart_s: float) -> None:
    exact = 1.0 / expected_wall_time_per_work(interval_s, 0.0, restart_s, mtbf_s)
    lost = (restart_s + 0.5 * interval_s) / mtbf_s
    assert first_order_ettr(interval_s, restart_s, mtbf_s) <= exact + 1e-12
    assert first_order_ettr(interval_s, restart_s, mtbf_s) == pytest.approx(exact, abs=lost**2)
