"""Published step times: every held-out row with its prediction and its 90 % interval."""

import math
from collections.abc import Iterator
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.calibration.errors_by import CLASSES, scoreboard_class
from clustersim.calibration.predictions import UNTIMED, Predicted, Prediction, predict_table
from clustersim.calibration.rows import read_table
from clustersim.calibration.score import NINTH_DECILE_OF_NORMAL

STEPS = "step times"
INCOMPLETE = f"{STEPS} of incomplete rows"
NOT_PREDICTED = f"{STEPS}: not predicted"

ORDER = (*(f"{STEPS}: {name}" for name in CLASSES), NOT_PREDICTED, INCOMPLETE)
"""Groups of the rows, in the order of the scoreboard of step times."""


def step_cases(path: Path) -> Iterator[Case]:
    """Held-out rows of a table of published step times.

    Parameters
    ----------
    path : Path
        See :func:`clustersim.calibration.rows.read_table`.

    Yields
    ------
    Case
        One for each row marked ``test``, in the group of its class; rows that rules had to fill in have their own.

    Raises
    ------
    TableError
        If the file is no such table.
    """
    cases = [_case(item) for item in predict_table(read_table(path), "test")]
    yield from sorted(cases, key=lambda case: ORDER.index(case.group))


def _case(item: Prediction) -> Case:
    cells, predicted = item.record.cells, item.predicted
    label = cells.get("id") or f"line {item.record.line}"
    what = ", ".join(filter(None, (cells.get("model"), _machines(item), cells.get("precision"))))
    if predicted is None:
        return Case(
            group=_group(item),
            name=f"{label}: {what}",
            expected=None,
            found=None,
            unit="s",
            source=cells.get("source") or "",
            note=item.reason,
        )
    spread, published = math.exp(NINTH_DECILE_OF_NORMAL * predicted.prediction_sigma), predicted.row.step_time_s
    timed = not math.isnan(published)
    return Case(
        group=_group(item),
        name=f"{label}: {what}",
        expected=published if timed else None,
        found=predicted.step.mean_s,
        unit="s",
        source=predicted.row.source,
        low=predicted.step.mean_s / spread,
        high=predicted.step.mean_s * spread,
        note="; ".join(predicted.extrapolated) if timed else UNTIMED,
    )


def _machines(item: Prediction) -> str:
    return " ".join(filter(None, (item.record.cells.get("n_gpus"), item.record.cells.get("gpu"))))


def _group(item: Prediction) -> str:
    """Class of a row; without a prediction its class is not known, so it stands apart."""
    if not item.record.complete:
        return INCOMPLETE
    if item.predicted is None:
        return NOT_PREDICTED
    return f"{STEPS}: {_class(item, item.predicted)}"


def _class(item: Prediction, predicted: Predicted) -> str:
    return scoreboard_class((item, predicted, predicted.error or 0.0))
