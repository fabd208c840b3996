"""Roll-outs: the whole list of intervals, worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from clustersim.run import Records, metrics
from clustersim.run.laws import Law
from clustersim.run.plan import ElasticPlan, InJobPlan, RolloutPlan, RunPlan
from tests.run.event_log import FIRST, START, hits
from tests.run.plans import NODE, SLOW_NODE, Simulate, failure, parts, recorded, script, small_plan, timeline


def plan(
    start_s: float = 100.0, nodes: int = 2, lasts_s: float = 100.0, *, pause_s: float = 0.0, at_once: bool = True,
    **more: Any,
) -> RunPlan:  # fmt: skip
    """Four nodes and two hot spares, if nothing else is asked for."""
    rollout = RolloutPlan("firmware", start_s, nodes, Law("constant", lasts_s), pause_s, at_once)
    base = small_plan(**{"hot": 2, "categories": (), **more})
    return replace(base, rollouts=(rollout,))


def batches(records: Records) -> list[tuple[float, float, int]]:
    rows = records.absences
    return list(zip(rows["left_s"].tolist(), rows["back_s"].tolist(), rows["nodes"].tolist(), strict=True))


def test_spares_go_first_and_then_take_the_place_of_nodes_of_the_job(run: Simulate) -> None:
    records = run(plan())
    assert timeline(records) == [
        *FIRST, (165, 205, "productive", -1), (205, 210, "checkpoint", -1), (210, 270, "restart", 1),
        (270, 320, "productive", -1), (320, 325, "checkpoint", -1), (325, 385, "restart", 2),
        (385, 445, "productive", -1), (445, 450, "checkpoint", -1),
    ]  # fmt: skip
    assert batches(records) == [(100, 200, 2), (210, 310, 2), (325, 425, 2)]
    assert records.incidents["node"].tolist() == [4, 0, 2], "each node has its turn, and none twice"
    assert records.incidents["evicted_nodes"].tolist() == [2, 2, 2]
    assert hits(records) == ["spare", "job", "job"]
    assert metrics.interruptions(records) == (0, 2)
    assert metrics.time_lost_by_cause_s(records)["firmware"] == 120.0
    assert len(records.repairs["start_s"]) == 0, "no hand of the repair shop is needed"


def test_between_two_batches_is_a_pause(run: Simulate) -> None:
    assert batches(run(plan(pause_s=50.0)))[:2] == [(100, 200, 2), (260, 360, 2)]


def test_a_batch_may_wait_for_a_stop_that_happens_anyway(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart would have cured the crash at 212; the next two nodes stay, as nothing stops the job again."""
    script(monkeypatch, node=[failure(212.0, evict=False)])
    records = run(plan(at_once=False, categories=(NODE,)))
    assert batches(records) == [(100, 200, 2), (242, 342, 2)]
    assert hits(records) == ["spare", "job", "job_down"]
    assert metrics.interruptions(records) == (1, 0)
    assert "firmware" not in metrics.time_lost_by_cause_s(records)


def test_without_spares_the_job_waits_for_its_own_nodes(run: Simulate) -> None:
    records = run(plan(hot=0, lasts_s=400.0))
    assert timeline(records)[1:6] == [
        (60, 110, "productive", -1), (110, 115, "checkpoint", -1), (115, 515, "waiting", 0), (515, 575, "restart", 0),
        (575, 585, "productive", -1),
    ]  # fmt: skip
    assert batches(records) == [(115, 515, 2), (590, 990, 2)]
    assert (115, 515, "nodes") in parts(records)


def test_a_batch_of_all_nodes_is_one_stop(run: Simulate) -> None:
    records = run(plan(nodes=6))
    assert batches(records) == [(100, 200, 2), (210, 310, 4)]
    assert timeline(records)[5:7] == [(210, 310, "waiting", 1), (310, 370, "restart", 1)]


def test_warm_spares_take_their_time_which_is_put_down_to_the_batch(
    run: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, node=[failure(212.0, evict=False)])
    records = run(plan(at_once=False, hot=0, warm=2, categories=(NODE,)))
    assert timeline(records)[6:8] == [(242, 312, "waiting", 2), (312, 372, "restart", 1)]


