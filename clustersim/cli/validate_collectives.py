"""``clustersim validate collectives``: predicted against measured collectives."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clustersim.cli.files import checked_out, write_or_fail
from clustersim.cli.options import AsJson, DataFile, PredictionsFile
from clustersim.cli.terminal import BAD_INPUT, closable_output, console, fail, note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clustersim.calibration.bands import Band
    from clustersim.calibration.collectives import MeasuredCollective, PredictedCollective


GATE_FAILED = 1


def collectives(
    data: DataFile,
    out: PredictionsFile = None,
    gate: Annotated[
        Path | None,
        typer.Option(
            "--gate",
            metavar="BANDS",
            help="Fail with 1 when held-out rows from 1 MiB on exceed their band in this CSV, or none is held out.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict measured collectives (tables of nccl-tests), and show the errors by collective, size and source."""
    from clustersim.calibration.collectives import predict_collectives

    checked_out(out, [data])
    bands = _bands(gate)
    rows = _read(data)
    predictions = predict_collectives(rows)
    write_or_fail(out, _csv(data, predictions) if out else "")
    _print(predictions, data, as_json)
    if out:
        note(f"Predictions: {out}")
    if not any(item.time_s is not None for item in predictions):
        note(f"{data}: no row could be predicted{'' if rows else ', since the table has no rows'}.")
        raise typer.Exit(BAD_INPUT)
    if gate is not None and not _passes(bands, predictions):
        raise typer.Exit(GATE_FAILED)


def _bands(gate: Path | None) -> "list[Band]":
    from clustersim.calibration.bands import LARGE_COLLECTIVES, read_bands
    from clustersim.calibration.rows import TableError

    try:
        return read_bands(gate, (LARGE_COLLECTIVES,)) if gate else []
    except TableError as error:
        fail(str(error))


def _passes(bands: "list[Band]", predictions: "Sequence[PredictedCollective]") -> bool:
    """Whether the held-out rows keep their band; says so where they do not, or where there are none."""
    from clustersim.calibration.bands import LARGE_COLLECTIVES, NOTHING_TESTED, exceeded, untested
    from clustersim.calibration.collectives import score_collectives

    large = score_collectives(predictions, split="test").large
    errors = {LARGE_COLLECTIVES: large["test"]} if "test" in large else {}
    blind, broken = untested(bands, errors), exceeded(bands, errors)
    for line in (*blind, *broken):
        note(line)
    return not broken and NOTHING_TESTED not in blind


def _read(data: Path) -> "list[MeasuredCollective]":
    import csv

    from clustersim.calibration.collectives import BadTable, read_collectives

    try:
        return read_collectives(data)
    except BadTable as error:
        fail(f"{error}; needed are collective, n_gpus and message_bytes, as nccl-tests name them")
    except UnicodeDecodeError as error:
        fail(f"{data}: not text in UTF-8 (byte {error.start}); save it as CSV in UTF-8")
    except csv.Error as error:
        fail(f"{data}: not a CSV: {error}")
    except OSError as error:
        fail(f"{data}: {error.strerror or error}")


def _csv(data: Path, predictions: "Sequence[PredictedCollective]") -> str:
    import csv
    import io

    from clustersim.calibration.collectives import PREDICTED_COLUMNS

    columns = list(predictions[0].row.cells) if predictions else []
    taken = [name for name in PREDICTED_COLUMNS if name in columns]
    if taken:
        fail(f"{data}:1: already has the columns {', '.join(taken)} of a prediction; rename or drop them")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*columns, *PREDICTED_COLUMNS], lineterminator="\n")
    writer.writeheader()
    writer.writerows(item.cells() for item in predictions)
    return text.getvalue()


def _print(predictions: "Sequence[PredictedCollective]", data: Path, as_json: bool) -> None:
    from clustersim.calibration.collectives import score_collectives
    from clustersim.report.collectives_scoreboard import collectives_json, print_collectives

    scores = score_collectives(predictions)
    with closable_output():
        if as_json:
            tree = collectives_json(scores, predictions, data=str(data))
            sys.stdout.write(json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            print_collectives(scores, predictions, console())
