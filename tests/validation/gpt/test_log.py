"""The log: whole lines whatever happens."""

import json
import math
import os
from pathlib import Path

import pytest

pytest.importorskip("torch")

from validation.gpt.log import FILE, Log


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / FILE).read_text().splitlines()]


def test_events_have_time_and_attempt_and_attempts_are_counted(tmp_path: Path) -> None:
    for attempt in range(3):
        log = Log(tmp_path)
        log.write("start", world=2)
        log.write("step", step=attempt)
        log.close()
    assert [(line["event"], line["attempt"]) for line in lines(tmp_path)] == [
        (event, attempt) for attempt in range(3) for event in ("start", "step")
    ]
    assert all(isinstance(line["time_s"], float) for line in lines(tmp_path))


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"event": "start", "attempt": 0}\n{"event": "st')
    log = Log(tmp_path)
    log.write("start")
    log.close()
    assert [line["attempt"] for line in lines(tmp_path)] == [0, 1]


def test_numbers_that_json_does_not_know_are_null(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write("step", loss=math.nan, parts={"norm": math.inf}, list=[1.0, -math.inf])
    log.close()
    assert lines(tmp_path)[0]["loss"] is None
    assert lines(tmp_path)[0]["parts"] == {"norm": None}
    assert lines(tmp_path)[0]["list"] == [1.0, None]


def test_lines_wait_while_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, write = Log(tmp_path), os.write

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    log.write("start")
    monkeypatch.setattr(os, "write", full)
    log.write("step", step=1)
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:5]))  # room for five bytes
    log.write("step", step=2)
    monkeypatch.setattr(os, "write", write)
    assert [line["event"] for line in lines(tmp_path)] == ["start"]
    log.write("step", step=3)
    log.close()
    assert [line.get("step") for line in lines(tmp_path)] == [None, 1, 2, 3]


def test_other_processes_do_not_log(tmp_path: Path) -> None:
    log = Log(None)
    log.write("step", step=1)
    log.close()
    assert list(tmp_path.iterdir()) == []
