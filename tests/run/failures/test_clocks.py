"""Failure clocks against their laws."""

import inspect
import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats

from clustersim.run.failures.ageing import AgeingPlan
from clustersim.run.failures.clocks import Failure, failures, mixed_failures
from clustersim.run.failures.lifetimes import WeibullLife, weibull_scale_s
from clustersim.run.plan import CategoryPlan
from clustersim.run.streams import stream

FOUR_SIGMA = 2.0 * stats.norm.sf(4.0)
"""A p value that four standard errors correspond to."""


def clock(
    units: int, mean_s: float, shape: float = 1.0, age_s: float = 0.0, replication: int = 0, name: str = "x"
) -> Iterator[Failure]:
    category = CategoryPlan(name, "gpu", units, 1.0 / mean_s, lifetime=WeibullLife(shape))
    return failures(category, stream(0, replication, name), age_s)


def until(source: Iterator[Failure], end_s: float) -> list[Failure]:
    return list(itertools.takewhile(lambda failure: failure.t_s < end_s, source))


def test_counts_are_poisson_in_mean_and_variance() -> None:
    expected, runs = 200.0, 400
    counts = np.array([len(until(clock(50, 50.0, replication=r), expected)) for r in range(runs)])
    assert abs(counts.mean() - expected) < 4.0 * counts.std(ddof=1) / math.sqrt(runs)
    assert abs(counts.var(ddof=1) / expected - 1.0) < 4.0 * math.sqrt(2.0 / (runs - 1))


def test_gaps_are_exponential_and_victims_uniform() -> None:
    sample = list(itertools.islice(clock(10, 70.0), 20_000))
    gaps_s = np.diff([0.0, *(failure.t_s for failure in sample)])
    assert stats.kstest(gaps_s, "expon", (0.0, 7.0)).pvalue > FOUR_SIGMA
    assert stats.chisquare(np.bincount([failure.unit for failure in sample], minlength=10)).pvalue > FOUR_SIGMA


@pytest.mark.parametrize("shape", [1.0, 0.7])
def test_draws_follow_their_laws(shape: float) -> None:
    sample = list(itertools.islice(clock(10, 70.0, shape), 10_000))
    for mark in ("hang", "evict", "manual", "place"):
        assert stats.kstest([getattr(f, mark) for f in sample], "uniform").pvalue > FOUR_SIGMA
    for mark in ("detect", "repair"):
        assert stats.kstest([getattr(f, mark) for f in sample], "norm").pvalue > FOUR_SIGMA
    marks = np.array([(*failure[2:], failure.unit) for failure in sample])
    correlation = np.corrcoef(marks.T) - np.eye(7)
    assert np.abs(correlation).max() < 5.0 / math.sqrt(len(sample))


def test_times_are_in_order_across_blocks() -> None:
    for shape in (1.0, 0.5, 3.0):
        times_s = [failure.t_s for failure in itertools.islice(clock(300, 10.0, shape), 3000)]
        assert all(a <= b for a, b in itertools.pairwise(times_s))


def test_nothing_fails_at_rate_zero() -> None:
    assert list(failures(CategoryPlan("x", "gpu", 5, 0.0), stream(0, 0, "x"))) == []
    assert list(failures(CategoryPlan("x", "gpu", 5, 1.0), stream(0, 0, "x"), rate_factor=0.0)) == []


@pytest.mark.parametrize("shape", [1.0, 0.7])
def test_rate_factor_scales_time_alone(shape: float) -> None:
    category = CategoryPlan("x", "gpu", 8, 1e-3, lifetime=WeibullLife(shape))
    once = list(itertools.islice(failures(category, stream(0, 0, "x")), 300))
    twice = list(itertools.islice(failures(category, stream(0, 0, "x"), rate_factor=2.0), 300))
    np.testing.assert_allclose([f.t_s for f in once], [2.0 * f.t_s for f in twice], rtol=1e-12)
    assert [f[1:] for f in once] == [f[1:] for f in twice]


@pytest.mark.parametrize("shape", [0.7, 2.0])
def test_lifetimes_of_every_unit_are_weibull(shape: float) -> None:
    units, lives = 150, 4
    failed_s: list[list[float]] = [[0.0] for _ in range(units)]
    for failure in clock(units, 100.0, shape):
        failed_s[failure.unit].append(failure.t_s)
        # Stop when all have failed so often: stopping at a moment would favour short lives.
        if len(failed_s[failure.unit]) == lives + 1 and min(map(len, failed_s)) > lives:
            break
    lifetimes_s = np.concatenate([np.diff(times_s[: lives + 1]) for times_s in failed_s])
    law = stats.weibull_min(shape, scale=weibull_scale_s(100.0, shape))
    assert law.mean() == pytest.approx(100.0)
    assert stats.kstest(lifetimes_s, law.cdf).pvalue > FOUR_SIGMA


