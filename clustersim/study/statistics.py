"""Summaries of replications: quantiles, and the mean with its confidence interval."""

import math
from collections.abc import Sequence
from typing import TypedDict

import numpy as np

CONFIDENCE = 0.95
BATCHES = 10
_FEWEST_PER_BATCH = 5

Values = Sequence[float] | np.ndarray


class Stat(TypedDict):
    """One result over the replications, in the unit its key names."""

    mean: float
    p5: float
    p10: float
    p50: float
    p90: float
    p95: float
    mean_ci95_low: float
    mean_ci95_high: float


def summarise(values: Values) -> Stat:
    """Mean with its 95 % confidence interval, and the quantiles of the values.

    Parameters
    ----------
    values : sequence of float
        One value per replication, in the order of their numbers, at least two.

    Notes
    -----
    Replications are not independent: their step-time errors fill their distribution evenly
    (``run.engine.drawn_phases``), which makes means more certain than chance would. From fifty replications on, the
    interval comes from the means of ten successive batches, each of which is filled evenly too; below, from the values,
    which is then too wide. A quantity that is never negative keeps an interval that is not.

    References
    ----------
    .. [1] Law, A. M. (2015), Simulation Modeling and Analysis, 5th ed., section 9.5.3 (batch means).
    """
    array = np.asarray(values, dtype=float)
    mean = float(array.mean())
    half = _half_width(array)
    low = max(mean - half, 0.0) if array.min() >= 0.0 else mean - half
    p5, p10, p50, p90, p95 = np.quantile(array, (0.05, 0.10, 0.50, 0.90, 0.95)).tolist()
    return Stat(mean=mean, p5=p5, p10=p10, p50=p50, p90=p90, p95=p95, mean_ci95_low=low, mean_ci95_high=mean + half)


def _half_width(array: np.ndarray) -> float:
    units = array
    if array.size >= BATCHES * _FEWEST_PER_BATCH:
        units = np.array([batch.mean() for batch in np.array_split(array, BATCHES)])
    return student_quantile(units.size - 1) * float(units.std(ddof=1)) / math.sqrt(units.size)


def student_quantile(degrees: int) -> float:
    """Two-sided 95 % quantile of Student's t.

    Parameters
    ----------
    degrees : int
        Degrees of freedom, at least 1.
    """
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + CONFIDENCE / 2.0))


def mean_time_between(exposures: Values, counts: Values) -> Stat | None:
    """Time between events, over replications of which some may have seen none.

    Parameters
    ----------
    exposures, counts : sequence of float
        Time and events of each replication.

    Returns
    -------
    Stat or None
        The mean is all time over all events, its interval the exact one of a Poisson count. The quantiles are those of
        the replications' own ratios; where a replication saw no event they are those of the estimate instead. None if
        there was no event at all.

    References
    ----------
    .. [1] Garwood, F. (1936), Fiducial limits for the Poisson distribution, Biometrika 28.
       :doi:`10.1093/biomet/28.3-4.437`
    """
    from scipy.special import gammaincinv

    total, events = float(np.sum(exposures)), float(np.sum(counts))
    if events == 0.0:
        return None
    tail = (1.0 - CONFIDENCE) / 2.0
    levels = np.array([0.05, 0.10, 0.50, 0.90, 0.95])
    if np.min(counts) > 0.0:
        quantiles = np.quantile(np.asarray(exposures, dtype=float) / np.asarray(counts, dtype=float), levels)
    else:
        quantiles = total / gammaincinv(events, 1.0 - levels)
    p5, p10, p50, p90, p95 = quantiles.tolist()
    return Stat(
        mean=total / events,
        p5=p5,
        p10=p10,
        p50=p50,
        p90=p90,
        p95=p95,
        mean_ci95_low=total / float(gammaincinv(events + 1.0, 1.0 - tail)),
        mean_ci95_high=total / float(gammaincinv(events, tail)),
    )
