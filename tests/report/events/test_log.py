"""The event log: as agreed, whole, in order, and cheap."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from clustersim.report.events import event_log
from clustersim.run import Records, RunPlan, simulate
from clustersim.run.records import EFFECTS, HITS
from tests.executed import executed_lines
from tests.report.events.cases import CASES, FOLDER
from tests.run.plans import NODE, RACK, small_plan
from tests.run.random_plans import FEW, sized_plans

LINE = re.compile(
    r" +(?P<days>\d+)d (?P<clock>\d\d:\d\d:\d\d)  (?P<event>[a-z_]+) +(?P<incident>#\d+|-)  (?P<rest>\S.*)$"
)


def lines(text: str) -> list[re.Match[str]]:
    found = [LINE.match(line) for line in text.splitlines() if not line.startswith("#")]
    return [match for match in found if match]


@pytest.mark.parametrize("name", CASES)
def test_the_log_is_as_agreed(name: str) -> None:
    """``python -m tests.report.events.cases`` writes it anew, on purpose."""
    assert event_log(CASES[name](), [name]) == (FOLDER / f"{name}.txt").read_text("utf-8")


def test_every_kind_of_incident_and_stage_is_in_the_agreed_logs() -> None:
    texts = "".join((FOLDER / f"{name}.txt").read_text("utf-8") for name in CASES)
    for word in (
        *EFFECTS,
        "detect",
        "waiting",
        "restart",
        "maintenance",
        "found",
        "evict",
        "repair",
        "repaired",
        "away",
        "back",
    ):
        assert re.search(rf"  {word} ", texts), word
    for word in ("start", "train", "rewind", "phase", "checkpoints", "unwritten", "lost", "finished", "deadline"):
        assert re.search(rf"  {word} ", texts), word
    for word in (*(f"hits {hits}" for hits in HITS), "calls people", "broken off", "the beginning"):
        assert word in texts, word


@FEW
@given(sized_plans())
def test_nothing_is_missing_whatever_happens(plan: RunPlan) -> None:
    records = simulate(plan, 2)
    text = event_log(records)
    told = lines(text)
    assert len(told) == text.count("\n") - 1, "every line is one event"
    seconds = [int(row["days"]) * 86400 + to_seconds(row["clock"]) for row in told]
    assert seconds == sorted(seconds)
    assert seconds[-1] == round(records.end_s)
    struck = [row for row in told if row["event"] in EFFECTS]
    assert sorted(int(row["incident"][1:]) for row in struck) == list(range(len(records.incidents["t_s"])))
    first, last = records.intervals["tokens_start"], records.intervals["tokens_end"]
    falls = np.count_nonzero(first[1:] < last[:-1] * (1.0 - 1e-9))
    assert sum(row["event"] == "rewind" for row in told) == falls
    assert sum(row["event"] == "evict" for row in told) == len(records.repairs["end_s"])
    assert sum(row["event"] == "away" for row in told) == len(records.absences.get("left_s", ()))
    assert sum(row["event"] == "size" for row in told) == len(records.sizes["t_s"]) - 1
    assert told[-1]["event"] == records.ended or records.end_s - records.repairs["end_s"].max(initial=0.0) < 1.0


def to_seconds(clock: str) -> int:
    hours, minutes, seconds = map(int, clock.split(":"))
    return hours * 3600 + minutes * 60 + seconds


def test_columns_are_aligned_and_one_incident_can_be_followed() -> None:
    text = (FOLDER / "failures.txt").read_text("utf-8")
    title, *rows = text.splitlines()[1:]
    at = title.index("details")
    assert {row[at - 2 : at] for row in rows} == {"  ", ""}, "a line without details is not padded"
    followed = [row.split()[2] for row in rows if "#1 " in row]
    assert followed == ["crash", "detect", "waiting", "evict", "waiting", "rewind", "restart", "repaired"]


def one_crash(**columns: np.ndarray) -> Records:
    records = CASES["corruption"]()
    return replace(records, incidents={**records.incidents, **columns})


def test_columns_that_the_log_does_not_know_show_by_their_names() -> None:
    text = event_log(one_crash(blamed_node=np.array([-1, -1, -1, 3]), shrinks=np.array([0, 0, 0, 1])))
    (line,) = (line for line in text.splitlines() if "  crash " in line)
    assert line.endswith("blamed_node=3, shrinks=1")
    assert text.count("blamed_node") == 1


def test_names_cannot_break_a_line_or_move_the_cursor() -> None:
    records = replace(CASES["failures"](), categories=("a\nb\x1b[2J", "c  d\te", "phase change"))
    text = event_log(records, ["two\nlines\x1b[2J"])
    assert "\x1b" not in text
    assert "  a b[2J " in text
    assert text.startswith("# two lines[2J\n#")
    assert len(lines(text)) == len(lines((FOLDER / "failures.txt").read_text("utf-8")))


def test_a_change_of_size_is_told_with_the_nodes() -> None:
    plan = small_plan(steps=(5, 5))
    first, second = plan.phases
    halved = replace(plan, phases=(first, replace(second, nodes=2, restart_before=True)))
    (row,) = (row for row in lines(event_log(simulate(halved, 0))) if row["event"] == "size")
    assert "2 nodes" in row.string
    assert row.string.endswith("4 nodes before")


def test_a_run_of_no_length_has_an_end() -> None:
    text = event_log(simulate(small_plan(deadline_s=1e-9), 0))
    assert [row["event"] for row in lines(text)][-1] == "deadline"


def test_the_same_records_give_the_same_text() -> None:
    assert event_log(CASES["storage"]()) == event_log(CASES["storage"]())


def test_the_cost_grows_with_the_lines_of_the_log() -> None:
    """About 220 lines of Python for each line of the log, 20 us; a month's log is written in a tenth of a second."""
    plan = small_plan(
        steps=30_000, categories=(replace(NODE, rate_per_unit_s=1e-4), replace(RACK, rate_per_unit_s=1e-4)), warm=2
    )
    records = simulate(plan, 0)
    made = event_log(records).count("\n")
    assert made > 500
    assert executed_lines(lambda: event_log(records)) < 300 * made
