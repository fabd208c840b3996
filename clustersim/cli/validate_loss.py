"""``clustersim validate loss``: predicted against measured losses of training runs."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clustersim.cli.files import checked_out, write_or_fail
from clustersim.cli.options import AsJson, DataFile, PredictionsFile
from clustersim.cli.terminal import BAD_INPUT, closable_output, console, fail, note

if TYPE_CHECKING:
    from clustersim.calibration.learning.losses.predictions_csv import ColumnScore


def loss(
    data: DataFile,
    out: PredictionsFile = None,
    fit: Annotated[
        Path | None,
        typer.Option("--fit", metavar="FILE", help="CSV to fit to instead of the shipped fits: nothing else is used."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict the losses of training runs, final and on the way, with 90 % intervals, and show the errors."""
    from clustersim.calibration.learning.losses.knowledge import fitted_to, shipped
    from clustersim.calibration.learning.losses.predict import predict_losses
    from clustersim.calibration.learning.losses.predictions_csv import losses_csv, score_losses
    from clustersim.calibration.learning.losses.table import read_losses
    from clustersim.tables.csv_lines import TableError

    checked_out(out, [data, *([fit] if fit else [])])
    try:
        table = read_losses(data)
        known = fitted_to(read_losses(fit)) if fit else shipped()
        predictions = predict_losses(table, known)
        text = losses_csv(table, predictions)
    except TableError as error:
        fail(str(error))
    write_or_fail(out, text)
    scores = score_losses(table, predictions)
    _print(scores, {"data": str(data), "fit": str(fit) if fit else None}, as_json)
    if out:
        note(f"Predictions: {out}")
    if not any(one.losses for one in predictions):
        note(f"{data}: no row could be predicted{'' if table.rows else ', since the table has no rows'}.")
        raise typer.Exit(BAD_INPUT)


def _print(scores: "list[ColumnScore]", about: dict[str, str | None], as_json: bool) -> None:
    from clustersim.report.loss_scores import print_loss_scores

    with closable_output():
        if as_json:
            tree = {**about, "columns": scores}
            sys.stdout.write(json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            print_loss_scores(scores, console())
