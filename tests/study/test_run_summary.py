"""Uncertainty shares, windows and the progress fan, on ensembles made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from clustersim.run.laws import Law
from clustersim.run.plan import DatedPlan, PreemptionPlan, RolloutPlan
from clustersim.study.ensemble import Ensemble
from clustersim.study.replication import Replication, Task, WindowMetrics, replicate
from clustersim.study.run_summary import _categories, progress_fan, uncertainty_share
from tests.run.plans import KILL, SLOW, recorded, small_plan

PLAN = small_plan(categories=())


@pytest.fixture(scope="module")
def run() -> Replication:
    return replicate(Task(PLAN, 0, (0,), ()))[0]


def ensemble(runs: list[Replication]) -> Ensemble:
    return Ensemble(PLAN, 0, tuple(runs))


def made(run: Replication, step: np.ndarray, rates: np.ndarray, wall_s: np.ndarray) -> Ensemble:
    rows = zip(step.tolist(), rates.tolist(), wall_s.tolist(), strict=True)
    return ensemble([replace(run, step_time_factor=s, failure_rate_factor=r, wall_s=w) for s, r, w in rows])


def test_shares_of_a_known_mixture(run: Replication) -> None:
    """Variances of 0.09 (step), 0.0016 (rates) and 0.0009 (chance)."""
    rng = np.random.default_rng(0)
    step, rates, chance = rng.normal(0, 0.3, 4000), rng.normal(0, 0.04, 4000), rng.normal(0, 0.03, 4000)
    share = uncertainty_share(made(run, np.exp(step), 1 + rates, np.exp(step + rates + chance)))
    assert share["step_time"] == pytest.approx(0.09 / 0.0925, abs=0.003)
    assert share["failure_rates"] == pytest.approx(0.0016 / 0.0925, abs=0.003)
    assert sum(share.values()) == pytest.approx(1.0)


def test_noise_is_not_published_as_a_share(run: Replication) -> None:
    """Failure rates that do nothing get, on average over studies, next to nothing."""
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(50):
        step, rates = rng.normal(0, 0.3, 40), rng.normal(0, 0.1, 40)
        wall_s = np.exp(step + rng.normal(0, 0.01, 40))
        shares.append(uncertainty_share(made(run, np.exp(step), 1 + rates, wall_s))["failure_rates"])
    assert max(shares) < 1e-3


def test_no_spread_is_all_chance(run: Replication) -> None:
    assert uncertainty_share(ensemble([run] * 4)) == {"step_time": 0.0, "failure_rates": 0.0, "chance": 1.0}


def test_windows_count_only_in_runs_that_outlast_them(run: Replication) -> None:
    inside = WindowMetrics(0.9, 3, 0, 1, 1e9, {}, covered=True, node_s=4.0)
    beyond = WindowMetrics(0.0, 0, 0, 0, 0.0, {}, covered=False, node_s=4.0)
    runs = [replace(run, windows=(window,)) for window in (inside, beyond, inside)]
    assert ensemble(runs).windows(0) == [inside, inside]
    assert ensemble(runs[:2]).windows(0) == []


def test_the_fan_reaches_from_the_start_to_the_last_run(run: Replication) -> None:
    slow = replace(run, wall_s=2.0 * run.wall_s)
    fan = progress_fan(ensemble([run, slow, slow]))
    assert fan["days"][0] == 0.0
    assert fan["days"][-1] == pytest.approx(slow.wall_s / 86400.0)
    assert fan["tokens_p10"][-1] == fan["tokens_p90"][-1] == pytest.approx(run.tokens)
    assert all(low <= high for low, high in zip(fan["tokens_p10"], fan["tokens_p90"], strict=True))


def test_interruptions_are_of_what_stops_the_job_recorded_ones_included() -> None:
    """Two kills of which the second is beyond the end, and a straggler, which is none."""
    plan = small_plan(**recorded((212, KILL), (1e6, KILL), (80, SLOW)))
    runs = tuple(replicate(Task(plan, 0, (0, 1), ())))
    rows = _categories(Ensemble(plan, 0, runs))
    assert [(row["category"], row["count"]["mean"], row["expected"]) for row in rows] == [("kill", 1.0, 1.0)]


def test_the_calendar_is_counted_under_its_names() -> None:
    """A batch of a roll-out that rides on other stops is none; what spares are enough for stops nobody for sure."""
    law = Law("constant", 10.0)
    plan = replace(
        small_plan(categories=(), hot=2, maintenance=(DatedPlan("window", (100.0, 9e9), law),)),
        rollouts=(RolloutPlan("firmware", 200.0, 2, law), RolloutPlan("driver", 0.0, 2, law, at_once=False)),
        preemptions=(PreemptionPlan("all", 90.0, None, law), PreemptionPlan("few", 1e9, 2, law)),
    )
    runs = tuple(replicate(Task(plan, 0, (0, 1), ())))
    rows = {row["category"]: row for row in _categories(Ensemble(plan, 0, runs))}
    assert set(rows) == {"window", "firmware", "all", "few"}
    assert [rows[name]["effect"] for name in ("window", "firmware", "all")] == ["planned", "planned", "preempted"]
    assert (rows["window"]["expected"], rows["firmware"]["expected"]) == (1.0, 2.0)
    assert rows["all"]["expected"] == pytest.approx(np.mean([run.wall_s for run in runs]) / 100.0)
    assert rows["few"]["expected"] is None
    assert rows["all"]["count"]["mean"] == np.mean([run.interruptions["all"] for run in runs]) > 0
    for run in runs:
        assert run.planned == run.interruptions["window"] + run.interruptions["firmware"] > 0
        assert run.unexpected == 0
