"""Other jobs that take nodes: the whole list of intervals, worked out by hand."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from clustersim.run import Records, metrics
from clustersim.run.calendar.preemption import arrivals
from clustersim.run.laws import Law
from clustersim.run.plan import CategoryPlan, ElasticPlan, PreemptionPlan, RolloutPlan, RunPlan
from clustersim.run.streams import normals, stream
from tests.run.event_log import FIRST, hits
from tests.run.plans import NODE, Simulate, failure, parts, script, small_plan, stop_at, timeline

Come = Callable[..., None]


@pytest.fixture
def come(monkeypatch: pytest.MonkeyPatch) -> Come:
    """Let other jobs come at these moments, each for 400 s or as long as is said."""

    def at(*times_s: float, lasts_s: float = 400.0) -> None:
        def scripted(_plan: PreemptionPlan, _draws: Iterator[float]) -> Iterator[tuple[float, float]]:
            return iter(zip(np.diff((0.0, *times_s)).tolist(), [lasts_s] * len(times_s), strict=True))

        monkeypatch.setattr("clustersim.run.calendar.preemption.arrivals", scripted)

    return at


def plan(nodes: int | None = None, grace_s: float = 0.0, **more: Any) -> RunPlan:
    """Four nodes, and other jobs of one kind."""
    other = PreemptionPlan("urgent", 1000.0, nodes, Law("constant", 400.0), grace_s)
    return replace(small_plan(**{"categories": (), **more}), preemptions=(other,))


def absences(records: Records) -> list[tuple[float, float, int]]:
    rows = records.absences
    return list(zip(rows["left_s"].tolist(), rows["back_s"].tolist(), rows["nodes"].tolist(), strict=True))


def test_without_grace_the_work_since_the_last_checkpoint_is_lost(run: Simulate, come: Come) -> None:
    come(212.0)
    records = run(plan())
    assert timeline(records) == [
        *FIRST, (165, 205, "productive", -1), (205, 212, "recompute", 0), (212, 612, "waiting", 0),
        (612, 672, "restart", 0), (672, 712, "recompute", 0), (712, 772, "productive", -1),
        (772, 777, "checkpoint", -1), (777, 827, "productive", -1), (827, 832, "checkpoint", -1),
    ]  # fmt: skip
    assert absences(records) == [(212, 612, 4)]
    assert (212, 612, "nodes") in parts(records)
    assert hits(records) == ["job"]


def test_it_is_neither_a_failure_nor_planned(run: Simulate, come: Come) -> None:
    come(212.0)
    records = run(plan())
    assert metrics.interruptions(records) == (0, 0)
    assert metrics.preemptions(records) == 1
    assert metrics.interruptions_by_category(records)["urgent"] == 1
    assert metrics.time_lost_by_cause_s(records)["urgent"] == 400 + 60 + 47
    assert metrics.recovery_time_s(records) == 0.0
    assert metrics.mean_time_to_interruption_s(records) == np.inf


def test_with_grace_it_ends_its_step_and_takes_a_checkpoint(run: Simulate, come: Come) -> None:
    come(212.0)
    records = run(plan(grace_s=8.0))
    assert timeline(records)[3:8] == [
        (165, 215, "productive", -1), (215, 220, "checkpoint", -1), (220, 620, "waiting", 0), (620, 680, "restart", 0),
        (680, 780, "productive", -1),
    ]  # fmt: skip


def test_where_the_checkpoint_would_be_late_it_trains_on_until_the_grace_is_over(run: Simulate, come: Come) -> None:
    """The step ends at 215, the stall at 220, and 20 s later it would be durable: too late by a second."""
    come(212.0)
    records = run(plan(grace_s=27.0, write_s=20.0))
    assert timeline(records)[3:8] == [
        (165, 235, "productive", -1), (235, 239, "recompute", 0), (239, 639, "waiting", 0), (639, 699, "restart", 0),
        (699, 769, "recompute", 0),
    ]  # fmt: skip
    assert timeline(run(plan(grace_s=28.0, write_s=20.0)))[3:6] == [
        (165, 215, "productive", -1), (215, 240, "checkpoint", -1), (240, 640, "waiting", 0),
    ]  # fmt: skip


def test_a_checkpoint_under_way_may_be_durable_before_the_grace_is_over(run: Simulate, come: Come) -> None:
    """That of 165 is at 185, when the one after the step under way, at 175, would be durable at 200."""
    come(168.0)
    assert timeline(run(plan(grace_s=20.0, write_s=20.0)))[3:8] == [
        (165, 185, "productive", -1), (185, 188, "recompute", 0), (188, 588, "waiting", 0), (588, 648, "restart", 0),
        (648, 668, "recompute", 0),
    ]  # fmt: skip
    rows = timeline(run(plan(grace_s=0.0, write_s=20.0)))
    assert (628, 728, "recompute", 0) in rows, "all is lost, ten steps"


def test_idle_nodes_are_taken_first_and_the_job_trains_on(run: Simulate, come: Come) -> None:
    come(212.0)
    records = run(plan(2, hot=1, cold=1))
    assert timeline(records)[:3] == FIRST
    assert metrics.time_by_state_s(records)["waiting"] == 0.0
    assert absences(records) == [(212, 612, 2)]
    assert hits(records) == ["spare"]
    assert metrics.preemptions(records) == 0


def test_spares_make_up_for_some_of_the_nodes(run: Simulate, come: Come) -> None:
    """Three are taken: the spare and two of the job, which waits for them."""
    come(212.0)
    records = run(plan(3, 8.0, hot=1))
    assert absences(records) == [(220, 620, 3)]
    assert timeline(records)[5:7] == [(220, 620, "waiting", 0), (620, 680, "restart", 0)]


def test_a_node_that_fails_meanwhile_finds_no_spare(run: Simulate, come: Come, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is that of the failure, whose node is mended at 1,242, when the spare was long back, at 612."""
    come(200.0)
    script(monkeypatch, node=[failure(212.0)])
    records = run(plan(1, hot=1, categories=(NODE,)))
    assert timeline(records)[6:8] == [(242, 600, "waiting", 1), (600, 660, "restart", 1)]


