"""How far predicted scores are from measured ones, by benchmark."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from clustersim.calibration.learning.capability.predict import PredictedScore, scored

ALL = "all"


@dataclass(frozen=True, slots=True)
class TaskErrors:
    """Errors of one benchmark's rows, or of all.

    Attributes
    ----------
    task : str
        The benchmark, or "all".
    rows : int
        Rows with a prediction and a measured score.
    rmse, bias : float
        Root mean square and mean of predicted less measured [fraction].
    coverage : float
        Share of the rows inside their 90 % interval.
    width : float
        Mean width of the interval [fraction].
    """

    task: str
    rows: int
    rmse: float
    bias: float
    coverage: float
    width: float

    def as_dict(self) -> dict[str, Any]:
        """Fields by name."""
        return asdict(self)


def errors_by_task(predictions: Sequence[PredictedScore]) -> list[TaskErrors]:
    """Errors by benchmark in alphabetical order, and of all at the end; empty without a measured score."""
    items = scored(predictions)
    tasks = sorted({item.row.text("task") for item in items})
    by_task = [_errors(task, [item for item in items if item.row.text("task") == task]) for task in tasks]
    return [*by_task, _errors(ALL, items)] if items else []


def _errors(task: str, items: Sequence[PredictedScore]) -> TaskErrors:
    values = np.array([(item.low, item.middle, item.high, item.measured) for item in items], dtype=np.float64)
    low, middle, high, measured = values.T
    error = middle - measured
    return TaskErrors(
        task=task,
        rows=len(items),
        rmse=float(np.sqrt(np.mean(np.square(error)))),
        bias=float(error.mean()),
        coverage=float(np.mean((low <= measured) & (measured <= high))),
        width=float(np.mean(high - low)),
    )
