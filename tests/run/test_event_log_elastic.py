"""Going on with fewer replicas: the whole list of intervals, worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from clustersim.run import metrics
from clustersim.run.plan import CategoryPlan, ElasticPlan, RunPlan
from tests.run.event_log import CRASH_AT_212
from tests.run.plans import Simulate, digest, failure, script, small_plan, stop_at, timeline

TWICE = ElasticPlan(((2.0,),), regrows_at_once=True)


def plan(elastic: ElasticPlan | None = TWICE, **more: Any) -> RunPlan:
    base = small_plan(**more)
    return replace(base, recovery=replace(base.recovery, elastic=elastic))


def test_it_trains_on_at_half_the_pace_until_the_node_is_back(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mended at 1,242, in the fourth of the cycle's ten steps, which is its last before the checkpoint."""
    script(monkeypatch, node=[failure(212.0)])
    records = run(plan(steps=100))
    rows = timeline(records)
    assert rows[: len(CRASH_AT_212)] == CRASH_AT_212
    assert rows[6:8] == [(242, 302, "restart", 0), (302, 342, "recompute", 0)]
    assert {row[3] for row in rows if row[2] == "slowed"} == {0}
    restarts = [row for row in rows if row[2] == "restart"]
    assert len(restarts) == 3, "the first, the one without the node, and the one with it"
    assert 1242 <= restarts[2][0] <= 1242 + 20 + 5, "it ends its step and takes a checkpoint"
    assert restarts[2][3] == 0
    after = [row for row in rows if row[0] > restarts[2][0]]
    assert "slowed" not in {row[2] for row in after}
    assert metrics.interruptions(records) == (1, 0)


def test_it_waits_where_it_cannot_do_without(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0), failure(220.0, 1)])
    records = run(plan(steps=100))
    waits = [row for row in timeline(records) if row[2] == "waiting"]
    assert waits == [(242, 1242, "waiting", 0)], "two nodes are missing, of which it can do without one"


def test_spares_come_first(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    for elastic in (TWICE, None):
        script(monkeypatch, node=[failure(212.0)])
        assert "slowed" not in {row[2] for row in timeline(run(plan(elastic, hot=1)))}


def test_a_node_that_is_back_joins_at_the_next_stop(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Back at 1,242; the crash at 2,000, which a restart cures, lets it in."""
    script(monkeypatch, node=[failure(212.0), failure(2000.0, 1, evict=False)])
    records = run(plan(replace(TWICE, regrows_at_once=False), steps=200))
    rows = timeline(records)
    slow_until = max(row[1] for row in rows if row[2] == "slowed")
    assert 1900 < slow_until <= 2000
    assert len([row for row in rows if row[2] == "restart"]) == 3


def test_a_stop_that_is_over_before_the_node_has_joined(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warm node of 62 s is used up when another breaks at 260; the first is back at 1,092 and takes 70 s to join.

    Trained from 350 on at half the pace, a cycle takes 205 s: the stop falls due in the fourth step of the fifth. It
    takes 50 s of the 70 s, and the restart is due to it, the wait to the node that broke.
    """
    script(monkeypatch, node=[failure(62.0), failure(260.0, 1)])
    records = run(plan(replace(TWICE, regrows_at_once=False), steps=100, warm=1, maintenance=stop_at(1245.0, 50.0)))
    rows = timeline(records)
    assert [row for row in rows if row[2] in ("waiting", "restart") and row[0] > 400] == [
        (1255, 1325, "waiting", 1), (1325, 1385, "restart", 2),
    ]  # fmt: skip
    assert records.incidents["effect"].tolist() == [0, 0, metrics.EFFECTS.index("planned")]


def test_each_phase_has_its_own_pace(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0)])
    records = run(plan(ElasticPlan(((1.0, 3.0),), regrows_at_once=True), steps=(30, 30)))
    slow = records.intervals["state"] == metrics.STATES.index("slowed")
    assert set(records.intervals["phase"][slow].tolist()) == {1}


def test_it_is_quicker_than_to_wait(run: Simulate) -> None:
    often = CategoryPlan("node", "host", 4, 2e-5)
    shrinks, waits = (
        sum(run(plan(elastic, steps=500, categories=(often,)), seed).end_s for seed in range(20))
        for elastic in (TWICE, None)
    )
    assert shrinks < waits


def test_an_elastic_job_that_can_do_without_none_is_the_plain_one(run: Simulate) -> None:
    often = CategoryPlan("node", "host", 4, 1e-4)
    on, off = (plan(elastic, steps=500, categories=(often,), hot=1) for elastic in (ElasticPlan((), True), None))
    assert digest(run(on)) == digest(run(off))


def test_a_stop_that_is_over_before_the_nodes_have_joined_is_still_what_it_stopped_for(
    run: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first node is back at 1,242 and stands by warm; the stop of 1,300 lets it in, and is shorter than that."""
    script(monkeypatch, node=[failure(212.0), failure(400.0, 1)])
    base = plan(replace(TWICE, regrows_at_once=False), steps=200, warm=1, maintenance=stop_at(1300.0, 50.0))
    records = run(base)
    stopped = [row for row in timeline(records) if row[2] in ("waiting", "restart") and row[0] > 1300.0]
    assert [(row[1] - row[0], *row[2:]) for row in stopped] == [(70, "waiting", 1), (60, "restart", 2)]
