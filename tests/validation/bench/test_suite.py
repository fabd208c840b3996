"""Sections one after the other: their time, their failures, and the file they write."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from validation.bench.case import Record
from validation.bench.crew import CrewError
from validation.bench.results import Results
from validation.bench.session import NotRunError, Session
from validation.bench.shape import SMALL
from validation.bench.suite import SECTIONS, Section, Settings, failed, run_sections

pytest.importorskip("torch")  # the load average comes with the job's description of the machine


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def run(
    folder: Path, sections: dict[str, Section], budget_s: float = 100.0, clock: Callable[[], float] | None = None
) -> dict[str, Any]:
    settings = Settings(tuple(sections), SMALL, True, "cpu", threads=1, world=2, budget_s=budget_s)
    results = Results(folder / "bench.json", {"device": "cpu"})
    run_sections(settings, results, folder, lambda _line: None, sections, clock or Clock())
    read: dict[str, Any] = json.loads((folder / "bench.json").read_text())
    return read


def good(_session: Session) -> list[Record]:
    return [{"section": "good", "time_s": 1.0}]


def raising(error: Exception) -> Section:
    def section(session: Session) -> list[Record]:
        session.on_round([{"section": "bad", "time_s": 2.0}])
        raise error

    return Section(section, 1.0)


def test_a_section_that_fails_is_recorded_and_the_others_run(tmp_path: Path) -> None:
    sections = {
        "lost": raising(CrewError("worker 1 ended with exit code -9")),
        "wrong": raising(ValueError("no")),
        "needless": raising(NotRunError("one process has none to send to")),
        "good": Section(good, 1.0),
    }
    read = run(tmp_path, sections)
    assert read["sections"] == {
        "lost": "failed: worker 1 ended with exit code -9",
        "wrong": "failed: ValueError: no",
        "needless": "not run: one process has none to send to",
        "good": "done in 0.0 s",
    }
    assert [record["section"] for record in read["records"]] == ["bad", "bad", "bad", "good"]
    assert failed(read["sections"]) == ["lost", "wrong"]
    assert read["load"].keys() == sections.keys()
    assert all(load.keys() == {"before", "after"} for load in read["load"].values())


def test_without_time_nothing_runs_and_every_section_says_so(tmp_path: Path) -> None:
    read = run(tmp_path, dict(SECTIONS), budget_s=0.0)
    assert read["sections"] == dict.fromkeys(SECTIONS, "not run: time budget spent")
    assert read["records"] == []


def test_what_a_section_leaves_of_its_share_the_next_ones_get(tmp_path: Path) -> None:
    clock, deadlines_s = Clock(), []

    def spend(session: Session) -> list[Record]:
        deadlines_s.append(session.deadline_s)
        clock.now_s += 10.0
        return []

    sections = {"first": Section(spend, 3.0), "second": Section(spend, 1.0), "third": Section(spend, 1.0)}
    run(tmp_path, sections, 100.0, clock)
    assert deadlines_s == [60.0, 10.0 + 90.0 / 2, 100.0]


def test_the_file_is_replaced_and_never_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = Results(tmp_path / "bench.json", {"device": "cpu"})
    results.set_records("good", [{"section": "good", "time_s": 1.0}])
    before = (tmp_path / "bench.json").read_text()

    def interrupted(_self: Path, _text: str, **_options: str) -> int:
        os.write(os.open(tmp_path / "bench.json.part", os.O_WRONLY | os.O_CREAT), b'{"schema"')
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        results.set_records("good", [])
    assert (tmp_path / "bench.json").read_text() == before


def test_scratch_files_are_gone_afterwards(tmp_path: Path) -> None:
    def writes(session: Session) -> list[Record]:
        (session.place.folder / "checkpoint.pt").write_bytes(b"x")
        return []

    run(tmp_path, {"writes": Section(writes, 1.0)})
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]
