"""Predicted losses beside the rows they belong to, and how far off they are where the truth is known."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from clustersim.calibration.beside import csv_beside
from clustersim.calibration.learning.losses.predict import Predicted, RowPrediction
from clustersim.calibration.learning.losses.table import LossTable

PLAIN = ("predicted_loss", "low_90", "high_90")
"""Columns of the first loss of the table, under names that do not depend on it."""
REASON = "reason"
_DIGITS = 6


class ColumnScore(TypedDict):
    """Errors of the predictions of one column; None where nothing is measured."""

    column: str
    predicted: int
    measured: int
    bias: float | None
    median_error: float | None
    worst_error: float | None
    worst_row: str | None
    coverage: float | None


def losses_csv(table: LossTable, predictions: Sequence[RowPrediction]) -> str:
    """Rows as they came, with predictions behind.

    Raises
    ------
    TableError
        If the table has a column of the same name as an added one.
    """
    added = [name for column in table.loss_columns.values() for name in _names(column)] + [*PLAIN, REASON]
    return csv_beside(table.columns, added, (_row(one, table) for one in predictions), f"{table.path}:1:")


def _row(one: RowPrediction, table: LossTable) -> list[str]:
    found = [one.losses.get(law) for law in table.loss_columns]
    values = [cell for predicted in found for cell in _cells(predicted)]
    return [*(one.row.cells[name] for name in table.columns), *values, *_cells(found[0]), one.reason]


def score_losses(table: LossTable, predictions: Sequence[RowPrediction]) -> list[ColumnScore]:
    """Errors and coverage by column."""
    return [_score(law, column, predictions) for law, column in table.loss_columns.items()]


def _score(law: str, column: str, predictions: Sequence[RowPrediction]) -> ColumnScore:
    known = [one for one in predictions if law in one.losses and law in one.row.losses]
    score: ColumnScore = {
        "column": column,
        "predicted": sum(law in one.losses for one in predictions),
        "measured": len(known),
        "bias": None,
        "median_error": None,
        "worst_error": None,
        "worst_row": None,
        "coverage": None,
    }
    if not known:
        return score
    truth = np.array([one.row.losses[law] for one in known])
    middle, low, high = np.array([one.losses[law] for one in known]).T
    errors = middle / truth - 1.0
    worst = int(np.abs(errors).argmax())
    return {
        **score,
        "bias": float(errors.mean()),
        "median_error": float(np.median(np.abs(errors))),
        "worst_error": float(errors[worst]),
        "worst_row": f"line {known[worst].row.line}, {known[worst].row.run}",
        "coverage": float(np.mean((low <= truth) & (truth <= high))),
    }


def _names(column: str) -> tuple[str, str, str]:
    return f"predicted_{column}", f"low_90_{column}", f"high_90_{column}"


def _cells(predicted: Predicted | None) -> tuple[str, str, str]:
    if predicted is None:
        return "", "", ""
    return tuple(f"{value:.{_DIGITS}g}" for value in predicted)  # type: ignore[return-value]
