"""When in a run a benchmark's threshold is crossed, as a distribution."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from clustersim.learning.capability.forecast import Outcomes
from clustersim.learning.capability.law import Floats

GRID_POINTS = 200
FIRST_TOKENS = 1e9
"""Where the laws of final models may begin to speak of a run: before, it is in its warm-up."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """When a score passes a threshold.

    Attributes
    ----------
    p5, p50, p95 : float or None
        Quantiles of the tokens at the crossing; None where that quantile is not crossed by the end. One at the first
        point (1B tokens by default) is crossed there or before.
    not_crossed : float
        Probability that it is not crossed by the end.
    """

    p5: float | None
    p50: float | None
    p95: float | None
    not_crossed: float


def crossing_tokens(scores: Floats, tokens: ArrayLike, threshold: float) -> Floats:
    """Tokens at which each curve first passes a threshold.

    Parameters
    ----------
    scores : ndarray of shape (samples, points)
        Score of each sampled model along the run [fraction].
    tokens : array_like of shape (points,)
        Tokens (or hours, or dates as numbers) of the points, increasing and positive.
    threshold : float
        The threshold [fraction].

    Returns
    -------
    ndarray of shape (samples,)
        Between two points interpolated in the logarithm of tokens; the first point for a curve that begins above, inf
        for one that stays below.
    """
    points = np.asarray(tokens, np.float64)
    where = np.log(points)
    above = scores >= threshold
    first = np.argmax(above, axis=1)
    found = np.full(len(scores), np.inf)
    inside = above.any(axis=1) & (first > 0)
    rows = np.flatnonzero(inside)
    right = first[rows]
    before, after = scores[rows, right - 1], scores[rows, right]
    part = (threshold - before) / (after - before)
    found[rows] = np.exp(where[right - 1] + part * (where[right] - where[right - 1]))
    found[above[:, 0]] = points[0]
    return found


def summarise_crossing(crossings: Floats) -> Crossing:
    """Quantiles of :func:`crossing_tokens`, where never is later than any end."""
    quantiles = np.quantile(crossings, (0.05, 0.5, 0.95), method="inverted_cdf").tolist()
    p5, p50, p95 = (value if np.isfinite(value) else None for value in quantiles)
    return Crossing(p5, p50, p95, float(np.mean(np.isinf(crossings))))


def crossing(
    sampled: Outcomes,
    parameters: float,
    tokens: ArrayLike,
    flops: Callable[[Floats], ArrayLike] | ArrayLike | None = None,
    threshold: float | None = None,
) -> Crossing:
    """When the threshold is crossed along a run.

    Parameters
    ----------
    sampled : Outcomes
        Models that the run may turn out as.
    parameters : float
        Parameters that a token meets.
    tokens : float or array_like
        Tokens at the end of the run, or at the points to look at.
    flops : callable or array_like, optional
        Training compute [FLOP] as a function of tokens, or at each of the points; by default ``6 N D``.
    threshold : float, optional
        Score to cross [fraction]; by default halfway between floor and ceiling.

    Notes
    -----
    The law speaks of finished models. A checkpoint in the middle of a run, its learning rate still high, scores lower:
    the crossing comes later than stated, except at the very end.
    """
    points = np.atleast_1d(np.asarray(tokens, np.float64))
    if len(points) == 1:
        first = min(FIRST_TOKENS, 0.5 * float(points[0]))
        points = np.concatenate([[first], np.geomspace(first, points[0], GRID_POINTS)[1:-1], points])
    compute = flops(points) if callable(flops) else flops
    scores = sampled.ability(parameters, points, compute)
    return summarise_crossing(
        crossing_tokens(scores, points, sampled.law.threshold if threshold is None else threshold)
    )
