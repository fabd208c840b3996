"""Estimates how far models and families lie from a logistic, by marginal likelihood."""

import numpy as np

from clustersim.calibration.learning.capability.mixed_logistic import Floats, Scores, coefficients_of, fit_locations
from clustersim.learning.capability.law import CEILING, Spread, score
from clustersim.learning.capability.offsets import GRID, student4_log_density

USUAL = np.array([1.0, 0.5, 0.04])
"""Family, model, score: where the search starts, and what few families are drawn to."""
PRIOR_SD = np.array([1.0, 1.0, 0.1])
"""Of their logarithms. The error of a score is all but given: formats of prompt and answer alone move a benchmark by
some points, and with less of it the many models at the floor would decide where the rise begins."""
MOST_ROUNDS = 6
STEADY = 0.03


def fit_spread(scores: Scores) -> tuple[Floats, Spread]:
    """Fit coefficients and spread in turns until the spread stands.

    Returns
    -------
    theta : ndarray of shape (4,)
        Coefficients, as :func:`clustersim.calibration.learning.capability.mixed_logistic.fit_locations` gives them.
    spread : Spread
        The scales.
    """
    from scipy.optimize import minimize

    logs = np.log(USUAL)
    everyone = np.ones((1, len(scores.families)))
    theta = fit_locations(scores, everyone, _spread(logs))[0]
    for _ in range(MOST_ROUNDS):
        found = minimize(
            lambda at, theta=theta: _cost(scores, theta, at),
            logs,
            method="Nelder-Mead",
            options={
                "initial_simplex": logs + 0.4 * np.vstack([np.zeros(3), np.eye(3)]),
                "xatol": 0.01,
                "fatol": 0.01,
                "maxiter": 200,
            },
        ).x
        moved = float(np.abs(found - logs).max())
        logs = found
        theta = fit_locations(scores, everyone, _spread(logs), theta)[0]
        if moved < STEADY:
            break
    return theta, _spread(logs)


def _spread(logs: Floats) -> Spread:
    family, model, measured = np.exp(logs).tolist()
    return Spread(family, model, measured)


def _cost(scores: Scores, theta: Floats, logs: Floats) -> float:
    prior = 0.5 * float(np.square((logs - np.log(USUAL)) / PRIOR_SD).sum())
    return prior - log_likelihood(scores, theta, _spread(logs))


def log_likelihood(scores: Scores, theta: Floats, spread: Spread) -> float:
    """Log likelihood of the scores with every family's offset integrated out, up to a constant."""
    coefficients = coefficients_of(theta, scores.floor)
    offset = spread.family * GRID[:, None]
    expected = score(coefficients, scores.floor, scores.compute, scores.ratio, offset)
    rise = coefficients[CEILING] - scores.floor
    part = (expected - scores.floor) / rise
    scale = np.hypot(spread.score, spread.model * rise * part * (1.0 - part))
    rows = student4_log_density((scores.score - expected) / scale) - np.log(scale)
    by_family = rows @ np.eye(len(scores.families))[scores.family] + student4_log_density(GRID)[:, None]
    highest = by_family.max(axis=0)
    return float((highest + np.log(np.exp(by_family - highest).sum(axis=0))).sum())
