"""``clustersim validate throughput``: predicted against published step times."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clustersim.cli.files import checked_out, write_or_fail
from clustersim.cli.options import AsJson, DataFile, PredictionsFile
from clustersim.cli.terminal import BAD_INPUT, INTERRUPTED, closable_output, console, fail, note, progress_bar

if TYPE_CHECKING:
    from clustersim.calibration.predictions import Prediction
    from clustersim.calibration.rows import Table
    from clustersim.calibration.scoreboard import Scoreboard

GATE_FAILED = 1


class Split(StrEnum):
    """Which rows to predict."""

    ALL = "all"
    FIT = "fit"
    TEST = "test"


def throughput(
    data: DataFile,
    out: PredictionsFile = None,
    split: Annotated[Split, typer.Option(help="Rows to predict, by their split column.")] = Split.ALL,
    gate: Annotated[
        Path | None,
        typer.Option(
            "--gate",
            metavar="BANDS",
            help="Fail with 1 when a band of this CSV is exceeded, or none is tested, e.g. validation/bands.csv.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict published step times, and show the errors by class, source and group."""
    from clustersim.calibration.bands import NOTHING_TESTED, exceeded, untested
    from clustersim.calibration.rows import TableError
    from clustersim.calibration.scoreboard import scoreboard

    checked_out(out, [data])
    try:
        bands = _bands(gate)
        table, predictions = _predicted(data, split)
        text = _csv(table, predictions, data) if out else ""
    except TableError as error:
        fail(str(error))
    write_or_fail(out, text)
    board = scoreboard(predictions)
    held_out = {item.name: item for item in board.held_out}
    broken = exceeded(bands, held_out) if gate else []
    blind = untested(bands, held_out) if gate else []
    about = {"data": str(data), "split": str(split), "exceeded_bands": broken if gate else None}
    _print(board, predictions, about, as_json)
    if out:
        note(f"Predictions: {out}")
    for line in (*blind, *broken):
        note(line)
    if not board.predicted:
        note(f"{data}: no row could be predicted{_why_none(table, board.rows, split)}.")
        raise typer.Exit(BAD_INPUT)
    if broken or NOTHING_TESTED in blind:
        raise typer.Exit(GATE_FAILED)


def _why_none(table: "Table", rows: int, split: Split) -> str:
    if not table.records:
        return ", since the table has no rows"
    return "" if rows else f", since none is marked {split} in the column split; use --split all"


def _bands(gate: Path | None) -> list[Any]:
    from clustersim.calibration.bands import read_bands

    return read_bands(gate) if gate else []


def _predicted(data: Path, split: Split) -> "tuple[Table, list[Prediction]]":
    from clustersim.calibration.predictions import predict_table
    from clustersim.calibration.rows import read_table

    table = read_table(data)
    try:
        with progress_bar("Predicting", "rows") as on_progress:
            return table, predict_table(table, split, on_progress)
    except KeyboardInterrupt:
        note("Interrupted; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None


def _csv(table: "Table", predictions: "list[Prediction]", data: Path) -> str:
    from clustersim.calibration.predictions_csv import predictions_csv
    from clustersim.calibration.rows import TableError

    try:
        return predictions_csv(table.columns, predictions)
    except TableError as error:
        msg = f"{data}:1: {error}"
        raise TableError(msg) from None


def _print(board: "Scoreboard", predictions: "list[Prediction]", about: dict[str, Any], as_json: bool) -> None:
    from clustersim.report.scoreboard import print_scoreboard, scoreboard_json

    with closable_output():
        if as_json:
            tree = scoreboard_json(board, predictions, **about)
            sys.stdout.write(json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            print_scoreboard(board, console())
