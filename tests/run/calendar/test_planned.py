"""When planned stops fall due, and what those on dates do to the job."""

from itertools import islice, repeat

import numpy as np
import pytest

from clustersim.run import metrics
from clustersim.run.calendar.planned import stops
from clustersim.run.laws import Law
from clustersim.run.plan import DatedPlan, MaintenancePlan
from clustersim.run.streams import normals, stream
from tests.run.event_log import CRASH_AT_212, FIRST, hits
from tests.run.plans import Simulate, failure, script, small_plan, timeline

TEN = Law("constant", 10.0)


def test_periodic_stops_follow_the_first_at_equal_intervals() -> None:
    plan = MaintenancePlan("stop", 300.0, TEN, True, 20.0)
    assert list(islice(stops(plan, repeat(0.0)), 3)) == [(20.0, 10.0), (300.0, 10.0), (300.0, 10.0)]


def test_random_stops_have_exponential_intervals() -> None:
    plan = MaintenancePlan("stop", 300.0, TEN, False)
    waits_s = np.array([wait_s for wait_s, _ in islice(stops(plan, normals(stream(0, 0, "stops"))), 4000)])
    assert abs(waits_s.mean() - 300.0) < 4.0 * 300.0 / np.sqrt(4000)
    assert abs((waits_s > 300.0).mean() - np.exp(-1.0)) < 4.0 * np.sqrt(0.233 / 4000)


def test_stops_on_dates_are_as_many_as_the_dates() -> None:
    plan = DatedPlan("window", (0.0, 50.0, 400.0), Law("lognormal", 10.0, 1.0))
    (one, other, third) = stops(plan, iter([0.0, 1.0, 0.0]))
    assert (one, third) == ((0.0, 10.0), (350.0, 10.0))
    assert other == (50.0, pytest.approx(10.0 * np.e))


def test_a_window_ends_the_step_and_takes_a_checkpoint(run: Simulate) -> None:
    windows = DatedPlan("window", (212.0, 660.0, 5000.0), Law("constant", 300.0))
    records = run(small_plan(categories=(), maintenance=(windows,)))
    assert timeline(records) == [
        *FIRST, (165, 215, "productive", -1), (215, 220, "checkpoint", -1), (220, 520, "maintenance", 0),
        (520, 580, "restart", 0), (580, 670, "productive", -1), (670, 675, "checkpoint", -1),
        (675, 975, "maintenance", 1), (975, 1035, "restart", 1), (1035, 1045, "productive", -1),
        (1045, 1050, "checkpoint", -1),
    ]  # fmt: skip
    assert records.incidents["t_s"].tolist() == [212, 660], "the job is done before the third"
    assert metrics.interruptions(records) == (0, 2)
    assert metrics.time_lost_by_cause_s(records)["window"] == 720.0


def test_work_of_a_window_goes_on_while_the_job_waits(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node is mended until 1,242; of the window's 300 s from 1,100 on, 158 are left then."""
    script(monkeypatch, node=[failure(212.0)])
    records = run(small_plan(maintenance=(DatedPlan("window", (1100.0,), Law("constant", 300.0)),)))
    assert timeline(records)[: len(CRASH_AT_212) + 2] == [
        *CRASH_AT_212, (242, 1242, "waiting", 0), (1242, 1400, "maintenance", 1),
    ]  # fmt: skip
    assert hits(records) == ["job", "job_down"]


def test_windows_that_fall_due_are_those_expected() -> None:
    plan = DatedPlan("window", (0.0, 50.0, 400.0), TEN)
    assert [plan.expected(until_s) for until_s in (0.0, 50.0, 51.0, 1e9)] == [0.0, 1.0, 2.0, 3.0]
