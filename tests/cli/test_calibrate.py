"""clustersim calibrate throughput: fits the rows marked fit, scores the others, leaves nothing half-written."""

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.calibration.published import PUBLISHED
from tests.calibration.rows_table import row, write_rows
from tests.cli.conftest import Command

COMMAND = str(Path(sys.executable).parent / "clustersim")


@pytest.fixture
def megatron(tmp_path: Path) -> Path:
    """The few curated rows of one software class, so that a fit is quick."""
    with (PUBLISHED / "step_times.csv").open(encoding="utf-8", newline="") as lines:
        rows = [cells for cells in csv.DictReader(lines) if cells["stack"].startswith("megatron-2021")]
    return write_rows(tmp_path / "megatron.csv", rows)


def test_parameters_come_with_interval_and_rows(clustersim: Command, megatron: Path) -> None:
    result = clustersim("calibrate", "throughput", "--data", str(megatron), "--json")
    assert result.returncode == 0, result.stderr
    tree = json.loads(result.stdout)
    assert tree["parameters"]
    for item in tree["parameters"]:
        assert item["low"] <= item["value"] <= item["high"]
        assert item["rows"] > 0
        assert item["verdict"]
    assert tree["rows"]["held_out"] > 0
    assert any(score["rows_test"] for score in tree["errors_on_held_out_rows"].values())


def test_a_table_is_written_and_read_back(clustersim: Command, megatron: Path, tmp_path: Path) -> None:
    result = clustersim("calibrate", "throughput", "--keep", "--data", str(megatron), "--out", "table.csv")
    assert result.returncode == 0, result.stderr
    assert "held out" in result.stdout
    assert "\x1b" not in result.stdout + result.stderr
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as lines:
        written = list(csv.DictReader(lines))
    assert {"entry", "field", "value", "source"} == set(written[0])
    assert all(cells["source"] for cells in written)


def test_held_out_rows_do_not_move_a_fit(clustersim: Command, megatron: Path, tmp_path: Path) -> None:
    with megatron.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    spoiled = [cells | ({"step_time_s": "1"} if cells["split"] != "fit" else {}) for cells in rows]
    other = write_rows(tmp_path / "spoiled.csv", spoiled)
    fits = [
        json.loads(clustersim("calibrate", "throughput", "--data", str(path), "--json").stdout)
        for path in (megatron, other)
    ]
    assert fits[0]["parameters"] == fits[1]["parameters"]
    assert fits[0]["errors_on_held_out_rows"] != fits[1]["errors_on_held_out_rows"]


def test_several_files_are_taken_together(clustersim: Command, megatron: Path, tmp_path: Path) -> None:
    more = write_rows(tmp_path / "more.csv", [row(), row(split="fit"), row(gpu="h999")])
    tree = json.loads(
        clustersim("calibrate", "throughput", "--keep", "--data", str(megatron), "--data", str(more), "--json").stdout
    )
    alone = json.loads(clustersim("calibrate", "throughput", "--keep", "--data", str(megatron), "--json").stdout)
    assert tree["rows"] == {name: count + 1 for name, count in alone["rows"].items()}
    assert "h999" in tree["skipped"][0]["reason"]


def test_every_wrong_file_is_told_at_once(clustersim: Command, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id\n1\n", "utf-8")
    result = clustersim("calibrate", "throughput", "--data", "a.csv", "--data", "b.csv", "--out", "table.csv")
    assert result.returncode == 2
    assert "a.csv:1: lacks the columns" in result.stderr
    assert "b.csv: No such file" in result.stderr
    assert not (tmp_path / "table.csv").exists()


def test_without_fit_rows_it_fails(clustersim: Command, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row(split="test"), row(split="")])
    result = clustersim("calibrate", "throughput", "--data", str(path))
    assert result.returncode == 2
    assert "no usable row is marked fit" in result.stderr


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    main, terminal = pty.openpty()
    started = subprocess.Popen(
        [COMMAND, "calibrate", "throughput", "--data", str(PUBLISHED / "throughput.csv"), "--out", "table.csv"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    seen = b""
    while b"Fitting" not in seen:
        seen += os.read(main, 1024)
    time.sleep(0.2)
    started.send_signal(signal.SIGINT)
    assert started.wait(timeout=300) == 130
    os.close(main)
    assert list(tmp_path.iterdir()) == []


def test_rows_that_cannot_be_predicted_are_skipped_with_their_lines(
    clustersim: Command, megatron: Path, tmp_path: Path
) -> None:
    bad = [
        row(id="zero", fabric="0x0G"),
        row(id="nameless", n_layers="None", model="x"),
        row(id="deep", vpp="999", pp="2"),
    ]
    more = write_rows(tmp_path / "more.csv", [cells | {"split": "fit"} for cells in bad])
    result = clustersim(
        "calibrate", "throughput", "--keep", "--data", str(megatron), "--data", str(more), "--json", "--out", "t.csv"
    )
    assert result.returncode == 0, result.stderr
    assert [(item["id"], item["reason"].partition(",")[0]) for item in json.loads(result.stdout)["skipped"]] == [
        ("zero", "line 2"),
        ("nameless", "line 3"),
        ("deep", "line 4"),
    ]


@pytest.mark.parametrize(("out", "words"), [("nowhere/t.csv", "No such file"), ("x" * 300, "File name too long")])
def test_an_output_that_cannot_be_written_is_told_before_the_fit(clustersim: Command, out: str, words: str) -> None:
    result = clustersim("calibrate", "throughput", "--data", str(PUBLISHED / "step_times.csv"), "--out", out)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
