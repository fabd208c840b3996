"""clustersim validate capability: what it prints, what it writes, how it ends."""

import csv
import json
from pathlib import Path

import pytest

from tests.calibration.learning.capability.tables import ROW, made_up, rows_of, write_table
from tests.cli.conftest import Command


def mmlu(**changes: str) -> dict[str, str]:
    return {**ROW, "task": "MMLU", "model": "new-7b", "family": "New", **changes}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [mmlu(score="0.42"), mmlu(score=""), mmlu(task="quiz"), mmlu(tokens="")]
    return write_table(tmp_path / "scores.csv", rows)


def test_errors_and_reasons_are_shown(clustersim: Command, table: Path) -> None:
    result = clustersim("validate", "capability", "--data", str(table))
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "2 of 4 rows predicted, 1 of them with a measured score." in result.stdout
    assert "unknown task 'quiz'" in result.stdout
    assert "MMLU" in result.stdout
    assert "Worst rows" in result.stdout


def test_predictions_are_written_beside_the_rows(clustersim: Command, table: Path, tmp_path: Path) -> None:
    result = clustersim("validate", "capability", "--data", str(table), "--out", "out.csv")
    assert result.returncode == 0, result.stderr
    assert "out.csv" in result.stderr
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as lines:
        back = list(csv.DictReader(lines))
    assert [bool(row["predicted_score"]) for row in back] == [True, True, False, False]
    assert back[0]["predicted_score"] == back[1]["predicted_score"]
    assert all(row["reason"] for row in back)


def test_json_has_errors_and_every_row(clustersim: Command, table: Path) -> None:
    tree = json.loads(clustersim("validate", "capability", "--data", str(table), "--json").stdout)
    assert (tree["rows"], tree["predicted"], tree["with_measured_score"], tree["fit"]) == (4, 2, 1, None)
    assert [item["task"] for item in tree["errors"]] == ["MMLU", "all"]
    assert [item["line"] for item in tree["predictions"]] == [2, 3, 4, 5]


def test_a_fit_of_ones_own_replaces_the_shipped_laws(clustersim: Command, tmp_path: Path) -> None:
    fit = write_table(tmp_path / "fit.csv", rows_of(made_up(families=8, each=4)))
    data = write_table(tmp_path / "data.csv", [{**ROW, "score": ""}, mmlu()])
    tree = json.loads(clustersim("validate", "capability", "--data", str(data), "--fit", str(fit), "--json").stdout)
    assert [item["predicted_score"] is None for item in tree["predictions"]] == [False, True]
    assert tree["errors"] == []


def test_a_broken_fit_is_named_line_by_line_and_nothing_is_written(
    clustersim: Command, table: Path, tmp_path: Path
) -> None:
    fit = write_table(tmp_path / "fit.csv", [{**ROW, "params": "big"}, {**ROW, "score": "52"}])
    result = clustersim("validate", "capability", "--data", str(table), "--fit", str(fit), "--out", "out.csv")
    assert result.returncode == 2
    assert f"{fit}:2: params: 'big' is no number" in result.stderr
    assert f"{fit}:3: score: 52 is not a fraction" in result.stderr
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "lacks the columns task, model, family, params, tokens"),
        ("task,model,family,params,tokens,reason\nMMLU,a,b,1e9,1e11,\n", "already has the columns reason"),
        ("task,model,family,params,tokens\n", "no row could be predicted, since the table has no rows"),
        ("task,model,family,params,tokens\nquiz,a,b,1e9,1e11\n", "no row could be predicted: unknown task 'quiz'"),
    ],
)
def test_what_cannot_be_predicted_ends_with_two(clustersim: Command, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(text, "utf-8")
    result = clustersim("validate", "capability", "--data", str(path), "--out", "out.csv")
    assert result.returncode == 2
    assert words in result.stderr


def test_the_output_may_not_be_what_is_read(clustersim: Command, table: Path) -> None:
    result = clustersim("validate", "capability", "--data", str(table), "--out", str(table))
    assert result.returncode == 2
    assert "is what the command reads" in result.stderr
