"""The trace of a step: what Perfetto needs, nothing overlapping, nothing lost."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from clustersim._version import __version__
from clustersim.report.trace import FIRST_TRACK, NOT_SHOWN, trace_text, write_trace
from clustersim.step.pipeline import Schedule, Work, even_work, timeline
from clustersim.step.step_timeline import AfterWork
from tests.report.trace_check import span_us, trace_errors
from tests.step.pipeline.cases import cases, schedule

SHOWN = timeline(schedule("1f1b", 2, 2), even_work(1.0, 2.0, 2, message_s=0.25, blocking=1.0))


def slices(text: str) -> dict[int, list[dict[str, Any]]]:
    by_track: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in json.loads(text)["traceEvents"]:
        if event["ph"] == "X":
            by_track[event["tid"] - FIRST_TRACK].append(event)
    return by_track


def test_a_trace_drawn_by_hand() -> None:
    rows = slices(trace_text(SHOWN))
    assert [(event["name"], event["ts"], event["dur"]) for event in rows[1]] == [
        ("idle", 0.0, 1e6),
        ("wait for message", 1e6, 0.25e6),
        ("F 0 chunk 0", 1.25e6, 1e6),
        ("B 0 chunk 0", 2.25e6, 2e6),
        ("send", 4.25e6, 0.25e6),
        ("F 1 chunk 0", 4.5e6, 1e6),
        ("B 1 chunk 0", 5.5e6, 2e6),
        ("send", 7.5e6, 0.25e6),
        ("idle", 7.75e6, 2e6),
    ]


def test_tracks_are_named_and_in_order() -> None:
    events = json.loads(trace_text(SHOWN))["traceEvents"]
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert names == {1: "PP rank 0", 2: "PP rank 1"}
    order = [event["args"]["sort_index"] for event in events if event["name"] == "thread_sort_index"]
    assert order == sorted(order)


def test_metadata_says_who_made_it() -> None:
    other = json.loads(trace_text(SHOWN, about={"scenario": "a plan"}))["otherData"]
    assert (other["product"], other["version"], other["scenario"]) == ("clustersim", __version__, "a plan")
    assert (other["schedule"], other["micro_batches"]) == ("1f1b", 2)


def test_the_counter_ends_at_zero() -> None:
    events = json.loads(trace_text(SHOWN))["traceEvents"]
    counts = [event["args"]["micro-batches"] for event in events if event["ph"] == "C" and event["tid"] == 1]
    assert counts == [1, 2, 1, 0]


@settings(max_examples=40, deadline=None)
@given(cases(most_micro_batches=12))
def test_tracks_are_whole_and_nothing_overlaps(case: tuple[Schedule, Work]) -> None:
    shown = timeline(*case)
    assert trace_errors(trace_text(shown)) == []
    for track, row in slices(trace_text(shown)).items():
        end = 0.0
        for event in row:
            assert event["ts"] == pytest.approx(end, abs=2e-3)
            assert event["dur"] >= 0.0
            end = event["ts"] + event["dur"]
        assert end == pytest.approx(1e6 * shown.total_s, abs=0.01)
        passes = [event for event in row if "args" in event]
        assert len(passes) == len(shown.ranks[track])


def test_reductions_have_tracks_of_their_own() -> None:
    reductions = [
        [AfterWork("reduce gradients of chunk 0", 8.0, 10.5)],
        [AfterWork("reduce gradients of chunk 0", 7, 9)],
    ]
    updates = [AfterWork("optimizer", 10.5, 10.6)] * 2
    text = trace_text(SHOWN, reductions=reductions, updates=updates)
    assert trace_errors(text) == []
    rows = slices(text)
    assert len(rows) == 4
    assert rows[0][-1]["name"] == "optimizer"
    assert rows[0][-2]["name"] == "idle"
    assert {row[0]["cat"] for track, row in rows.items() if track > 1} == {"data-parallel communication"}
    names = {event["args"]["name"] for event in json.loads(text)["traceEvents"] if event["name"] == "thread_name"}
    assert "PP rank 1 gradients" in names


def test_the_trace_ends_with_the_predicted_step() -> None:
    updates = [AfterWork("optimizer", 10.5, 10.6)] * 2
    text = trace_text(SHOWN, updates=updates, step_s=12.0)
    assert trace_errors(text) == []
    assert span_us(text) == 12e6
    last = slices(text)[1][-1]
    assert (last["name"], last["ts"], last["dur"]) == ("not shown task by task", 10.6e6, 1.4e6)
    assert json.loads(text)["otherData"]["not_shown_task_by_task"] == NOT_SHOWN
    assert span_us(trace_text(SHOWN, updates=updates)) == 10.6e6
    assert "last slice" not in json.loads(trace_text(SHOWN))["otherData"]["not_shown_task_by_task"]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            '"ts":1250000.0,"dur":1000000.0',
            '"ts":1250000.0,"dur":1100000.0',
            "PP rank 1: B 0 chunk 0 at 2250000.0 overlaps",
        ),
        ('"dur":1000000.0', '"dur":-1.0', "lasts less than nothing"),
        ('"name":"PP rank 1"', '"name":"PP rank 0"', "two tracks are called PP rank 0"),
        ('"tid":2', '"tid":0', "process or track 0"),
        ('"micro-batches":2', '"micro-batches":-2', "is negative"),
    ],
)
def test_the_check_of_traces_can_fail(old: str, new: str, error: str) -> None:
    text = trace_text(SHOWN)
    assert old in text
    assert any(error in found for found in trace_errors(text.replace(old, new)))


def test_the_same_step_gives_the_same_bytes(tmp_path: Path) -> None:
    write_trace(tmp_path / "a.json", SHOWN)
    write_trace(tmp_path / "b.json", SHOWN)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(OSError, match="there"):
        write_trace(tmp_path / "there", SHOWN)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_dualpipe_names_both_halves() -> None:
    shown = timeline(schedule("dualpipe", 2, 4), even_work(1.0, 2.0, 2, 2, weight_s=1.0))
    names = [event["name"] for event in slices(trace_text(shown))[0]]
    assert "F 3 chunk 1 & B 0 chunk 0" in names
    assert names[-1] == "W 1 chunk 0"
