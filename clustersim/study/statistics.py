"""Summaries of replications: quantiles, and the mean with its confidence interval."""

import math
from collections.abc import Sequence
from typing import TypedDict

import numpy as np

CONFIDENCE = 0.95


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


def summarise(values: Sequence[float] | np.ndarray) -> Stat:
    """Mean with its 95 % Student interval, and the quantiles of the values.

    Parameters
    ----------
    values : sequence of float
        One value per replication, at least two.
    """
    array = np.asarray(values, dtype=float)
    mean = float(array.mean())
    half = student_quantile(array.size - 1) * float(array.std(ddof=1)) / math.sqrt(array.size)
    p5, p10, p50, p90, p95 = np.quantile(array, (0.05, 0.10, 0.50, 0.90, 0.95)).tolist()
    return Stat(
        mean=mean, p5=p5, p10=p10, p50=p50, p90=p90, p95=p95, mean_ci95_low=mean - half, mean_ci95_high=mean + half
    )


def student_quantile(degrees: int) -> float:
    """Two-sided 95 % quantile of Student's t.

    Parameters
    ----------
    degrees : int
        Degrees of freedom, at least 1.
    """
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + CONFIDENCE / 2.0))
