"""Evenly filled quantiles that go with draws, so that an error outside them costs no random number."""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
STRIDES = (
    _GOLDEN,
    math.sqrt(2.0) - 1.0,
    math.sqrt(3.0) - 1.0,
    math.sqrt(7.0) - 2.0,
    math.sqrt(11.0) - 3.0,
    math.sqrt(13.0) - 3.0,
)
"""One for each error that is to be unrelated to the others."""
DATA = 5
"""Index of the error of what the tokens of a run are worth."""


@lru_cache(maxsize=32)
def spread_quantiles(count: int, error: int = 0) -> Floats:
    """Evenly filled standard normal quantiles, in an order unrelated to that of the draws.

    Parameters
    ----------
    count : int
        Number of draws.
    error : int
        Which error they are of: an index of :data:`STRIDES`. Errors of different index are unrelated.

    Returns
    -------
    ndarray of shape (count,)
        Read-only.

    Examples
    --------
    >>> [round(float(value), 2) for value in spread_quantiles(3)]
    [-0.97, 0.0, 0.97]
    """
    quantiles = np.array([NormalDist().inv_cdf(share) for share in spread_shares(count, error).tolist()])
    quantiles.flags.writeable = False
    return quantiles


@lru_cache(maxsize=32)
def spread_shares(count: int, error: int = 0) -> Floats:
    """The same as shares, evenly filled between 0 and 1."""
    ranks = np.argsort(np.argsort((np.arange(count) + 0.5) * STRIDES[error] % 1.0))
    shares: Floats = (ranks + 0.5) / count
    shares.flags.writeable = False
    return shares
