"""What the law is held against: a plain logistic in compute, and a hard step."""

from collections.abc import Callable

import numpy as np

from clustersim.calibration.learning.capability.mixed_logistic import Floats, Scores
from clustersim.learning.capability.law import logistic

Predictor = Callable[[Scores], Floats]

STARTS = ((1.0, -1.0), (1.0, 0.0), (1.0, 1.5), (3.0, -1.0), (3.0, 0.0), (3.0, 1.5))
"""Slopes per decade, and midpoints in decades from 10**22.5 FLOP."""
RIDGE = 1e-3
"""Keeps a slope finite that the data would make a step of."""


def fit_logistic(scores: Scores) -> Predictor:
    """Fit ``floor + (1 - floor) / (1 + exp(-(a x + b)))`` by least squares, every model alike."""
    from scipy.optimize import least_squares

    def residuals(at: Floats) -> Floats:
        expected = scores.floor + (1.0 - scores.floor) * logistic(at[0] * scores.compute + at[1])
        return np.concatenate([expected - scores.score, RIDGE * at])

    found = [least_squares(residuals, (slope, -slope * middle), max_nfev=300) for slope, middle in STARTS]
    slope, intercept = min(found, key=lambda fit: float(fit.cost)).x.tolist()
    floor = scores.floor
    return lambda at: np.asarray(floor + (1.0 - floor) * logistic(slope * at.compute + intercept))


def fit_step(scores: Scores) -> Predictor:
    """Fit a hard step: one mean below a compute, another from it on."""
    best = (np.inf, np.inf, 0.0, 0.0)
    for at in np.unique(scores.compute)[1:].tolist():
        low, high = scores.score[scores.compute < at], scores.score[scores.compute >= at]
        cost = float(np.square(low - low.mean()).sum() + np.square(high - high.mean()).sum())
        best = min(best, (cost, at, float(low.mean()), float(high.mean())))
    _, where, below, above = best
    return lambda at: np.where(at.compute < where, below, above)


def leave_one_family_out(scores: Scores, fit: Callable[[Scores], Predictor]) -> Floats:
    """Predict each family from a fit to all others; shape (models,)."""
    predicted = np.empty_like(scores.score)
    for family in range(len(scores.families)):
        out = scores.family == family
        predicted[out] = fit(scores.where(~out))(scores.where(out))
    return predicted
