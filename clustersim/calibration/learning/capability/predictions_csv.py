"""Writes predicted scores beside the rows they belong to."""

from collections.abc import Sequence

from clustersim.calibration.beside import csv_beside
from clustersim.calibration.learning.capability.predict import PredictedScore

ADDED = ("predicted_score", "low_90", "high_90", "reason")
"""Columns of a prediction, behind those of the input: fractions, and words."""
_DIGITS = 5


def predictions_csv(columns: Sequence[str], predictions: Sequence[PredictedScore]) -> str:
    """Rows as they came, every column as it was, with :data:`ADDED` behind.

    Raises
    ------
    TableError
        If the input has a column of the same name as an added one.
    """
    return csv_beside(
        columns, ADDED, ([*(item.row.cells[name] for name in columns), *_added(item)] for item in predictions)
    )


def _added(item: PredictedScore) -> list[str]:
    return [*(_cell(value) for value in (item.middle, item.low, item.high)), item.reason]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.{_DIGITS}f}"
