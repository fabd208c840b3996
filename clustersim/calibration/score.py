"""Errors of predictions against published rows, by class of hardware, precision and model."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from clustersim.calibration.rows import PublishedStep
from clustersim.step.efficiency import calibrated_precision, generation_of

MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


NINTH_DECILE_OF_NORMAL = 1.645
"""90th percentile of the absolute value of a standard normal variable."""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Errors of one class on its held-out rows, and what its fitted rows cover.

    Attributes
    ----------
    rows_fit, rows_test : int
        Rows of each split.
    median, p90 : float
        Median and 90th percentile of the absolute relative error on the test rows; NaN without any.
    bias : float
        Median log error on the test rows: negative when predictions are too fast.
    sigma : float
        Spread of the log error about zero on the test rows that makes a 90 % interval hold 90 % of them, and no less
        than 1.48 times the median; NaN without any.
    gpus_max, sequence_max : int
        Largest job [GPUs] and sequence [tokens] among the fit rows; 0 without any.
    """

    rows_fit: int
    rows_test: int
    median: float
    p90: float
    bias: float
    sigma: float
    gpus_max: int
    sequence_max: int

    def __str__(self) -> str:
        errors = f"median {self.median:.1%}, p90 {self.p90:.1%}, bias {self.bias:+.1%}, sigma {self.sigma:.3f}"
        return f"{self.rows_fit} fit rows, {self.rows_test} test rows: {errors}"


def class_of(row: PublishedStep) -> str:
    """Class of a row: ``<generation>-<precision>-<dense|moe>``."""
    generation = generation_of(row.cluster.node.accelerator)
    kind = "moe" if row.model.mixture else "dense"
    return f"{generation}-{calibrated_precision(row.precision)}-{kind}"


def _stack_class(row: PublishedStep) -> str:
    return f"stack-{row.stack}-{'moe' if row.model.mixture else 'dense'}"


def score(rows: Sequence[PublishedStep], errors: Sequence[float]) -> dict[str, ClassScore]:
    """Score log errors by class, and by software stack.

    Parameters
    ----------
    rows : sequence of PublishedStep, shape (n,)
        Rows of both splits.
    errors : sequence of float, shape (n,)
        Logarithm of predicted over published step time.

    Returns
    -------
    dict of str to ClassScore
        By :func:`class_of`, by that and the stack, and by ``stack-<name>-<dense|moe>``; in alphabetical order.
    """
    groups: dict[str, list[tuple[PublishedStep, float]]] = {}
    for row, error in zip(rows, errors, strict=True):
        for name in (class_of(row), f"{class_of(row)}-{row.stack}", _stack_class(row)):
            groups.setdefault(name, []).append((row, error))
    return {name: _class_score(groups[name]) for name in sorted(groups)}


def _class_score(pairs: Sequence[tuple[PublishedStep, float]]) -> ClassScore:
    fitted = [row for row, _ in pairs if row.split == "fit"]
    logs = [error for row, error in pairs if row.split == "test"]
    relative = sorted(abs(math.expm1(error)) for error in logs)
    return ClassScore(
        rows_fit=len(fitted),
        rows_test=len(logs),
        median=statistics.median(relative) if logs else math.nan,
        p90=_ninth_decile(relative) if logs else math.nan,
        bias=statistics.median(logs) if logs else math.nan,
        sigma=_spread(sorted(abs(error) for error in logs)) if logs else math.nan,
        gpus_max=max((row.layouts[0].gpus for row in fitted), default=0),
        sequence_max=max((row.sequence_length for row in fitted), default=0),
    )


def _spread(sizes: Sequence[float]) -> float:
    return max(_ninth_decile(sizes) / NINTH_DECILE_OF_NORMAL, MAD_TO_SIGMA * statistics.median(sizes))


def _ninth_decile(ordered: Sequence[float]) -> float:
    return ordered[math.ceil(0.9 * len(ordered)) - 1]
