"""``clustersim validate schedules``: predicted against measured loss under learning-rate schedules."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clustersim.cli.files import checked_out, write_or_fail
from clustersim.cli.options import AsJson, DataFile, PredictionsFile
from clustersim.cli.terminal import BAD_INPUT, closable_output, fail, note

if TYPE_CHECKING:
    from clustersim.calibration.learning.schedule_predictions import CurveScore


def schedules(
    data: DataFile,
    out: PredictionsFile = None,
    fit: Annotated[
        Path | None,
        typer.Option(
            "--fit",
            metavar="FILE",
            help="Fit each model to the rows of this CSV (model, schedule, step, lr, loss); the shipped fit otherwise.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict the loss of every step of other schedules, and show the errors by model and schedule."""
    from clustersim.calibration.learning.schedule_predictions import (
        predict_table,
        predictions_csv,
        reasons_of,
        score_curves,
    )
    from clustersim.calibration.learning.schedule_table import read_curves
    from clustersim.calibration.learning.schedules import fit_file, shipped_fit
    from clustersim.calibration.rows import TableError

    checked_out(out, [data, *([fit] if fit else [])])
    try:
        table = read_curves(data)
        predictions = predict_table(table, fit_file(fit) if fit else shipped_fit())
        text = predictions_csv(table, predictions) if out else ""
    except TableError as error:
        fail(str(error))
    write_or_fail(out, text)
    scores, reasons = score_curves(predictions), reasons_of(predictions)
    with closable_output():
        if as_json:
            tree = {"data": str(data), "fit": str(fit) if fit else None, "curves": scores, "not_predicted": reasons}
            sys.stdout.write(json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            _print(scores)
    for reason, rows in reasons.items():
        note(f"{rows} rows not predicted: {reason}")
    if out:
        note(f"Predictions: {out}")
    if not any(score["predicted"] for score in scores):
        note(f"{data}: no row could be predicted{'' if scores else ', since the table has no rows'}.")
        raise typer.Exit(BAD_INPUT)


def _print(scores: "list[CurveScore]") -> None:
    headings = ("rows", "predicted", "mean abs. error", "bias", "largest", "inside 90 %")
    # What a table calls its curves must not move the cursor.
    names = [
        "".join(letter for letter in f"{score['model']}  {score['schedule']}" if letter.isprintable())
        for score in scores
    ]
    width = max((len(name) for name in names), default=0)
    sys.stdout.write("Loss under schedules [nats/token]\n\n")
    sys.stdout.write("  ".join([f"{'':{width}}", *(f"{heading:>9}" for heading in headings)]) + "\n")
    for name, score in zip(names, scores, strict=True):
        cells = (
            str(score["rows"]),
            str(score["predicted"]),
            _number(score["mean_absolute_error"]),
            _number(score["bias"], "+.4f"),
            _number(score["largest_error"]),
            _number(score["coverage_90"], ".0%"),
        )
        columns = zip(cells, headings, strict=True)
        sys.stdout.write(
            "  ".join([f"{name:{width}}", *(f"{cell:>{max(9, len(head))}}" for cell, head in columns)]) + "\n"
        )


def _number(value: float | None, form: str = ".4f") -> str:
    return "" if value is None else format(value, form)
