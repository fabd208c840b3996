"""``clustersim validate capability``: predicted against measured benchmark scores."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clustersim.cli.files import checked_out, write_or_fail
from clustersim.cli.options import AsJson, DataFile, PredictionsFile
from clustersim.cli.terminal import BAD_INPUT, INTERRUPTED, closable_output, console, fail, note, progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clustersim.calibration.learning.capability.predict import Laws, PredictedScore
    from clustersim.calibration.learning.capability.rows import ScoreTable


def capability(
    data: DataFile,
    out: PredictionsFile = None,
    fit: Annotated[
        Path | None,
        typer.Option("--fit", metavar="FILE", help="Fit to the rows of this CSV alone, in place of the shipped laws."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict scores of models on benchmarks from their training compute, and show the errors by benchmark."""
    from clustersim.tables.csv_lines import TableError

    checked_out(out, [data, *([fit] if fit else [])])
    try:
        table, predictions = _predicted(data, fit)
        text = _csv(table, predictions) if out else ""
    except TableError as error:
        fail(str(error))
    except KeyboardInterrupt:
        note("Interrupted; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    write_or_fail(out, text)
    _print(predictions, data, fit, as_json)
    if out:
        note(f"Predictions: {out}")
    if not any(item.middle is not None for item in predictions):
        note(f"{data}: no row could be predicted{_why_none(predictions)}.")
        raise typer.Exit(BAD_INPUT)


def _predicted(data: Path, fit: Path | None) -> "tuple[ScoreTable, list[PredictedScore]]":
    from clustersim.calibration.learning.capability.predict import predict_scores
    from clustersim.calibration.learning.capability.rows import read_scores

    table = read_scores(data)
    return table, predict_scores(table, _laws(fit))


def _laws(fit: Path | None) -> "Laws":
    from clustersim.calibration.learning.capability.predict import fitted_laws, shipped_laws
    from clustersim.calibration.learning.capability.rows import read_scores

    if fit is None:
        return shipped_laws()
    table = read_scores(fit)
    with progress_bar("Fitting", "benchmarks") as on_progress:
        return fitted_laws(table, on_progress)


def _why_none(predictions: "Sequence[PredictedScore]") -> str:
    return f": {predictions[0].reason}" if predictions else ", since the table has no rows"


def _csv(table: "ScoreTable", predictions: "Sequence[PredictedScore]") -> str:
    from clustersim.calibration.learning.capability.predictions_csv import predictions_csv
    from clustersim.tables.csv_lines import TableError

    try:
        return predictions_csv(table.columns, predictions)
    except TableError as error:
        msg = f"{table.path}:1: {error}"
        raise TableError(msg) from None


def _print(predictions: "Sequence[PredictedScore]", data: Path, fit: Path | None, as_json: bool) -> None:
    from clustersim.calibration.learning.capability.errors import errors_by_task
    from clustersim.report.capability_errors import capability_errors_json, print_capability_errors

    errors = errors_by_task(predictions)
    with closable_output():
        if as_json:
            tree = capability_errors_json(errors, predictions, data=str(data), fit=str(fit) if fit else None)
            sys.stdout.write(json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            print_capability_errors(errors, predictions, console())
