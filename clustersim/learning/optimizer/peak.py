"""What a peak learning rate far from the best costs: loss against the factor it is off by."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

COST_TOO_HIGH = 0.023
"""Relative loss that a peak four times the best costs: median over the models of Li et al. (2025), arXiv 2503.04715."""
COST_TOO_LOW = 0.011
"""The same for a quarter of the best."""
FACTOR = 4.0


def peak_penalty(times_best: ArrayLike) -> Floats:
    """Relative loss that a peak learning rate costs over the best one.

    Parameters
    ----------
    times_best : array_like
        Peak over the best peak for the model, its tokens and its batch.

    Returns
    -------
    ndarray
        Fraction of the loss: quadratic in the logarithm, through the published medians at four times and at a quarter
        of the best. Beyond a factor of four it is an extrapolation, and it knows nothing of divergence.

    References
    ----------
    .. [1] Li, H. et al. (2025), Predictable Scale, Part I: Step Law. arXiv 2503.04715; medians worked out from its
       grid of runs.

    Examples
    --------
    >>> peak_penalty([0.25, 1.0, 2.0, 4.0]).round(5).tolist()
    [0.011, 0.0, 0.00575, 0.023]
    """
    off = np.log(np.asarray(times_best, dtype=np.float64)) / np.log(FACTOR)
    return np.asarray(np.where(off > 0.0, COST_TOO_HIGH, COST_TOO_LOW) * off**2)
