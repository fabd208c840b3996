"""Writes predictions beside the rows they belong to, as CSV or as JSON."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from clustersim.calibration.beside import csv_beside
from clustersim.calibration.predictions import Predicted, Prediction
from clustersim.step.step_time import BREAKDOWN_KEYS

NUMBERS = (
    "predicted_step_time_s",
    "predicted_tokens_per_s_per_gpu",
    "published_step_time_s",
    "error",
    "prediction_sigma",
    "peak_memory_gib",
)
BREAKDOWN = tuple(f"{name}_s" for name in BREAKDOWN_KEYS)
TEXTS = ("memory_by_kind", "assumed", "extrapolated", "reason")
ADDED = (*NUMBERS, *BREAKDOWN, *TEXTS)
"""Columns of a prediction, behind those of the input. ``memory_by_kind`` is JSON, in GiB; they sum to the peak."""

_GIB = 2.0**30
_DIGITS = 6


def predictions_csv(columns: Sequence[str], predictions: Sequence[Prediction]) -> str:
    """Rows as they came, every column as it was, with :data:`ADDED` behind.

    Parameters
    ----------
    columns : sequence of str
        Columns of the input.
    predictions : sequence of Prediction
        In the order of the output.

    Raises
    ------
    TableError
        If the input has a column of the same name as an added one.
    """
    return csv_beside(columns, ADDED, (_row(item, columns) for item in predictions))


def _row(item: Prediction, columns: Sequence[str]) -> list[str]:
    values = prediction_values(item)
    return [*(item.record.cells[name] for name in columns), *(_cell(values[name]) for name in ADDED)]


def prediction_values(item: Prediction) -> dict[str, Any]:
    """Values of :data:`ADDED` for one row; None where there is none."""
    empty: dict[str, Any] = dict.fromkeys(ADDED)
    if item.predicted is None:
        return empty | {"reason": item.reason}
    return empty | dict(_values(item.predicted))


def _values(predicted: Predicted) -> Iterator[tuple[str, Any]]:
    step, row, error = predicted.step, predicted.row, predicted.error
    memory = {name: size / _GIB for name, size in step.memory.as_dict().items()}
    yield "predicted_step_time_s", _rounded(step.mean_s)
    yield "predicted_tokens_per_s_per_gpu", _rounded(predicted.tokens_per_s_per_gpu)
    if error is not None:
        yield "published_step_time_s", _rounded(row.step_time_s)
        yield "error", round(error, _DIGITS)
    yield "prediction_sigma", _rounded(predicted.prediction_sigma)
    yield "peak_memory_gib", _rounded(step.memory.total_bytes / _GIB)
    for name, seconds in step.breakdown_s.items():
        yield f"{name}_s", _rounded(seconds)
    yield "memory_by_kind", {name: round(size, 3) for name, size in memory.items()}
    yield "assumed", "; ".join(predicted.assumed)
    yield "extrapolated", "; ".join(predicted.extrapolated)
    yield "reason", ""


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, dict) else str(value)


def write_whole(path: Path, text: str) -> None:
    """Write a file all or nothing: under a temporary name in the same folder, then renamed.

    A link keeps pointing where it points: the file behind it is written. What is no regular file (a pipe, a terminal,
    ``/dev/stdout``) is written straight through, never replaced.

    Raises
    ------
    OSError
        If it cannot be written; an earlier file of the name stays as it was.
    """
    import os
    import tempfile

    data, target = text.encode("utf-8"), path.resolve()
    if path.exists() and not path.is_file():
        with path.open("wb") as open_end:
            open_end.write(data)
        return
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:32]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes the file private; the result is as readable as any other file its user writes.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
