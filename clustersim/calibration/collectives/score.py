"""Errors of predicted against measured collectives, by class."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clustersim.calibration.collectives.predict import PredictedCollective
from clustersim.calibration.splits import split_said

SIZE_CLASSES: tuple[tuple[float, str], ...] = (
    (2**20, "< 1 MiB"),
    (2**26, "1 - 64 MiB"),
    (2**30, "64 MiB - 1 GiB"),
    (math.inf, ">= 1 GiB"),
)
"""Upper end [bytes] and name of each class of sizes."""

LARGE_BYTES = 2**20
"""From this size on the target of 10 % holds."""


@dataclass(frozen=True, slots=True)
class CollectiveScore:
    """Errors of one class of rows.

    Attributes
    ----------
    rows : int
        Rows with a prediction and a measurement.
    median, p90 : float
        Median and 90th percentile of the absolute relative error of the time; NaN without rows.
    bias : float
        Median relative error: negative when predictions are too fast; NaN without rows.
    """

    rows: int
    median: float
    p90: float
    bias: float

    def __str__(self) -> str:
        return f"{self.rows} rows, median {self.median:.1%}, p90 {self.p90:.1%}, bias {self.bias:+.1%}"


@dataclass(frozen=True, slots=True)
class CollectiveScores:
    """Errors of a table, by collective, source, size class and split, each in alphabetical order of its name.

    ``large`` holds the rows from 1 MiB on, by split: the figure the target of 10 % is about; ``unpredicted`` counts
    the rows without a prediction, by reason, and ``untimed`` those without a measured time.
    """

    overall: CollectiveScore
    large: dict[str, CollectiveScore]
    by_collective: dict[str, CollectiveScore]
    by_source: dict[str, CollectiveScore]
    by_size: dict[str, CollectiveScore]
    by_split: dict[str, CollectiveScore]
    unpredicted: dict[str, int]
    untimed: int


def score_collectives(items: Sequence[PredictedCollective], split: str | None = None) -> CollectiveScores:
    """Score predictions.

    Parameters
    ----------
    items : sequence of PredictedCollective
        Predictions of the lines of a table.
    split : str, optional
        Only lines whose cell ``split`` says so; all lines when omitted. Lines without the column count as "all".

    Returns
    -------
    CollectiveScores
        Errors of the time.
    """
    kept = [item for item in items if split is None or split_name(item) == split]
    timed = [item for item in kept if item.relative_error is not None]
    large = [item for item in timed if (item.row.size_bytes or 0.0) >= LARGE_BYTES]
    return CollectiveScores(
        overall=_score(timed),
        large=_by(large, split_name),
        by_collective=_by(timed, lambda item: item.row.collective),
        by_source=_by(timed, source_name),
        by_size=_by(timed, _size_class),
        by_split=_by(timed, split_name),
        unpredicted=_count([item.reason for item in kept if item.reason]),
        untimed=sum(item.row.time_s is None and not item.reason for item in kept),
    )


def worst_collectives(items: Sequence[PredictedCollective], count: int = 10) -> list[PredictedCollective]:
    """Predictions with the largest errors of the logarithm of the time, the largest first."""
    timed = [item for item in items if item.relative_error is not None]
    return sorted(timed, key=lambda item: -_log_error(item))[:count]


def _log_error(item: PredictedCollective) -> float:
    return abs(math.log(item.time_s or 1.0) - math.log(item.row.time_s or 1.0))


def split_name(item: PredictedCollective) -> str:
    """Split of a line, "all" where the table has none."""
    return split_said(item.row.cells.get("split")) or "all"


def source_name(item: PredictedCollective) -> str:
    """Source of a line without its line number and commit: its first words up to a comma, bracket or hash."""
    text = item.row.text("source")
    for mark in ("#", "@", ",", "(", ";"):
        text = text.split(mark)[0]
    return text.strip() or "not stated"


def _size_class(item: PredictedCollective) -> str:
    size_bytes = item.row.size_bytes or 0.0
    return next(name for end, name in SIZE_CLASSES if size_bytes < end)


def _by(items: Sequence[PredictedCollective], key: Callable[[PredictedCollective], str]) -> dict[str, CollectiveScore]:
    groups: dict[str, list[PredictedCollective]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return {name: _score(groups[name]) for name in sorted(groups)}


def _count(texts: Sequence[str]) -> dict[str, int]:
    return {text: texts.count(text) for text in sorted(set(texts))}


def _score(items: Sequence[PredictedCollective]) -> CollectiveScore:
    errors = [item.relative_error for item in items if item.relative_error is not None]
    if not errors:
        return CollectiveScore(0, math.nan, math.nan, math.nan)
    sizes = sorted(abs(error) for error in errors)
    p90 = sizes[math.ceil(0.9 * len(sizes)) - 1]
    return CollectiveScore(len(errors), statistics.median(sizes), p90, statistics.median(errors))