def test_nodes_that_broke_get_the_spares_first(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two spares one takes the place of the node that broke at 207, so that the batch is of one node."""
    script(monkeypatch, node=[failure(207.0, 3)])
    records = run(plan(categories=(NODE,)))
    assert batches(records)[:2] == [(100, 200, 2), (237, 337, 1)]
    assert hits(records) == ["spare", "job", "job", "job", "job"]
    assert metrics.interruptions(records)[0] == 1


def test_a_batch_waits_until_a_spare_can_take_its_place(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only spare takes the place of the node that broke at 212, which is mended at 1,242."""
    script(monkeypatch, node=[failure(212.0, 3)])
    records = run(plan(260.0, 1, hot=1, categories=(NODE,), steps=200))
    assert [left_s for left_s, _, _ in batches(records)] == [1247, 1362, 1477, 1592]
    assert records.incidents["node"].tolist() == [3, 0, 1, 2, 4], "the fourth was mended when its turn came"


def test_what_is_in_repair_at_the_end_is_done_there(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 3)])
    records = run(plan(200.0, 3, lasts_s=10.0, hot=3, categories=(NODE,), steps=100))
    assert batches(records) == [(200, 210, 3), (242, 252, 2), (317, 327, 1)]


def test_a_restart_inside_the_job_is_a_full_one_when_a_batch_leaves(
    run: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = plan(at_once=False, categories=(NODE,))
    inside = replace(base, recovery=replace(base.recovery, in_job=InJobPlan(("schedule",), 1.0)))
    for one, restart in ((inside, (242, 302, "restart", 1)), (replace(inside, rollouts=()), (242, 282, "restart", 0))):
        script(monkeypatch, node=[failure(212.0, evict=False)])
        assert restart in timeline(run(one))


def test_an_elastic_job_goes_on_without_the_batch(run: Simulate) -> None:
    base = plan(100.0, 1, 400.0, hot=0, steps=50)
    elastic = replace(base, recovery=replace(base.recovery, elastic=ElasticPlan(((2.0,),), regrows_at_once=True)))
    records = run(elastic)
    rows = timeline(records)
    assert (115, 175, "restart", 0) in rows
    assert rows[4][2] == "productive"
    assert {row[3] for row in rows if row[2] == "slowed"} == {0, 1, 2}
    assert "waiting" not in {row[2] for row in rows}
    assert batches(records)[0] == (115, 515, 1)


def test_a_batch_that_falls_due_in_a_restart_waits_for_the_first_step(run: Simulate) -> None:
    records = run(plan(30.0, hot=0))
    assert timeline(records)[:4] == [
        START, (60, 70, "productive", -1), (70, 75, "checkpoint", -1), (75, 175, "waiting", 0),
    ]  # fmt: skip


def test_a_slow_node_is_as_slow_when_it_is_back(run: Simulate) -> None:
    """It slows the job until it leaves, and again when it takes the place of the next, but not in between."""
    records = run(plan(300.0, 1, 10.0, hot=1, **recorded((80.0, SLOW_NODE, 5000.0)), steps=90))
    assert records.incidents["node"].tolist()[:4] == [0, 4, 0, 1]
    left_s = records.absences["left_s"].tolist()
    slowed = [row for row in timeline(records) if row[2] == "slowed"]
    before, between, after = (
        sum(end_s - start_s for start_s, end_s, *_ in slowed if low_s <= start_s < high_s)
        for low_s, high_s in ((0.0, left_s[1]), (left_s[1], left_s[2]), (left_s[2], 1e9))
    )
    assert before > 0.0
    assert between == 0.0
    assert after > 0.0


def test_two_roll_outs_take_turns(run: Simulate) -> None:
    """The second finds no node left in the job that the first has stopped, and has them when the job trains again."""
    base = plan(100.0, hot=0, nodes=4)
    both = replace(base, rollouts=(*base.rollouts, replace(base.rollouts[0], name="driver", start_s=101.0)))
    records = run(both)
    assert batches(records)[0] == (115, 215, 4)
    assert records.incidents["t_s"].tolist() == [100, 101]
    assert timeline(records)[4:8] == [
        (215, 275, "restart", 0), (275, 285, "productive", -1), (285, 290, "checkpoint", -1), (290, 390, "waiting", 1),
    ]  # fmt: skip
