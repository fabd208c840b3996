"""Errors of predictions against published times: by class, by source and by group of repeated rows."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from clustersim.calibration.predictions import Predicted, Prediction
from clustersim.calibration.rows import PublishedStep
from clustersim.step.efficiency import calibrated_precision, generation_of

CLASSES = (
    "dense 16-bit A100/H100",
    "dense FP8 H100",
    "dense Blackwell",
    "mixture of experts",
    "dense V100",
    "single node",
    "other hardware",
)
"""Classes of the scoreboard, in its order; a row belongs to one."""

_INSIDE_THE_NODE = ("nvlink", "nvswitch", "pcie", "none")


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of a group of rows.

    Attributes
    ----------
    name : str
        What the rows share.
    rows : int
        Rows with a published time and a prediction.
    median, p90, mean : float
        Of the absolute relative error.
    bias : float
        Median relative error: negative when predictions are too fast.
    """

    name: str
    rows: int
    median: float
    p90: float
    mean: float
    bias: float


def class_of(row: PublishedStep, fabric: str) -> str:
    """Class of a row on the scoreboard (:data:`CLASSES`).

    Parameters
    ----------
    row : PublishedStep
        The row.
    fabric : str
        Its ``fabric`` cell: a row that names only what is inside a node counts as single-node.
    """
    generation = generation_of(row.cluster.node.accelerator) or ""
    if row.model.mixture is not None:
        return "mixture of experts"
    if fabric.strip().lower().startswith(_INSIDE_THE_NODE):
        return "single node"
    if generation.startswith("blackwell"):
        return "dense Blackwell"
    if generation == "volta":
        return "dense V100"
    if generation == "ampere" or generation.startswith("hopper"):
        return "dense FP8 H100" if calibrated_precision(row.precision) == "fp8" else "dense 16-bit A100/H100"
    return "other hardware"


Scored = tuple[Prediction, Predicted, float]
"""A row with a prediction, the prediction, and its error."""


def scored(predictions: Iterable[Prediction]) -> list[Scored]:
    """Rows that have an error."""
    return [
        (item, item.predicted, item.predicted.error)
        for item in predictions
        if item.predicted is not None and item.predicted.error is not None
    ]


def scoreboard_class(item: Scored) -> str:
    """Class of a scored row."""
    prediction, predicted, _ = item
    return class_of(predicted.row, prediction.record.cells.get("fabric") or "")


def source_of(item: Scored) -> str:
    """Source of a scored row."""
    return item[1].row.source


def group_of(item: Scored) -> str:
    """Model, GPU and software of a scored row: rows of one group repeat each other."""
    row, stack = item[1].row, item[0].record.cells.get("stack") or ""
    return f"{row.model_name} | {row.gpu} | {stack}"


def errors_by(items: Sequence[Scored], key: Callable[[Scored], str], order: Sequence[str] = ()) -> list[Errors]:
    """Errors of rows by what they share.

    Parameters
    ----------
    items : sequence of Scored
        Rows with an error.
    key : callable
        What they share.
    order : sequence of str, optional
        Names that come first, in this order; the others follow in that of the alphabet.
    """
    groups: dict[str, list[float]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item[2])
    names = [name for name in order if name in groups] + sorted(set(groups) - set(order))
    return [errors_of(name, groups[name]) for name in names]


def errors_of(name: str, errors: Sequence[float]) -> Errors:
    """Errors of one group; NaN for an empty one."""
    sizes = sorted(abs(error) for error in errors)
    if not sizes:
        return Errors(name, 0, math.nan, math.nan, math.nan, math.nan)
    ninth = sizes[math.ceil(0.9 * len(sizes)) - 1]
    return Errors(name, len(sizes), statistics.median(sizes), ninth, statistics.fmean(sizes), statistics.median(errors))


def worst(items: Sequence[Scored], count: int) -> list[Scored]:
    """The rows with the largest errors, the worst first; equal ones as they stand in the file."""
    return sorted(items, key=lambda item: (-abs(item[2]), item[0].record.line))[:count]