@pytest.mark.parametrize("shape", [0.7, 2.0])
def test_aged_fleet_has_the_conditional_residual_life(shape: float) -> None:
    units, age_s = 3000, 80.0
    first_s = np.full(units, np.inf)
    for failure in clock(units, 100.0, shape, age_s):
        first_s[failure.unit] = min(first_s[failure.unit], failure.t_s)
        if np.isfinite(first_s).all():
            break
    law = stats.weibull_min(shape, scale=weibull_scale_s(100.0, shape))
    residual = stats.kstest(first_s, lambda t: 1.0 - law.sf(age_s + t) / law.sf(age_s))
    assert residual.pvalue > FOUR_SIGMA


def test_place_does_not_tell_the_next_life() -> None:
    """Both come from one draw, of which the place is the lower digits."""
    sample = list(itertools.islice(clock(1, 70.0, 0.7), 10_000))
    lives_s = np.diff([failure.t_s for failure in sample])
    ranks = stats.rankdata(lives_s), np.array([failure.place for failure in sample[:-1]])
    assert abs(np.corrcoef(*ranks)[0, 1]) < 4.0 / math.sqrt(len(lives_s))


@pytest.mark.parametrize("shape", [0.7, 3.0])
def test_old_fleet_fails_at_its_mean_rate(shape: float) -> None:
    units, runs = 40, 150
    counts = []
    for replication in range(runs):
        times_s = np.array([f.t_s for f in until(clock(units, 100.0, shape, replication=replication), 3000.0)])
        counts.append(int((times_s > 1500.0).sum()))
    expected = units * 15.0
    assert abs(np.mean(counts) - expected) < 4.0 * np.std(counts, ddof=1) / math.sqrt(runs)


@pytest.mark.parametrize(("shape", "more"), [(0.7, True), (2.0, False)])
def test_new_fleet_fails_as_its_shape_says(shape: float, more: bool) -> None:
    """Infant mortality: more than the mean rate in the first tenth of the mean life; wear-out: fewer."""
    count = len(until(clock(5000, 100.0, shape), 10.0))
    assert (count > 500 + 4 * math.sqrt(500)) if more else (count < 500 - 4 * math.sqrt(500))


@pytest.mark.parametrize("shape", [0.7, 2.5])
def test_a_failure_never_redraws_another_units_clock(shape: float) -> None:
    source = clock(200, 100.0, shape)
    next(source)
    pending_s = inspect.getgeneratorlocals(source)["next_s"].copy()  # type: ignore[arg-type]
    for failure in itertools.islice(source, 2000):
        now_s = inspect.getgeneratorlocals(source)["next_s"]  # type: ignore[arg-type]
        assert failure.t_s == pending_s[failure.unit], "the unit fails when its clock said it would"
        changed = np.flatnonzero(now_s != pending_s)
        assert changed.tolist() == [failure.unit]
        assert now_s[failure.unit] > failure.t_s
        pending_s = now_s.copy()


def test_units_are_independent_renewal_processes() -> None:
    """Counts of one unit do not depend on how often another failed; as a fleet they vary like separate units."""
    runs, units = 400, 6
    counts = np.array(
        [
            np.bincount([f.unit for f in until(clock(units, 10.0, 2.0, replication=r), 200.0)], minlength=units)
            for r in range(runs)
        ]
    )
    correlation = np.corrcoef(counts.T) - np.eye(units)
    assert np.abs(correlation).max() < 4.5 / math.sqrt(runs)
    alone = np.array([len(until(clock(1, 10.0, 2.0, replication=r, name="alone"), 200.0)) for r in range(runs)])
    gap = counts[:, 0].mean() - alone.mean()
    assert abs(gap) < 4.0 * math.sqrt((counts[:, 0].var(ddof=1) + alone.var(ddof=1)) / runs)


