"""Predicts every row of a table of loss curves under schedules, and says why not where it cannot."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from clustersim._numerals import times
from clustersim.calibration.beside import csv_beside
from clustersim.calibration.learning.schedule_fit import ModelLaws
from clustersim.calibration.learning.schedule_table import CurveTable, Row, ScheduleCurve, schedule_curve
from clustersim.calibration.learning.schedules import ScheduleFit
from clustersim.learning.optimizer.peak import peak_penalty

ADDED = ("predicted_loss", "low_90", "high_90", "reason")
"""Columns of a prediction, behind those of the input."""
SAME_PEAK = 1.05
"""Factor up to which a peak counts as that of the fit: rounding, not another run."""

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class PredictedRow:
    """A row and what the laws say of it.

    Attributes
    ----------
    row : Row
        The row as read.
    loss_nats : float
        Predicted loss [nats/token]; NaN where there is none.
    half_width : float
        Half-width of its 90 % interval [nats/token].
    reason : str
        Why there is no prediction, or what one assumes and how far it goes.
    """

    row: Row
    loss_nats: float = math.nan
    half_width: float = math.nan
    reason: str = ""

    @property
    def error(self) -> float:
        """Predicted minus measured loss [nats/token]; NaN where either is missing."""
        return self.loss_nats - self.row.loss_nats


class CurveScore(TypedDict):
    """Errors of one curve [nats/token], and the share of its rows inside their interval."""

    model: str
    schedule: str
    rows: int
    predicted: int
    measured: int
    mean_absolute_error: float | None
    bias: float | None
    largest_error: float | None
    coverage_90: float | None


def predict_table(table: CurveTable, fit: ScheduleFit) -> list[PredictedRow]:
    """Predict the rows of a table; in its order. Its losses are not looked at."""
    found: dict[int, PredictedRow] = {row.line: PredictedRow(row, reason=row.fault) for row in table.rows if row.fault}
    for (model, _), rows in table.curves().items():
        for predicted in _curve(rows, fit.models.get(model), model, fit):
            found[predicted.row.line] = predicted
    return [found[row.line] for row in table.rows]


def _curve(rows: Sequence[Row], laws: ModelLaws | None, model: str, fit: ScheduleFit) -> list[PredictedRow]:
    if laws is None:
        known = ", ".join(fit.models) or "none"
        reason = f"model '{model}' is not among those fitted ({known}); no law carries over from one size to another"
        return [PredictedRow(row, reason=reason) for row in rows]
    curve = schedule_curve(rows, laws.warmup_steps)
    if curve is None:
        return [PredictedRow(row, reason="no row of this schedule has a learning rate") for row in rows]
    warm = PredictedRow(rows[0], reason="within the warm-up, of which neither law speaks")
    predicted = [PredictedRow(row, reason=warm.reason) for row in rows]
    loss, half_widths, reasons = _laws_say(curve, laws, fit)
    for place, index in enumerate(curve.rows):
        predicted[index] = PredictedRow(rows[index], float(loss[place]), float(half_widths[place]), reasons[place])
    return predicted


def _laws_say(curve: ScheduleCurve, laws: ModelLaws, fit: ScheduleFit) -> tuple[Any, Any, list[str]]:
    loss, _ = laws.losses(curve)
    factor = float(curve.rates.max()) / laws.peak
    penalty = float(peak_penalty(factor)) if not 1.0 / SAME_PEAK <= factor <= SAME_PEAK else 0.0
    half_widths = fit.widths.half_width(laws, curve) + penalty * loss
    general = [
        "no fitted schedule came down: what annealing gains is that of other models" if laws.assumed_annealing else "",
        "fitted to one schedule" if laws.schedules == 1 and not laws.assumed_annealing else "",
        f"peak learning rate {times(factor)} that of the fit, which no law of schedules knows: interval widened by "
        f"{100.0 * penalty:.1f} % (Step Law medians)"
        if penalty
        else "",
    ]
    farther = [
        f"{times(math.exp(beyond))} the largest fitted area of the learning rate" if beyond > math.log(1.05) else ""
        for beyond in laws.beyond(curve).tolist()
    ]
    return loss, half_widths, ["; ".join(text for text in (*general, far) if text) for far in farther]


def predictions_csv(table: CurveTable, predictions: Sequence[PredictedRow]) -> str:
    """Rows as they came, every column as it was, with :data:`ADDED` behind.

    Raises
    ------
    TableError
        If the input has a column of the same name as an added one.
    """
    rows = ([*(item.row.cells[name] for name in table.columns), *_added(item)] for item in predictions)
    return csv_beside(table.columns, ADDED, rows, f"{table.path}:1:")


def _added(item: PredictedRow) -> list[str]:
    numbers = (item.loss_nats, item.loss_nats - item.half_width, item.loss_nats + item.half_width)
    return [*("" if math.isnan(value) else f"{value:.{_DIGITS}g}" for value in numbers), item.reason]


def score_curves(predictions: Sequence[PredictedRow]) -> list[CurveScore]:
    """Errors by model and schedule, in the order of the table."""
    curves: dict[tuple[str, str], list[PredictedRow]] = {}
    for item in predictions:
        model, schedule = (item.row.cells[name].strip() for name in ("model", "schedule"))
        curves.setdefault((model, schedule), []).append(item)
    return [_score(model, schedule, own) for (model, schedule), own in curves.items()]


def _score(model: str, schedule: str, own: Sequence[PredictedRow]) -> CurveScore:
    errors = np.array([item.error for item in own])
    inside = np.abs(errors) <= np.array([item.half_width for item in own])
    known = np.isfinite(errors)
    some = bool(known.any())
    return {
        "model": model,
        "schedule": schedule,
        "rows": len(own),
        "predicted": sum(not math.isnan(item.loss_nats) for item in own),
        "measured": int(known.sum()),
        "mean_absolute_error": float(np.mean(np.abs(errors[known]))) if some else None,
        "bias": float(np.mean(errors[known])) if some else None,
        "largest_error": float(np.max(np.abs(errors[known]))) if some else None,
        "coverage_90": float(np.mean(inside[known])) if some else None,
    }


def reasons_of(predictions: Sequence[PredictedRow]) -> Mapping[str, int]:
    """How many rows have no prediction, by reason."""
    counted: dict[str, int] = {}
    for item in predictions:
        if math.isnan(item.loss_nats):
            counted[item.reason] = counted.get(item.reason, 0) + 1
    return counted
