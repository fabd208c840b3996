"""Spares that stand elsewhere: while they work for the job its steps take longer, worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from clustersim.run import Records, metrics
from clustersim.run.plan import CategoryPlan, InJobPlan, PlacementPlan, RunPlan
from tests.run.event_log import CRASH_AT_212, hits
from tests.run.plans import RACK, Simulate, digest, failure, script, small_plan, stop_at, timeline

STAYS = PlacementPlan(((2.0,), (3.0,)), swaps_back=False)
GOES = replace(STAYS, swaps_back=True)
CRASH, LATER = failure(212.0), failure(2000.0, 1, evict=False)


def plan(placement: PlacementPlan | None = STAYS, **more: Any) -> RunPlan:
    base = small_plan(**{"steps": 100, "hot": 2, **more})
    return replace(base, spares=replace(base.spares, placement=placement))


def slowed(rows: list[tuple[float, float, str, int]], since_s: float) -> list[tuple[float, float, str, int]]:
    return [row for row in rows if row[0] >= since_s and row[2] == "slowed"]


def pace_after(records: Records, since_s: float) -> tuple[float, set[int]]:
    """Factor on the steps from a moment on, and the incidents that the time goes to."""
    rows = timeline(records)
    trained_s = sum(row[1] - row[0] for row in rows if row[0] >= since_s and row[2] in ("productive", "recompute"))
    late = slowed(rows, since_s)
    return 1.0 + sum(row[1] - row[0] for row in late) / trained_s, {row[3] for row in late}


def test_the_job_is_slow_with_a_spare_from_elsewhere(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten steps of 20 s follow the restart, four of them again: the other half of each is slowed."""
    script(monkeypatch, node=[CRASH])
    records = run(plan())
    rows = timeline(records)
    assert rows[: len(CRASH_AT_212)] == CRASH_AT_212
    assert rows[6:11] == [
        (242, 302, "restart", 0), (302, 342, "recompute", 0), (342, 382, "slowed", 0), (382, 442, "productive", -1),
        (442, 502, "slowed", 0),
    ]  # fmt: skip
    assert rows[11] == (502, 507, "checkpoint", -1), "the storage does not feel it"
    assert metrics.time_by_state_s(records)["slowed"] == 90 * 10, "to the end: the mended node stands by"
    assert metrics.interruptions(records) == (1, 0)


def test_a_spare_beside_the_node_slows_nothing(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[CRASH])
    assert slowed(timeline(run(plan(None))), 0.0) == []


def test_a_mended_node_takes_its_place_at_the_next_stop(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Back at 1,242; the crash at 2,000, which a restart cures, lets it in."""
    ends = {}
    for placement in (STAYS, GOES):
        script(monkeypatch, node=[CRASH, LATER])
        rows = timeline(run(plan(placement, steps=200)))
        assert slowed(rows, 1242.0), "nobody stops the job for it"
        ends[placement] = slowed(rows, 2000.0)
    assert ends[STAYS]
    assert ends[GOES] == []


def test_the_node_that_comes_back_is_waited_for_as_a_spare_is(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[CRASH, LATER])
    rows = timeline(run(plan(GOES, steps=200, hot=0, warm=2)))
    assert [row[1] - row[0] for row in rows if row[2] == "waiting"] == [70, 70]


def test_in_a_planned_stop_it_is_waited_for_because_of_the_stop(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[CRASH])
    rows = timeline(run(plan(GOES, steps=200, hot=0, warm=2, maintenance=stop_at(2000.0))))
    (wait,) = [row for row in rows if row[2] == "waiting" and row[0] > 2000]
    assert wait[1] - wait[0] == 70
    assert wait[3] == 1
    assert slowed(rows, wait[1]) == []


def test_swapping_takes_a_full_restart(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    for placement, length_s in ((STAYS, 40), (GOES, 60)):
        script(monkeypatch, node=[CRASH, LATER])
        base = plan(placement, steps=200)
        inside = replace(base.recovery, in_job=InJobPlan(("schedule",), 1.0))
        rows = timeline(run(replace(base, recovery=inside)))
        assert [row[1] - row[0] for row in rows if row[2] == "restart"] == [60, 60, length_s]


def test_nodes_of_the_job_are_called_before_spares_from_elsewhere(
    run: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node 0 is back at 1,130, and at 2,200 spare 4, which broke while it stood by: the last to come is not taken."""
    script(monkeypatch, node=[failure(100.0, 0), failure(1200.0, 4), failure(2300.0, 1)])
    records = run(plan(steps=200))
    assert hits(records) == ["job", "spare", "job"]
    assert pace_after(records, 2390.0) == (2.0, {0})


def test_each_incident_bears_what_its_spares_add(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as long with one, three times with two: the first adds a factor of 2, the second of 1.5."""
    script(monkeypatch, node=[CRASH, failure(320.0, 1)])
    assert pace_after(run(plan()), 410.0) == (3.0, {0}), "it goes to the one behind most of it"


def test_the_rest_is_borne_by_who_stays(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare 5 came for node 0 and breaks at 600; with spare 4 for it the later incident alone slows the job."""
    script(monkeypatch, node=[CRASH, failure(600.0, 5)])
    records = run(plan())
    assert {row[3] for row in slowed(timeline(records), 302.0) if row[1] < 600} == {0}
    assert pace_after(records, 690.0) == (2.0, {1})


def test_one_incident_may_bring_several(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, rack=[failure(212.0, 1)])
    assert pace_after(run(plan(categories=(RACK,))), 302.0) == (3.0, {0})


def test_each_phase_has_its_own_factor(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[CRASH])
    placement = PlacementPlan(((1.0, 2.0), (1.0, 3.0)), swaps_back=False)
    records = run(plan(placement, steps=(30, 30)))
    slow = records.intervals["state"] == metrics.STATES.index("slowed")
    assert set(records.intervals["phase"][slow].tolist()) == {1}


def test_where_spares_slow_nothing_records_are_those_of_spares_close_by(run: Simulate) -> None:
    often = CategoryPlan("node", "host", 6, 1e-4)
    whole = PlacementPlan(((1.0,), (1.0,)), swaps_back=False)
    for seed in range(5):
        on, off = (plan(placement, steps=300, categories=(often,)) for placement in (whole, None))
        assert digest(run(on, seed)) == digest(run(off, seed))
