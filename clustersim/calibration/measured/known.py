"""A number that a calibration knows, and how well."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """A number with the ends of its 90 % interval; None where nothing tells them."""

    value: float
    low: float | None = None
    high: float | None = None


def typical(values: Sequence[float]) -> Known:
    """Exponential of the mean logarithm of positive numbers, which is the median of a lognormal law.

    Notes
    -----
    The interval is that of Student's t; a single number has none.
    """
    logs = [math.log(value) for value in values]
    middle = statistics.fmean(logs)
    if len(logs) == 1:
        return Known(math.exp(middle))
    from scipy.stats import t

    half = float(t.ppf(0.95, len(logs) - 1)) * statistics.stdev(logs) / math.sqrt(len(logs))
    return Known(math.exp(middle), math.exp(middle - half), math.exp(middle + half))
