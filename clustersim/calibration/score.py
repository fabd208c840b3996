"""Errors of predictions against published rows, by class of hardware, precision and model.

The spread of a class is the larger of two: what its own held-out rows show, and what they let one expect of a model
that is not among them. The first alone would be circular - it covers the rows it was read from - and says little where
one model stands behind a class. See :func:`unseen_sigma`.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clustersim.calibration.rows import PublishedStep
from clustersim.step.efficiency import calibrated_precision, generation_of

MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


NINTH_DECILE_OF_NORMAL = 1.645
"""90th percentile of the absolute value of a standard normal variable."""

WIDER_MODELS = 4
"""Models that the held-out rows of all other classes of the same kind count as, together. Chosen: with any number from
2 to 8, the share of rows covered when their own model is left out stays the same within two points."""

ROUNDING = 1e-9
"""Weight that a sum of weights may miss by rounding."""

Shape = tuple[int, int]
"""Layers and hidden size: what tells models apart that sources name in their own ways."""

Group = tuple[str, str, Shape]
"""Class, stack and model: rows that repeat each other."""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Errors of one class on its held-out rows, and what its fitted rows cover.

    Attributes
    ----------
    rows_fit, rows_test : int
        Rows of each split.
    models_test : int
        Models among the test rows.
    median, p90 : float
        Median and 90th percentile of the absolute relative error on the test rows; NaN without any.
    bias : float
        Median log error on the test rows: negative when predictions are too fast.
    sigma : float
        Spread of the log error about zero: the larger of what makes a 90 % interval hold 90 % of the test rows (and no
        less than 1.48 times their median), and of :func:`unseen_sigma`; NaN without test rows.
    gpus_max, sequence_max : int
        Largest job [GPUs] and sequence [tokens] among the fit rows; 0 without any.
    """

    rows_fit: int
    rows_test: int
    models_test: int
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
    members: dict[str, list[tuple[PublishedStep, float]]] = {}
    for row, error in zip(rows, errors, strict=True):
        for name in (class_of(row), f"{class_of(row)}-{row.stack}", _stack_class(row)):
            members.setdefault(name, []).append((row, error))
    held_out = _by_group(zip(rows, errors, strict=True))
    return {name: _class_score(members[name], held_out) for name in sorted(members)}


def unseen_sigma(own: Mapping[Shape, Sequence[float]], wider: Sequence[Sequence[float]]) -> float:
    """Spread of the log error to expect of a model that is not among the held-out ones.

    Parameters
    ----------
    own : mapping of Shape to sequence of float
        Absolute log errors of a class, by model.
    wider : sequence of sequences of float
        Those of the other classes of the same kind (dense, or mixture of experts), whatever their hardware and stack,
        by class, stack and model.

    Returns
    -------
    float
        Standard deviation about zero, dimensionless; NaN without any row.

    Notes
    -----
    Rows of one model share its error, so what counts is the number of models: each weighs the same however many rows it
    has. The other classes stand beside them with the weight of :data:`WIDER_MODELS` models, or of as many as they hold:
    they decide where a class has one or two models, and fade where it has ten. The 90th percentile of these weighted
    errors, over that of a normal distribution, estimates a standard deviation from so many models. A forecast for one
    more of them follows Student's t with as many degrees of freedom (as a prediction interval of a normal sample whose
    spread is estimated does), so the estimate is widened by the ratio of the two 90 % quantiles: 1.22 for one model,
    1.11 for five, 1.06 for twelve.
    """
    wider_models = min(WIDER_MODELS, len(wider))
    weighted = [(error, 1.0 / len(errors)) for errors in own.values() for error in errors]
    weighted += [(error, wider_models / len(wider) / len(errors)) for errors in wider for error in errors]
    if not weighted:
        return math.nan
    estimated = _weighted_ninth_decile(sorted(weighted)) / NINTH_DECILE_OF_NORMAL
    return estimated * _widening(len(own) + wider_models)


def _widening(models: int) -> float:
    """90 % quantile of the absolute value of Student's t over that of a normal variable."""
    from scipy.special import stdtrit

    return float(stdtrit(models, 0.95)) / NINTH_DECILE_OF_NORMAL


def _by_group(pairs: Iterable[tuple[PublishedStep, float]]) -> dict[Group, list[float]]:
    """Absolute log errors of the test rows."""
    groups: dict[Group, list[float]] = {}
    for row, error in pairs:
        if row.split == "test":
            groups.setdefault(_group_of(row), []).append(abs(error))
    return groups


def shape_of(row: PublishedStep) -> Shape:
    """What tells the model of a row from others, under whatever name."""
    return row.model.layers, row.model.hidden


def _group_of(row: PublishedStep) -> Group:
    return class_of(row), row.stack, shape_of(row)


def _class_score(pairs: Sequence[tuple[PublishedStep, float]], held_out: Mapping[Group, Sequence[float]]) -> ClassScore:
    fitted = [row for row, _ in pairs if row.split == "fit"]
    logs = [error for row, error in pairs if row.split == "test"]
    relative = sorted(abs(math.expm1(error)) for error in logs)
    return ClassScore(
        rows_fit=len(fitted),
        rows_test=len(logs),
        models_test=len({shape_of(row) for row, _ in pairs if row.split == "test"}),
        median=statistics.median(relative) if logs else math.nan,
        p90=_ninth_decile(relative) if logs else math.nan,
        bias=statistics.median(logs) if logs else math.nan,
        sigma=_sigma(pairs, held_out) if logs else math.nan,
        gpus_max=max((row.layouts[0].gpus for row in fitted), default=0),
        sequence_max=max((row.sequence_length for row in fitted), default=0),
    )


def _sigma(pairs: Sequence[tuple[PublishedStep, float]], held_out: Mapping[Group, Sequence[float]]) -> float:
    own_groups = _by_group(pairs)
    kind = pairs[0][0].model.mixture is None
    wider = [errors for group, errors in held_out.items() if group not in own_groups and _dense(group) == kind]
    own: dict[Shape, list[float]] = {}
    for (_, _, shape), errors in own_groups.items():
        own.setdefault(shape, []).extend(errors)
    seen = sorted(error for errors in own.values() for error in errors)
    return max(_spread(seen), unseen_sigma(own, wider))


def _dense(group: Group) -> bool:
    return group[0].endswith("-dense")


def _spread(sizes: Sequence[float]) -> float:
    return max(_ninth_decile(sizes) / NINTH_DECILE_OF_NORMAL, MAD_TO_SIGMA * statistics.median(sizes))


def _ninth_decile(ordered: Sequence[float]) -> float:
    return ordered[math.ceil(0.9 * len(ordered)) - 1]


def _weighted_ninth_decile(ordered: Sequence[tuple[float, float]]) -> float:
    """Least value with at least nine tenths of the weight up to it."""
    missing = 0.9 * math.fsum(weight for _, weight in ordered)
    for value, weight in ordered:
        missing -= weight
        if missing <= ROUNDING:
            return value
    return ordered[-1][0]
