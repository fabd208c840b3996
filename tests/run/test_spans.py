"""Spans and parts: the course of a run in few pieces."""

import pytest
from hypothesis import given

from clustersim.run import RunPlan, metrics, simulate
from clustersim.run.parts import time_by_part_s
from clustersim.run.records import STATES
from clustersim.run.spans import parts_of, spans
from tests.run.plans import Simulate, failure, script, small_plan
from tests.run.random_plans import FEW, plans


def test_a_crash_makes_spans(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0)])
    records = run(small_plan(warm=1))
    course = spans(records)
    assert [(span.start_s, span.end_s, STATES[span.state], span.trains, span.cause) for span in course] == [
        (0.0, 60.0, "restart", False, -1),
        (60.0, 212.0, "productive", True, -1),
        (212.0, 242.0, "detect", False, 0),
        (242.0, 312.0, "waiting", False, 0),
        (312.0, 372.0, "restart", False, 0),
        (372.0, 532.0, "recompute", True, 0),
    ]
    assert parts_of(records, course[3]) == [("spares", 70.0)]
    assert parts_of(records, course[4]) == [("schedule", 20.0), ("load", 40.0)]
    assert parts_of(records, course[5]) == []
    assert time_by_part_s(records) == {"restart": {"schedule": 40.0, "load": 80.0}, "waiting": {"spares": 70.0}}


def test_nothing_recorded(run: Simulate) -> None:
    records = run(small_plan(deadline_s=1e-9))
    assert spans(records) == []
    assert time_by_part_s(records) == {}


@FEW
@given(plans())
def test_spans_tile_the_run_and_parts_fill_their_states(plan: RunPlan) -> None:
    records = simulate(plan, 1)
    course = spans(records)
    assert [span.start_s for span in course[1:]] == [span.end_s for span in course[:-1]]
    assert [span.first for span in course[1:]] == [span.end for span in course[:-1]]
    assert sum(span.end_s - span.start_s for span in course) == pytest.approx(records.end_s, abs=1e-4)
    by_state, by_part = metrics.time_by_state_s(records), time_by_part_s(records)
    for state in ("restart", "waiting"):
        assert sum(by_part.get(state, {}).values()) == pytest.approx(by_state[state], abs=1e-4)