def test_the_wait_goes_to_each_in_its_turn(run: Simulate, come: Come, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node is mended from 242 to 1,242; the others are away from 900 to 1,300."""
    come(900.0)
    script(monkeypatch, node=[failure(212.0)])
    records = run(plan(categories=(NODE,)))
    assert timeline(records)[6:9] == [
        (242, 1242, "waiting", 0), (1242, 1300, "waiting", 1), (1300, 1360, "restart", 0),
    ]  # fmt: skip
    assert hits(records) == ["job", "job_down"]
    come(900.0, lasts_s=100.0)
    script(monkeypatch, node=[failure(212.0)])
    records = run(plan(categories=(NODE,)))
    assert timeline(records)[6:8] == [(242, 1242, "waiting", 0), (1242, 1302, "restart", 0)]


def test_a_restart_is_broken_off(run: Simulate, come: Come) -> None:
    come(30.0)
    records = run(plan(grace_s=300.0))
    assert timeline(records)[:3] == [(0, 30, "restart", -1), (30, 430, "waiting", 0), (430, 490, "restart", 0)]


def test_one_that_comes_during_a_planned_stop_takes_its_nodes_after_it(run: Simulate, come: Come) -> None:
    come(300.0)
    records = run(plan(maintenance=stop_at(212.0), grace_s=10.0))
    assert timeline(records)[5:8] == [
        (220, 520, "maintenance", 0), (520, 920, "waiting", 1), (920, 980, "restart", 0),
    ]  # fmt: skip
    assert hits(records) == ["job", "job_down"]


def test_a_checkpoint_for_a_planned_stop_may_be_late_too(run: Simulate, come: Come) -> None:
    """It would be durable at 275, and the grace is over at 272; the work of the stop is done in the wait."""
    come(212.0)
    records = run(plan(grace_s=60.0, write_s=55.0, maintenance=stop_at(213.0, 100.0)))
    assert timeline(records)[3:8] == [
        (165, 215, "productive", -1), (215, 272, "checkpoint", -1), (272, 672, "waiting", 0), (672, 732, "restart", 0),
        (732, 782, "recompute", 0),
    ]  # fmt: skip
    assert metrics.interruptions(records) == (0, 1)
    assert metrics.preemptions(records) == 1


def test_of_each_kind_one_is_there_at_a_time(run: Simulate, come: Come) -> None:
    come(200.0, 300.0, 590.0, 601.0)
    records = run(plan(2, hot=2))
    assert records.incidents["t_s"].tolist() == [200]
    assert absences(records) == [(200, 600, 2)]


def test_an_elastic_job_goes_on_with_the_nodes_that_are_left(run: Simulate, come: Come) -> None:
    """Back at 620, in a step that takes twice its time and ends at 625."""
    come(212.0)
    base = plan(1, 8.0, steps=60)
    elastic = replace(base, recovery=replace(base.recovery, elastic=ElasticPlan(((2.0,),), regrows_at_once=True)))
    rows = timeline(run(elastic))
    assert rows[5:13] == [
        (220, 280, "restart", 0), (280, 380, "productive", -1), (380, 480, "slowed", 0), (480, 485, "checkpoint", -1),
        (485, 555, "productive", -1), (555, 625, "slowed", 0), (625, 630, "checkpoint", -1), (630, 690, "restart", 0),
    ]  # fmt: skip
    assert "slowed" not in {row[2] for row in rows[13:]}


def test_a_roll_out_waits_for_nodes_that_others_have(run: Simulate, come: Come) -> None:
    come(150.0)
    base = plan(hot=1)
    records = run(replace(base, rollouts=(RolloutPlan("firmware", 200.0, 1, Law("constant", 10.0)),)))
    assert absences(records)[:2] == [(150, 550, 5), (550, 560, 1)]
    assert len(absences(records)) == 1 + 5


def test_a_slow_node_that_is_away_is_not_replaced(run: Simulate, come: Come, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spare is away from 230 to 630, so that the stop of 300 cannot send it to the shop; that of 700 does."""
    slow = CategoryPlan("slow", "host", 5, 1e-9, effect="slow", slowdown=2.0, lasts=Law("constant", 2000.0), evict=0.5)
    crashes = [failure(300.0, 3, evict=False), failure(700.0, 3, evict=False)]
    script(monkeypatch, slow=[failure(212.0, 4)], node=crashes)
    come(230.0)
    records = run(plan(1, hot=1, categories=(slow, NODE), steps=100))
    assert hits(records) == ["spare", "spare", "job", "job"]
    assert records.repairs["queued_s"].tolist() == [730]
    assert records.incidents["evicted_nodes"].tolist() == [1, 1, 0, 0]


def test_arrivals_are_poisson() -> None:
    other = PreemptionPlan("urgent", 1000.0, 1, Law("exponential", 50.0))
    waits_s, lasts_s = np.array(list(islice(arrivals(other, normals(stream(0, 0, "urgent"))), 4000))).T
    assert abs(waits_s.mean() - 1000.0) < 4.0 * 1000.0 / np.sqrt(4000)
    assert abs(lasts_s.mean() - 50.0) < 4.0 * 50.0 / np.sqrt(4000)
    assert abs(np.corrcoef(waits_s, lasts_s)[0, 1]) < 4.0 / np.sqrt(4000)
