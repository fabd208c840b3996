"""The trace of a run: what Perfetto needs, states that tile the run, slices that nest."""

import gzip
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from clustersim.report.run_trace import (
    CHECKPOINT_TRACK,
    INCIDENTS,
    JOB,
    PHASE_TRACK,
    REPAIRS,
    STATE_TRACK,
    run_trace_text,
    write_run_trace,
)
from clustersim.run import RunPlan, metrics, simulate
from clustersim.run.records import EFFECTS, STATES
from tests.report.events.cases import CASES
from tests.report.trace_check import trace_errors
from tests.run.plans import small_plan
from tests.run.random_plans import FEW, plans

Event = dict[str, Any]


def events_of(text: str) -> list[Event]:
    return list(json.loads(text)["traceEvents"])


def on(text: str, group: int, track: int, kind: str = "X") -> list[Event]:
    return [e for e in events_of(text) if (e["ph"], e["pid"], e["tid"]) == (kind, group, track)]


def test_the_state_track_of_a_run_drawn_by_hand() -> None:
    drawn = on(run_trace_text(CASES["storage"](), {}), JOB, STATE_TRACK)
    assert [(e["name"], e["ts"] / 1e6, e["dur"] / 1e6) for e in drawn[:7]] == [
        ("restart", 0.0, 60.0),
        ("schedule", 0.0, 20.0),
        ("load", 20.0, 40.0),
        ("productive", 60.0, 80.0),
        ("slowed", 140.0, 20.0),
        ("productive", 160.0, 20.0),
        ("checkpoint", 180.0, 5.0),
    ]
    crash = next(e for e in drawn if e["name"] == "detect")
    assert (crash["ts"], crash["dur"], crash["args"]) == (520e6, 30e6, {"incident": 3, "cause": "kill"})


@FEW
@given(plans())
def test_a_trace_is_whole_whatever_happens(plan: RunPlan) -> None:
    records = simulate(plan, 3)
    text = run_trace_text(records, {"scenario": "random"})
    assert trace_errors(text) == []
    end = round(records.end_s * 1e6)
    assert all(e["ts"] + e.get("dur", 0) <= end for e in events_of(text) if "ts" in e)
    states = [e for e in on(text, JOB, STATE_TRACK) if e["name"] in STATES]
    assert [e["ts"] for e in states[1:]] == [e["ts"] + e["dur"] for e in states[:-1]], "states tile the run"
    spent: dict[str, float] = defaultdict(float)
    for event in states:
        spent[event["name"]] += event["dur"] / 1e6
    for name, seconds in metrics.time_by_state_s(records).items():
        assert spent[name] == pytest.approx(seconds, abs=1e-3)
    phases = on(text, JOB, PHASE_TRACK)
    assert sum(e["dur"] for e in phases) == sum(e["dur"] for e in states)
    instants = [e for e in events_of(text) if e["ph"] == "i" and e["pid"] == INCIDENTS]
    assert [e["args"]["incident"] for e in instants] == list(range(len(records.incidents["t_s"])))
    writes = [e for e in events_of(text) if e["ph"] == "X" and e["pid"] == JOB and e["tid"] >= CHECKPOINT_TRACK]
    assert len(writes) == np.count_nonzero(~np.isnan(records.checkpoints["durable_s"]))
    for name in ("nodes in the queue", "nodes in repair"):
        counts = [e["args"]["nodes"] for e in events_of(text) if e["ph"] == "C" and e["name"] == name]
        assert counts[-1:] in ([], [0])


def test_tokens_fall_where_the_job_rewinds() -> None:
    text = run_trace_text(CASES["corruption"](), {})
    tokens = [(e["ts"] / 1e6, e["args"]["tokens"]) for e in events_of(text) if e["ph"] == "C" and e["name"] == "tokens"]
    assert (300.0, 2300.0) in tokens
    assert (370.0, 0.0) in tokens
    assert tokens[-1] == (1600.0, 6000.0)


def test_repairs_wait_and_run_in_lanes() -> None:
    text = run_trace_text(CASES["failures"](), {})
    lanes = [[(e["name"], e["ts"] / 1e6, e["dur"] / 1e6) for e in on(text, REPAIRS, track)] for track in (1, 2, 3, 4)]
    assert lanes == [
        [("repair", 742.0, 1000.0)],
        [("in the queue", 1230.0, 512.0), ("repair", 1742.0, 1000.0)],
        [("in the queue", 1500.0, 1242.0), ("repair", 2742.0, 1000.0)],
        [],
    ]
    counts = [(e["ts"] / 1e6, e["args"]["nodes"]) for e in events_of(text) if e["name"] == "nodes in the queue"]
    assert counts == [(742.0, 0), (1230.0, 2), (1500.0, 3), (1742.0, 1), (2742.0, 0)]


def test_incidents_stand_on_a_track_for_each_category_with_all_that_is_known() -> None:
    text = run_trace_text(CASES["corruption"](), {})
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events_of(text) if e["name"] == "thread_name"}
    assert {name for (group, _), name in names.items() if group == INCIDENTS} == {"corruption", "node", "stop"}
    first = next(e for e in events_of(text) if e["ph"] == "i" and e["pid"] == INCIDENTS)
    assert (first["name"], first["s"], names[INCIDENTS, first["tid"]]) == ("corrupt", "t", "corruption")
    assert first["args"] == {
        "incident": 0, "node": 0, "effect": "corrupt", "hits": "job", "detect_s": 200.0, "evicted_nodes": 1,
        "manual": False, "skipped_tokens": 0.0,
    }  # fmt: skip
    assert first["name"] in EFFECTS


def test_columns_that_nobody_knows_are_arguments_and_what_is_not_finite_is_left_out() -> None:
    records = CASES["corruption"]()
    count = len(records.incidents["t_s"])
    more = {"blamed_node": np.arange(count), "odds": np.full(count, np.nan)}
    text = run_trace_text(replace(records, incidents={**records.incidents, **more}), {})
    arguments = [e["args"] for e in events_of(text) if e["ph"] == "i" and e["pid"] == INCIDENTS]
    assert [one["blamed_node"] for one in arguments] == list(range(count))
    assert "NaN" not in text


def test_checkpoints_that_are_missing_are_instants() -> None:
    text = run_trace_text(CASES["storage"](), {})
    instants = [(e["name"], e["ts"] / 1e6, e["args"]["step"]) for e in on(text, JOB, CHECKPOINT_TRACK, "i")]
    assert [name for name, _, _ in instants] == ["unwritten", "unwritten", "lost", "lost"]
    assert instants[2] == ("lost", 500.0, 10)


def test_a_run_of_no_length_is_a_trace() -> None:
    assert trace_errors(run_trace_text(simulate(small_plan(deadline_s=1e-9), 0), {})) == []


def test_a_packed_trace_is_the_same_trace_and_the_same_bytes(tmp_path: Path) -> None:
    records = CASES["failures"]()
    for name in ("a.json", "a.json.gz", "b.json.gz"):
        write_run_trace(tmp_path / name, records, {"seed": 0})
    packed = (tmp_path / "a.json.gz").read_bytes()
    assert packed == (tmp_path / "b.json.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "a.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["otherData"]["seed"] == 0
    assert len(list(tmp_path.iterdir())) == 3
