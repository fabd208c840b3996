"""clustersim validate throughput: what it prints, what it writes, how it ends."""

import csv
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.calibration.published import PUBLISHED
from tests.calibration.rows_table import ROW, row, write_rows
from tests.cli.conftest import Command

COMMAND = str(Path(sys.executable).parent / "clustersim")
CURATED = PUBLISHED / "step_times.csv"
BANDS = PUBLISHED.parent / "bands.csv"

NUMBER_OR_NULL = {"type": ["number", "null"]}
GROUP = {
    "type": "object",
    "required": ["name", "rows", "median", "p90", "mean", "bias"],
    "properties": {"name": {"type": "string"}, "rows": {"type": "integer", "minimum": 1}},
}
SCHEMA = {
    "type": "object",
    "required": ["data", "split", "exceeded_bands", "rows", "predicted", "complete", "reasons", "errors", "worst"],
    "properties": {
        "rows": {"type": "integer"},
        "predicted": {"type": "integer"},
        "exceeded_bands": {"type": ["array", "null"]},
        "complete": {"type": "object", "required": ["rows", "predicted"]},
        "errors": {
            "type": "object",
            "required": ["by_class", "by_source", "by_group"],
            "additionalProperties": {"type": "array", "items": GROUP},
        },
        "predictions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["line", "id", "predicted_step_time_s", "error", "assumed", "extrapolated", "reason"],
                "properties": {
                    "predicted_step_time_s": NUMBER_OR_NULL,
                    "error": NUMBER_OR_NULL,
                    "memory_by_kind": {"type": ["object", "null"]},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [
        row(),
        row(id="FIT", split="fit"),
        row(id="BAD", n_gpus="abc"),
        row(id="OPEN", missing="tp", step_time_s=""),
    ]
    return write_rows(tmp_path / "rows.csv", rows)


def test_counts_reasons_and_errors_are_shown(clustersim: Command, table: Path) -> None:
    result = clustersim("validate", "throughput", "--data", str(table))
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "3 of 4 rows predicted, 2 of them with a published time." in result.stdout
    assert "Complete rows: 2 of 3 predicted" in result.stdout
    assert "column n_gpus: 'abc' is not a whole number" in result.stdout
    for heading in ("complete rows, held out", "complete rows, used in the fit", "By source", "By model", "Worst rows"):
        assert heading in result.stdout
    assert re.search(r"dense 16-bit A100/H100 +1 +\d+\.\d% +\d+\.\d% +\d+\.\d% +[+-]\d+\.\d%", result.stdout)
    assert "line 2, GOLD-1: Llama 3 8B on h100-sxm" in result.stdout


def test_piped_output_is_plain(clustersim: Command, table: Path) -> None:
    result = clustersim("validate", "throughput", "--data", str(table), NO_COLOR="1")
    assert "\x1b" not in result.stdout + result.stderr
    ascii_only = clustersim("validate", "throughput", "--data", str(table), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert ascii_only.returncode == 0, ascii_only.stderr
    assert ascii_only.stdout.isascii()


def test_json_follows_its_schema(clustersim: Command, table: Path) -> None:
    tree = json.loads(clustersim("validate", "throughput", "--data", str(table), "--json").stdout)
    Draft202012Validator(SCHEMA).validate(tree)
    assert [item["id"] for item in tree["predictions"]] == ["GOLD-1", "FIT", "BAD", "OPEN"]
    assert [bool(item["reason"]) for item in tree["predictions"]] == [False, False, True, False]
    assert tree["complete"] == {"rows": 3, "predicted": 2}


def test_predictions_are_written_beside_the_rows(clustersim: Command, table: Path, tmp_path: Path) -> None:
    result = clustersim("validate", "throughput", "--data", str(table), "--out", "predictions.csv")
    assert result.returncode == 0
    assert "predictions.csv" in result.stderr
    with (tmp_path / "predictions.csv").open(encoding="utf-8", newline="") as lines:
        back = list(csv.DictReader(lines))
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [{name: cells[name] for name in ROW} for cells in back] == rows
    assert [bool(cells["predicted_step_time_s"]) for cells in back] == [True, True, False, True]
    assert [bool(cells["error"]) for cells in back] == [True, True, False, False]
    first = (tmp_path / "predictions.csv").read_bytes()
    clustersim("validate", "throughput", "--data", str(table), "--out", "predictions.csv")
    assert (tmp_path / "predictions.csv").read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["predictions.csv", "rows.csv"]


def test_a_split_is_chosen(clustersim: Command, table: Path) -> None:
    tree = json.loads(clustersim("validate", "throughput", "--data", str(table), "--split", "fit", "--json").stdout)
    assert [item["id"] for item in tree["predictions"]] == ["FIT"]


def test_a_split_without_rows_is_told(clustersim: Command, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row(split="")])
    result = clustersim("validate", "throughput", "--data", str(path), "--split", "test")
    assert result.returncode == 2
    assert "none is marked test in the column split" in result.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id,gpu\n1,h100\n", ("data.csv:1", "n_layers", "add them")),
        ("", ("data.csv:1", "no header")),
        ("a;b\n1;2\n", ("data.csv:1", "commas")),
    ],
)
def test_a_file_that_is_no_such_table_is_told(
    clustersim: Command, tmp_path: Path, content: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "data.csv").write_text(content, "utf-8")
    result = clustersim("validate", "throughput", "--data", "data.csv", "--out", "out.csv")
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
    assert not (tmp_path / "out.csv").exists()


def test_without_a_single_prediction_it_fails_with_the_reasons(clustersim: Command, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row(gpu="abacus"), row(n_gpus="many")])
    result = clustersim("validate", "throughput", "--data", str(path))
    assert result.returncode == 2
    assert "abacus" in result.stdout
    assert "'many'" in result.stdout
    assert "no row could be predicted" in result.stderr


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("nowhere/out.csv", "No such file"),
        ("rows.csv", "is what the command reads"),
        ("/proc/out.csv", "/proc"),
        ("x" * 300, "File name too long"),
        (".", "is a folder"),
    ],
)
def test_a_file_that_cannot_be_written_is_told(clustersim: Command, table: Path, out: str, words: str) -> None:
    before = table.read_bytes()
    result = clustersim("validate", "throughput", "--data", str(table), "--out", out)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert table.read_bytes() == before


