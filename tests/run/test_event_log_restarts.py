"""Kinds of restarts: full or inside the job, with a queue before them; the whole list of intervals, by hand."""

from dataclasses import replace
from typing import Any

import pytest

from clustersim.run.laws import Law
from clustersim.run.plan import CategoryPlan, InJobPlan, RunPlan
from tests.run.event_log import CRASH_AT_212, FIRST, START, resumed
from tests.run.plans import (
    NODE,
    RECOVERY,
    SLOW_NODE,
    SOFTWARE,
    Simulate,
    digest,
    failure,
    parts,
    recorded,
    script,
    small_plan,
    stop_at,
    timeline,
)

IN_JOB = InJobPlan(("schedule",), 1.0)
QUEUE = Law("constant", 100.0)


def plan(base: RunPlan, **recovery: Any) -> RunPlan:
    return replace(base, recovery=replace(base.recovery, **recovery))


def test_the_job_restarts_inside_itself_where_its_nodes_stay(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 s of loading instead of 20 s of scheduling before them."""
    script(monkeypatch, node=[failure(212.0, evict=False)])
    records = run(plan(small_plan(), in_job=IN_JOB))
    assert timeline(records) == [*CRASH_AT_212, (242, 282, "restart", 0), *resumed(282)]
    assert parts(records) == [(0, 20, "schedule"), (20, 60, "load"), (242, 282, "load")]


def test_it_starts_afresh_with_another_node(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0)])
    records = run(plan(small_plan(hot=1), in_job=IN_JOB))
    assert timeline(records) == [*CRASH_AT_212, (242, 302, "restart", 0), *resumed(302)]


def test_it_starts_afresh_after_a_planned_stop(run: Simulate) -> None:
    records = run(plan(small_plan(categories=(), maintenance=stop_at(212.0)), in_job=IN_JOB))
    assert (520, 580, "restart", 0) in timeline(records)


def test_a_full_restart_that_is_broken_off_is_begun_again(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the full restart from 242 only its scheduling is done at 270; the next cannot do without it."""
    script(monkeypatch, node=[failure(212.0), failure(270.0, 1, evict=False)])
    records = run(plan(small_plan(hot=1), in_job=IN_JOB))
    assert timeline(records)[6:9] == [(242, 270, "restart", 0), (270, 300, "detect", 1), (300, 360, "restart", 1)]


def test_one_inside_the_job_that_is_broken_off_stays_inside(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, evict=False), failure(270.0, 1, evict=False)])
    records = run(plan(small_plan(), in_job=IN_JOB))
    assert timeline(records)[6:9] == [(242, 270, "restart", 0), (270, 300, "detect", 1), (300, 340, "restart", 1)]


def test_a_full_restart_follows_one_that_fails(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, evict=False)])
    records = run(plan(small_plan(), in_job=replace(IN_JOB, succeeds=0.0)))
    assert timeline(records) == [*CRASH_AT_212, (242, 342, "restart", 0), *resumed(342)]
    assert parts(records)[2:] == [(242, 282, "load"), (282, 302, "schedule"), (302, 342, "load")]


def test_a_full_restart_waits_in_the_queue_but_for_the_first(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, software=[failure(212.0)])
    base = small_plan(categories=(SOFTWARE,))
    waited = [START, *FIRST[1:], *CRASH_AT_212[3:], (242, 342, "waiting", 0), (342, 402, "restart", 0), *resumed(402)]
    records = run(plan(base, queue=QUEUE))
    assert timeline(records) == waited
    assert (242, 342, "queue") in parts(records)
    script(monkeypatch, software=[failure(212.0)])
    assert (242, 282, "restart", 0) in timeline(run(plan(base, queue=QUEUE, in_job=IN_JOB))), "not inside the job"


def test_a_slow_node_is_replaced_when_it_has_been_slow_for_long(run: Simulate) -> None:
    """Slow from 80, found at 140, when the sixth step begins; its spare is at hand, so that it costs one restart."""
    slow = replace(SLOW_NODE, evict=1.0)
    base = small_plan(hot=1, **{**recorded((80, SLOW_NODE, 10_000)), "categories": (slow,)})
    base = replace(base, incidents=(replace(base.incidents[0], category=0),))
    patient, swift = run(base), run(plan(base, swap_slow_after_s=60.0))
    assert timeline(swift)[:6] == [
        START, (60, 120, "productive", -1), (120, 160, "slowed", 0), (160, 165, "checkpoint", -1),
        (165, 225, "restart", 0), (225, 325, "productive", -1),
    ]  # fmt: skip
    assert swift.repairs["queued_s"].tolist() == [165.0]
    assert len(patient.repairs["queued_s"]) == 0
    assert swift.end_s < patient.end_s


@pytest.mark.parametrize("off", [{"in_job": InJobPlan((), 1.0)}, {"queue": Law("constant", 0.0)}])
def test_switched_off_it_is_the_plain_restart(run: Simulate, off: dict[str, Any]) -> None:
    often = CategoryPlan("node", "host", 4, 2e-4, evict=0.3, hang_fraction=0.2)
    base = small_plan(steps=500, categories=(often,), hot=2)
    assert digest(run(plan(base, **off))) == digest(run(base))


def test_swapping_is_off_unless_it_is_asked_for(run: Simulate) -> None:
    slow = replace(SLOW_NODE, evict=0.0, rate_per_unit_s=1e-4, units=4)
    base = replace(small_plan(steps=500, hot=2), categories=(slow, replace(NODE, rate_per_unit_s=1e-5)),
                   recovery=RECOVERY)  # fmt: skip
    assert digest(run(plan(base, swap_slow_after_s=0.0))) == digest(run(base)), "no slow node is to be replaced"


def test_what_breaks_in_the_queue_leaves_before_the_restart(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, evict=False), failure(300.0, 1)])
    records = run(plan(small_plan(hot=1), queue=QUEUE))
    assert timeline(records)[6:8] == [(242, 342, "waiting", 0), (342, 402, "restart", 0)]
    assert records.repairs["queued_s"].tolist() == [342.0]
