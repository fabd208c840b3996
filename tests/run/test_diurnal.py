"""Throughput over the day."""

from dataclasses import replace

import numpy as np
import pytest

from clustersim.run import metrics
from clustersim.run.diurnal import BLOCKS, seconds_to_next_change, slowdown_at
from clustersim.run.failures.ageing import DAY_S
from clustersim.run.plan import DiurnalPlan
from clustersim.run.records import TIME_OF_DAY
from tests.run.plans import SLOW, Simulate, digest, recorded, small_plan

WARM = DiurnalPlan(0.1, 0.0)
HOURS_S = (np.arange(BLOCKS) + 0.5) * DAY_S / BLOCKS


def test_throughput_falls_by_half_the_swing_on_average() -> None:
    throughput = [1.0 / slowdown_at(WARM, t_s) for t_s in HOURS_S]
    assert np.mean(throughput) == pytest.approx(1.0 - 0.1 / 2)
    assert 0.9 <= min(throughput) < 0.91
    assert 0.99 < max(throughput) <= 1.0


def test_hottest_in_the_afternoon_by_the_clock_of_the_run() -> None:
    assert max(HOURS_S, key=lambda t_s: slowdown_at(WARM, t_s)) in (13.5 * 3600, 16.5 * 3600)
    late = DiurnalPlan(0.1, 6 * 3600.0)
    assert slowdown_at(late, 9 * 3600.0) == slowdown_at(WARM, 15 * 3600.0)


@pytest.mark.parametrize("start_s", [0.0, 1.0, 12345.6, 3 * 3600.0])
def test_changes_come_one_after_the_other(start_s: float) -> None:
    plan, now_s = DiurnalPlan(0.1, start_s), 0.0
    for _ in range(50):
        wait_s = seconds_to_next_change(plan, now_s)
        assert 0.0 < wait_s <= DAY_S / BLOCKS + 1e-3
        assert slowdown_at(plan, now_s) == slowdown_at(plan, now_s + 0.99 * wait_s)
        now_s += wait_s
    assert round(now_s * BLOCKS / DAY_S) == 50, "as many as there are blocks"


def test_a_run_of_days_is_slower_by_half_the_swing(run: Simulate) -> None:
    plan = replace(small_plan(steps=20 * 8640, categories=()), diurnal=DiurnalPlan(0.02, 0.0))
    records = run(plan)
    working_s = 20 * DAY_S
    lost_s = metrics.time_by_state_s(records)["slowed"]
    assert lost_s / (working_s + lost_s) == pytest.approx(0.01, rel=0.02)
    assert metrics.time_lost_by_cause_s(records)[TIME_OF_DAY] == pytest.approx(lost_s)
    assert metrics.interruptions(records) == (0, 0)


def test_slow_nodes_come_on_top(run: Simulate) -> None:
    plan = small_plan(steps=400, **recorded((80, SLOW, 1000)))
    alone_s = metrics.time_by_state_s(run(plan))["slowed"]
    both = metrics.time_by_state_s(run(replace(plan, diurnal=DiurnalPlan(0.3, 15 * 3600.0))))["slowed"]
    assert both > alone_s + 0.3 * 2000


def test_without_a_swing_nothing_changes(run: Simulate) -> None:
    plan = small_plan(steps=300)
    assert digest(run(replace(plan, diurnal=None))) == digest(run(plan))