def test_bands_fail_only_when_asked(clustersim: Command, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row(step_time_s="1")])
    assert clustersim("validate", "throughput", "--data", str(path)).returncode == 0
    result = clustersim("validate", "throughput", "--data", str(path), "--gate", str(BANDS))
    assert result.returncode == 1
    assert len(re.findall(r"is above the band of", result.stderr)) == 2
    fitted = write_rows(tmp_path / "fitted.csv", [row(step_time_s="1", split="fit")])
    assert clustersim("validate", "throughput", "--data", str(fitted), "--gate", str(BANDS)).returncode == 1
    wrong = clustersim("validate", "throughput", "--data", str(path), "--gate", str(path))
    assert wrong.returncode == 2
    assert "table of bands" in wrong.stderr


def test_every_curated_row_is_predicted(clustersim: Command) -> None:
    tree = json.loads(clustersim("validate", "throughput", "--data", str(CURATED), "--json").stdout)
    assert tree["complete"]["rows"] == 85
    assert tree["complete"]["predicted"] >= 0.95 * 85


@pytest.mark.parametrize("form", ["--json", ""])
def test_a_closed_pipe_is_no_error(form: str, tmp_path: Path) -> None:
    line = f"'{COMMAND}' validate throughput --data '{CURATED}' {form} | head -n 1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""


def test_progress_is_for_terminals(tmp_path: Path) -> None:
    main, terminal = pty.openpty()
    started = subprocess.Popen(
        [COMMAND, "validate", "throughput", "--data", str(CURATED)],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    seen = b""
    while piece := _read(main):
        seen += piece
    os.close(main)
    assert started.wait(timeout=300) == 0
    assert b"Predicting" in seen


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1024)
    except OSError:
        return b""


@pytest.mark.parametrize("arguments", ["validate throughput", "validate throughput --data x --split some"])
def test_wrong_use_exits_with_2(clustersim: Command, arguments: str) -> None:
    result = clustersim(*arguments.split())
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_a_gate_that_tests_nothing_fails(clustersim: Command, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row(split="fit")])
    result = clustersim("validate", "throughput", "--data", str(path), "--gate", str(BANDS))
    assert result.returncode == 1
    assert "no band was tested" in result.stderr
    assert "mixture of experts: no held-out row" in result.stderr


def test_a_table_without_rows_is_told(clustersim: Command, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(",".join(ROW) + "\n", "utf-8")
    result = clustersim("validate", "throughput", "--data", str(path))
    assert result.returncode == 2
    assert "the table has no rows" in result.stderr
