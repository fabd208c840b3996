"""Predicts every row of a table of published step times, and says why not where it cannot."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clustersim.calibration.rows import PublishedStep, Record, RowError, Skipped, Table, read_record, read_table
from clustersim.calibration.rows.faults import fault_of
from clustersim.calibration.rows.row import UNREADABLE
from clustersim.calibration.splits import split_said
from clustersim.scenario.schema.training import Layout
from clustersim.step.predict import predict_step
from clustersim.step.step_time import StepTime

OnProgress = Callable[[int, int], None]

UNTIMED = "no printed number gives a step time"

SPLITS = ("all", "fit", "test")


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the model says of a row.

    Attributes
    ----------
    row : PublishedStep
        The row as read.
    layout : Layout
        Its layout, or the fastest of its possible ones.
    step : StepTime
        The prediction.
    """

    row: PublishedStep
    layout: Layout
    step: StepTime

    @property
    def error(self) -> float | None:
        """Predicted over published step time minus one; None when nothing printed gives a time."""
        published = self.row.step_time_s
        return None if math.isnan(published) else self.step.mean_s / published - 1.0

    @property
    def tokens_per_s_per_gpu(self) -> float:
        """Tokens of the row's own batch, per second and GPU."""
        return self.row.tokens / self.step.mean_s / self.layout.gpus

    @property
    def assumed(self) -> tuple[str, ...]:
        """Cells that rules filled in, each as ``column: rule: value``."""
        return tuple(
            f"{item.column}: {item.rule}: {_said(getattr(self.layout, item.setting)) if item.setting else item.value}"
            for item in self.row.assumed
        )

    @property
    def extrapolated(self) -> tuple[str, ...]:
        """What stands in for something unknown, and what lies outside the calibrated range."""
        return (*(remark.text for remark in self.row.remarks), *self.step.extrapolations)

    @property
    def prediction_sigma(self) -> float:
        """Spread of the log error: that of the step model, and what stand-ins and guessed shapes add in quadrature."""
        return math.hypot(self.step.prediction_sigma, *(remark.sigma for remark in self.row.remarks))


@dataclass(frozen=True, slots=True)
class Prediction:
    """A row and its prediction, or the reason why there is none. One of the two is there, never both."""

    record: Record
    predicted: Predicted | None
    reason: str


def predict_table(table: Table, split: str = "all", on_progress: OnProgress | None = None) -> list[Prediction]:
    """Predict the rows of a table.

    Parameters
    ----------
    table : Table
        As :func:`clustersim.calibration.rows.read_table` reads it.
    split : {"all", "fit", "test"}
        Rows to predict: all of them, or those whose ``split`` cell says so.
    on_progress : callable, optional
        Told the rows done and their number.

    Returns
    -------
    list of Prediction
        One for each row of the split, in the order of the file.
    """
    records = [record for record in table.records if split in ("all", split_said(record.cells.get("split")))]
    predictions = []
    for done, record in enumerate(records, start=1):
        predictions.append(predict_record(record))
        if on_progress is not None:
            on_progress(done, len(records))
    return predictions


def predict_record(record: Record) -> Prediction:
    """Predict one row; a row that cannot be predicted carries the reason."""
    try:
        predicted = predict_published(read_record(record))
    except RowError as problem:
        return Prediction(record, None, str(problem))
    except Exception as problem:
        # Cells that pass one by one can be absurd together; a table is predicted to its end all the same.
        return Prediction(record, None, f"line {record.line}, {fault_of(problem)}")
    if not 0.0 < predicted.step.mean_s < math.inf:
        return Prediction(record, None, f"line {record.line}, too extreme to be computed: {predicted.step.mean_s} s")
    return Prediction(record, predicted, "")


def usable_rows(path: Path) -> tuple[list[PublishedStep], list[Skipped]]:
    """Read the rows of a table that a fit can take: complete, timed, and within what the step model can predict.

    Parameters
    ----------
    path : Path
        See :func:`clustersim.calibration.rows.read_table`.

    Returns
    -------
    rows : list of PublishedStep
        In the order of the file.
    skipped : list of Skipped
        Complete rows that cannot be predicted, or that publish no time, with line and reason.

    Raises
    ------
    TableError
        If the file is no such table.
    """
    rows: list[PublishedStep] = []
    skipped: list[Skipped] = []
    for record in read_table(path).records:
        if not record.usable:
            continue
        item = predict_record(record)
        if item.predicted is None:
            skipped.append(Skipped(record.cells.get("id", ""), item.reason))
        elif item.predicted.error is None:
            skipped.append(Skipped(record.cells.get("id", ""), f"line {record.line}, {_untimed(item.predicted.row)}"))
        else:
            rows.append(item.predicted.row)
    return rows, skipped


def _untimed(row: PublishedStep) -> str:
    return next((f"{item.rule}: {item.value}" for item in row.assumed if item.rule == UNREADABLE), UNTIMED)


def predict_published(row: PublishedStep) -> Predicted:
    """Predict a published row; of its possible layouts the fastest counts.

    Raises
    ------
    ValueError
        If the step model cannot express the layout.
    """
    tried = [(layout, _step(row, layout)) for layout in row.layouts]
    layout, step = min(tried, key=lambda pair: pair[1].mean_s)
    return Predicted(row, layout, step)


def _step(row: PublishedStep, layout: Layout) -> StepTime:
    return predict_step(
        row.model,
        layout,
        row.sequence_length,
        row.global_batch,
        row.precision,
        row.cluster,
        stack=row.stack,
        options=row.options,
    )


def reasons(predictions: Sequence[Prediction]) -> list[tuple[str, int]]:
    """Reasons of the rows without prediction, lines left out, with their numbers: the most frequent first."""
    without_line = (item.reason.partition(", ")[2] or item.reason for item in predictions if item.reason)
    return sorted(Counter(without_line).items(), key=lambda pair: (-pair[1], pair[0]))


def _said(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
