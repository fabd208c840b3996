"""clustersim validate schedules: every row of a table of loss curves gets a prediction or a reason."""

import csv
import json
from pathlib import Path

import pytest

from tests.calibration.published import PUBLISHED
from tests.cli.conftest import Command

CURVES = PUBLISHED / "schedule_curves.csv"


@pytest.fixture
def split(tmp_path: Path) -> tuple[Path, Path]:
    """Rows to fit, and the others without their losses."""
    with CURVES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    files = tmp_path / "fit.csv", tmp_path / "data.csv"
    for path, use in zip(files, ("fit", "test"), strict=True):
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, ["note", "model", "schedule", "step", "lr", "loss"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows({**row, "note": use} for row in rows if row["use"] == use)
    return files


def test_unseen_schedules_are_predicted_from_a_file(
    clustersim: Command, split: tuple[Path, Path], tmp_path: Path
) -> None:
    fit, data = split
    arguments = ("--data", str(data), "--fit", str(fit), "--json", "--out", "out.csv")
    result = clustersim("validate", "schedules", *arguments)
    assert result.returncode == 0, result.stderr
    curves = json.loads(result.stdout)["curves"]
    assert len(curves) == 9
    assert all(curve["mean_absolute_error"] < 0.01 for curve in curves)
    with data.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as lines:
        back = list(csv.DictReader(lines))
    assert [{name: cells[name] for name in rows[0]} for cells in back] == rows
    assert all(float(row["low_90"]) < float(row["predicted_loss"]) < float(row["high_90"]) for row in back)


def test_names_do_not_move_the_cursor(clustersim: Command, tmp_path: Path) -> None:
    text = CURVES.read_text("utf-8").replace("wsd_20000_24000", "wsd\x1b[2J")
    (tmp_path / "data.csv").write_text(text, encoding="utf-8")
    result = clustersim("validate", "schedules", "--data", "data.csv")
    assert "wsd[2J" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_table_is_shown(clustersim: Command) -> None:
    result = clustersim("validate", "schedules", "--data", str(CURVES))
    assert result.returncode == 0, result.stderr
    assert "wsd_20000_24000" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("model,step\n", ("data.csv:1", "schedule, lr")),
        ("model,schedule,step,lr,reason\n25M,s,3000,3e-4,x\n", ("data.csv:1", "reason")),
        ("model,schedule,step,lr\n9B,s,3000,3e-4\n", ("no row could be predicted", "'9B' is not among")),
    ],
)
def test_damage_is_told(clustersim: Command, tmp_path: Path, content: str, words: tuple[str, ...]) -> None:
    path = tmp_path / "data.csv"
    path.write_text(content, "utf-8")
    result = clustersim("validate", "schedules", "--data", str(path), "--out", "out.csv")
    assert result.returncode == 2
    assert all(word in result.stderr for word in words)
    assert "Traceback" not in result.stderr


def test_all_faults_of_a_fit_are_told_at_once(clustersim: Command, tmp_path: Path) -> None:
    path = tmp_path / "fit.csv"
    path.write_text("model,schedule,step,lr,loss\nm,s,a,1,3\nm,s,1,b,3\n", "utf-8")
    result = clustersim("validate", "schedules", "--data", str(CURVES), "--fit", str(path), "--out", "out.csv")
    assert result.returncode == 2
    assert "fit.csv:2" in result.stderr
    assert "fit.csv:3" in result.stderr
    assert not (tmp_path / "out.csv").exists()
