"""A fitted number with the ends of its interval."""

from typing import NamedTuple

CONFIDENCE = 0.90
"""Probability that an interval holds the truth: what the other fits of this package print."""


class Estimate(NamedTuple):
    """A fitted number and its 90 % interval, in the unit of the number; an end is None where the data set none."""

    value: float
    low: float | None
    high: float | None
