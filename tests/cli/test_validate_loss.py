"""clustersim validate loss: every row of a table of losses gets a prediction with its interval."""

import csv
import json
from pathlib import Path

import pytest

from tests.calibration.learning.losses.ladder import LOSSES, PUBLISHED, ladder_rows, write
from tests.cli.conftest import Command

FINALS = PUBLISHED / "olmo_ladder_losses.csv"


def test_rows_come_back_as_they_were_with_predictions_behind(clustersim: Command, tmp_path: Path) -> None:
    result = clustersim("validate", "loss", "--data", str(FINALS), "--json", "--out", "out.csv")
    assert result.returncode == 0, result.stderr
    columns = json.loads(result.stdout)["columns"]
    assert [one["measured"] for one in columns] == [27, 27, 26, 26, 26]
    with FINALS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as lines:
        back = list(csv.DictReader(lines))
    assert [{name: cells[name] for name in rows[0]} for cells in back] == rows
    for row in back:
        assert float(row["low_90"]) < float(row["predicted_loss"]) < float(row["high_90"])
        assert row["predicted_loss"] == row["predicted_c4_nats_per_token"]
        assert row["reason"]


def test_a_file_is_fitted_to_instead_of_the_shipped_fits(clustersim: Command, tmp_path: Path) -> None:
    write(tmp_path / "fit.csv", ladder_rows(lambda size: size < 2e9))
    write(tmp_path / "data.csv", ladder_rows(lambda size: size > 2e9))
    result = clustersim("validate", "loss", "--data", "data.csv", "--fit", "fit.csv", "--out", "out.csv")
    assert result.returncode == 0, result.stderr
    assert "3B-" in result.stdout
    for name in LOSSES:
        assert f"{name}_ce" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("run,parameters\n", ("data.csv:1", "tokens")),
        ("run,parameters,tokens\na,x,1\n", ("data.csv:2", "parameters", "'x' is no number")),
        ("run,parameters,tokens,reason\na,1e9,1e10,x\n", ("data.csv:1", "reason")),
        ("run,parameters,tokens\n", ("no row could be predicted",)),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    clustersim: Command, tmp_path: Path, content: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "data.csv").write_text(content, encoding="utf-8")
    result = clustersim("validate", "loss", "--data", "data.csv", "--out", "out.csv")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
    if "no row" not in words[0]:
        assert not (tmp_path / "out.csv").exists()


def test_a_file_too_small_to_fit_to_is_refused(clustersim: Command, tmp_path: Path) -> None:
    write(tmp_path / "fit.csv", ladder_rows(lambda size: size < 2e8))
    result = clustersim("validate", "loss", "--data", str(FINALS), "--fit", "fit.csv")
    assert result.returncode == 2
    assert "too few runs" in result.stderr