def test_look_ahead_window_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def sample() -> list[Failure]:
        return list(itertools.islice(clock(500, 10.0, 0.6), 2000))

    usual = sample()
    monkeypatch.setattr("clustersim.run.failures.clocks._LOOK_AHEAD_FAILURES", 3)
    monkeypatch.setattr("clustersim.run.failures.clocks._LOOK_AHEAD_UNITS", 1000)
    assert sample() == usual


def repaired(renewal: float, units: int, horizon: float, age: float = 0.0) -> Iterator[Failure]:
    category = CategoryPlan("x", "gpu", units, 1.0, lifetime=WeibullLife(2.0), renewal=renewal)
    return itertools.takewhile(lambda f: f.t_s < horizon, failures(category, stream(0, 0, "x"), age))


def test_as_bad_as_old_fails_as_if_nothing_were_ever_mended() -> None:
    """Failures are a Poisson process with the hazard of the age: their mean number by t is ``(t / scale) ** k``."""
    units, horizon = 400, 5.0
    counts = np.bincount([f.unit for f in repaired(0.0, units, horizon)], minlength=units)
    expected = (horizon / weibull_scale_s(1.0, 2.0)) ** 2.0
    assert abs(counts.mean() - expected) < 4.0 * math.sqrt(expected / units)
    assert abs(counts.var(ddof=1) / expected - 1.0) < 4.0 * math.sqrt(2.0 / (units - 1))


def test_imperfect_repair_lies_between() -> None:
    new, between, old = (len(list(repaired(renewal, 300, 4.0))) for renewal in (1.0, 0.5, 0.0))
    assert new * 1.2 < between < old / 1.2


def test_age_left_by_a_repair_is_a_share_of_all_age() -> None:
    """Kijima's second model, one unit: the hazard since the last repair, from the age it left, is exponential."""
    scale, age, last_s, grown = weibull_scale_s(1.0, 2.0), 0.0, 0.0, []
    for failure in itertools.islice(repaired(0.3, 1, math.inf), 4000):
        reached = age + failure.t_s - last_s
        grown.append((reached / scale) ** 2.0 - (age / scale) ** 2.0)
        age, last_s = 0.7 * reached, failure.t_s
    assert stats.kstest(grown, "expon").pvalue > FOUR_SIGMA


def test_repair_as_good_as_new_is_the_plain_renewal_process() -> None:
    plain = CategoryPlan("x", "gpu", 50, 1.0, lifetime=WeibullLife(2.0))
    assert list(itertools.islice(failures(plain, stream(0, 0, "x")), 500)) == list(
        itertools.islice(repaired(1.0, 50, math.inf), 500)
    )


def test_failures_of_several_kinds_are_one_poisson_process() -> None:
    found = list(itertools.islice(mixed_failures([1e-3, 0.0, 3e-3], 10, stream(0, 0, "x"), AgeingPlan()), 4000))
    gaps_s = np.diff([0.0, *(failure.t_s for _, failure in found)])
    assert abs(gaps_s.mean() - 25.0) < 4.0 * 25.0 / math.sqrt(4000)
    assert abs((gaps_s > 25.0).mean() - math.exp(-1.0)) < 4.0 * math.sqrt(0.233 / 4000)
    kinds = np.array([kind for kind, _ in found])
    assert set(kinds.tolist()) == {0, 2}
    assert abs((kinds == 2).mean() - 0.75) < 4.0 * math.sqrt(0.1875 / 4000)
    units = np.bincount([failure.unit for _, failure in found], minlength=10)
    assert stats.chisquare(units).pvalue > FOUR_SIGMA
    by_kind = [np.bincount([f.unit for kind, f in found if kind == k], minlength=10) for k in (0, 2)]
    assert stats.chi2_contingency(by_kind).pvalue > FOUR_SIGMA, "which unit fails does not tell of what"


@pytest.mark.parametrize(("rates_s", "units"), [([0.0], 10), ([], 10), ([1.0], 0)])
def test_nothing_to_fail_never_fails(rates_s: list[float], units: int) -> None:
    assert list(mixed_failures(rates_s, units, stream(0, 0, "x"), AgeingPlan())) == []


def test_failures_of_several_kinds_age_together() -> None:
    first, second = (
        len(until((f for _, f in mixed_failures([1e-4], 1, stream(0, 0, "x"), ageing)), 365.25 * 86400.0))
        for ageing in (AgeingPlan(), AgeingPlan(drift_per_year=3.0))
    )
    assert second / first == pytest.approx(3.0 / math.log(4.0), rel=4.0 * math.sqrt(1 / first + 1 / second))
