"""Evenly spread samples of standard deviates: the same at every call, unrelated to one another."""

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from clustersim.learning.capability.law import Floats

STEPS = (0.8191725133961644, 0.671043606703789, 0.5497004779019703)
"""Inverse powers of the root of x**4 = x + 1: the three-dimensional golden ratio (Roberts 2018, quasi-random R3)."""


def student4_quantile(probability: ArrayLike) -> Floats:
    """Quantiles of Student's t with four degrees of freedom.

    Notes
    -----
    In closed form (Shaw 2006, Journal of Computational Finance 9(4)): heavy enough for families that lie far off, and
    still with a finite variance.

    Examples
    --------
    >>> round(float(student4_quantile(0.95)), 3)
    2.132
    """
    p = np.asarray(probability, np.float64)
    root = np.sqrt(4.0 * p * (1.0 - p))
    size = 2.0 * np.sqrt(np.maximum(np.cos(np.arccos(np.minimum(root, 1.0)) / 3.0) / root - 1.0, 0.0))
    return np.asarray(np.where(p < 0.5, -size, size))


@lru_cache(maxsize=8)
def uniforms(count: int) -> Floats:
    """Three rows of numbers spread evenly over the unit cube, of shape (3, count)."""
    spread = (0.5 + np.outer(STEPS, np.arange(1, count + 1))) % 1.0
    spread.flags.writeable = False
    return spread


@lru_cache(maxsize=8)
def normals(count: int) -> Floats:
    """Standard normal deviates of the third row of :func:`uniforms`."""
    normal = NormalDist()
    deviates = np.array([normal.inv_cdf(p) for p in uniforms(count)[2].tolist()])
    deviates.flags.writeable = False
    return deviates
