"""Rates that change in the course of a run."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate

from clustersim.run.failures.ageing import (
    DAY_S,
    HOTTEST_DAY_S,
    HOTTEST_HOUR_S,
    NO_AGEING,
    YEAR_S,
    AgeingPlan,
    OperationalTime,
    hazard_factor,
    warmer_k,
)
from clustersim.run.failures.clocks import failures
from clustersim.run.failures.lifetimes import WeibullLife
from clustersim.run.plan import CategoryPlan
from clustersim.run.streams import stream

INFANT = AgeingPlan(infant_factor=3.0, infant_decay_s=30 * DAY_S)
DRIFT = AgeingPlan(drift_per_year=0.2)
HEAT = AgeingPlan(per_kelvin=math.log(2.0) / 10.0, daily_swing_k=10.0, yearly_swing_k=20.0, start_s=10 * DAY_S)


def factor(plan: AgeingPlan, t_s: float) -> float:
    return float(hazard_factor(plan, np.array([t_s]))[0])


def test_factors_by_hand() -> None:
    assert factor(INFANT, 0.0) == 3.0
    assert factor(INFANT, 30 * DAY_S) == pytest.approx(1.0 + 2.0 / math.e)
    assert factor(replace(INFANT, fleet_age_s=30 * DAY_S), 0.0) == pytest.approx(1.0 + 2.0 / math.e)
    assert factor(DRIFT, 2 * YEAR_S) == pytest.approx(1.44)
    assert factor(NO_AGEING, 123.0) == 1.0


def test_hottest_and_coldest_moment() -> None:
    """15 K above the mean on the hottest afternoon of July, 15 K below half a year and half a day later."""
    hottest_s = HOTTEST_DAY_S + HOTTEST_HOUR_S - HEAT.start_s
    coldest_s = HOTTEST_DAY_S + 182 * DAY_S + HOTTEST_HOUR_S + DAY_S / 2 - HEAT.start_s
    assert warmer_k(HEAT, np.array([hottest_s, coldest_s])) == pytest.approx([15.0, -15.0], abs=0.01)
    assert factor(HEAT, hottest_s) == pytest.approx(2.0**1.5, rel=1e-3)


@pytest.mark.parametrize("plan", [INFANT, DRIFT, HEAT])
@pytest.mark.parametrize("days", [0.5, 40.0, 800.0])
def test_operational_time_is_the_integral(plan: AgeingPlan, days: float) -> None:
    grid_s = np.linspace(0.0, days * DAY_S, 200_001)
    expected_s = integrate.trapezoid(hazard_factor(plan, grid_s), grid_s)
    time = OperationalTime(plan)
    assert time.operational_s(days * DAY_S) == pytest.approx(expected_s, rel=2e-3)
    assert time.wall_s(time.operational_s(days * DAY_S)) == pytest.approx(days * DAY_S)


@pytest.mark.parametrize("shape", [1.0, 0.7])
def test_failures_come_as_often_as_the_factor_says(shape: float) -> None:
    """Counts of a fleet in a year, of a factor that falls from 3 to 1, against what operational time says."""
    units, runs = 200, 60
    mean_s = YEAR_S / 3.0
    category = CategoryPlan("x", "gpu", units, 1.0 / mean_s, lifetime=WeibullLife(shape))
    for end_s in (20 * DAY_S, YEAR_S):
        counts, plain = (
            np.array(
                [
                    len(
                        list(
                            itertools.takewhile(
                                lambda f, until_s=until_s: f.t_s < until_s,
                                failures(category, stream(0, r, "x"), ageing=ageing),
                            )
                        )
                    )
                    for r in range(runs)
                ]
            )
            for ageing, until_s in ((INFANT, end_s), (NO_AGEING, OperationalTime(INFANT).operational_s(end_s)))
        )
        assert (counts == plain).all(), "the same failures, at other times"
        if shape == 1.0:
            expected = units * OperationalTime(INFANT).operational_s(end_s) / mean_s
            assert abs(counts.mean() - expected) < 4.0 * math.sqrt(expected / runs)


def test_a_plan_without_ageing_changes_nothing() -> None:
    assert not NO_AGEING.changes
    assert not AgeingPlan(per_kelvin=0.1).changes, "no swing"
    assert not AgeingPlan(daily_swing_k=10.0).changes, "no effect of heat"
    assert INFANT.changes
    assert DRIFT.changes
    assert HEAT.changes


@pytest.mark.parametrize("drift", [-0.2, 0.1])
def test_what_fails_in_a_million_years_has_its_moment_too(drift: float) -> None:
    """Rates that fall by a fifth every year have all of 4.5 years left: what is due after that never is, in a run."""
    time = OperationalTime(AgeingPlan(drift_per_year=drift))
    at_s = [time.wall_s(years * YEAR_S) for years in (1.0, 4.0, 5.0, 1e3, 1e6)]
    assert at_s == sorted(at_s)
    assert at_s[1] < 12.0 * YEAR_S
    assert at_s[-1] > 50.0 * YEAR_S


def test_a_rate_that_dies_out_lets_nothing_fail_any_more() -> None:
    time = OperationalTime(AgeingPlan(drift_per_year=-0.9999999999))
    assert time.wall_s(YEAR_S) == math.inf
