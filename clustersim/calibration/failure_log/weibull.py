"""Shape and mean of a Weibull lifetime by maximum likelihood, with profile-likelihood intervals."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from clustersim.calibration.failure_log.estimate import CONFIDENCE, Estimate
from clustersim.calibration.failure_log.gaps import Gaps
from clustersim.calibration.failure_log.likelihood import WeibullLikelihood

LEAST_FAILURES = 3
"""Failures below which a shape is not tried: two gaps bend any law to their will."""
SHAPES = (0.1, 10.0)
"""Shapes that are tried; an interval that reaches an end of them is open there."""

_WIDEST = 14.0
"""Logarithm of the ratio of a mean to its best value up to which its interval is sought."""
_DIGITS = 1e-5


@dataclass(frozen=True, slots=True)
class WeibullFit:
    """A Weibull law of the lifetime.

    Attributes
    ----------
    shape : Estimate
        Weibull shape, dimensionless.
    mean_s : Estimate
        Mean lifetime [s].
    p_exponential : float
        Probability of data at least as unlike a memoryless law if it is one: the likelihood ratio test of shape 1.
    """

    shape: Estimate
    mean_s: Estimate
    p_exponential: float


def fit_weibull(gaps: Gaps) -> WeibullFit | None:
    """Fit a Weibull law to the gaps between failures.

    Parameters
    ----------
    gaps : Gaps
        Gaps of all units: complete, right-censored, left-truncated, or begun at an unknown age
        (:class:`~clustersim.calibration.failure_log.likelihood.WeibullLikelihood`).

    Returns
    -------
    WeibullFit or None
        None with fewer than :data:`LEAST_FAILURES` failures.

    Notes
    -----
    The interval of one parameter is where the likelihood, at its largest over the other, falls by less than half the
    90 % quantile of chi-square with one degree of freedom. Twice the fall at shape 1 is held against the same law.
    Both are exact for many failures [1]_ [2]_.

    References
    ----------
    .. [1] Wilks, S. S. (1938), The large-sample distribution of the likelihood ratio. :doi:`10.1214/aoms/1177732360`
    .. [2] Lawless, J. F. (2003), Statistical Models and Methods for Lifetime Data, 2nd ed., sections 4.1 and 5.2.
       :doi:`10.1002/9781118033005`
    """
    from scipy.stats import chi2

    if gaps.failures < LEAST_FAILURES:
        return None
    likelihood = WeibullLikelihood(gaps)
    low, high = map(math.log, SHAPES)

    def at_shape(log_shape: float) -> float:
        shape = math.exp(log_shape)
        return likelihood.value(shape, likelihood.best_mean(shape))

    def at_mean(log_mean: float) -> float:
        return _highest(lambda log_shape: likelihood.value(math.exp(log_shape), math.exp(log_mean)), low, high)[1]

    best, highest = _highest(at_shape, low, high)
    floor = highest - float(chi2.ppf(CONFIDENCE, 1)) / 2.0
    shape = _interval(at_shape, best, floor, low, high)
    log_mean = math.log(likelihood.best_mean(shape.value))
    mean = _interval(at_mean, log_mean, floor, log_mean - _WIDEST, log_mean + _WIDEST)
    fall = max(highest - at_shape(0.0), 0.0)
    return WeibullFit(shape, _in_seconds(mean, likelihood.unit_s), float(chi2.sf(2.0 * fall, 1)))


def _highest(curve: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(lambda at: -curve(at), bounds=(low, high), method="bounded", options={"xatol": _DIGITS})
    return float(found.x), -float(found.fun)


def _interval(curve: Callable[[float], float], best: float, floor: float, low: float, high: float) -> Estimate:
    """Best value of a logarithm and where the curve falls through the floor on both sides, as numbers."""
    ends = (_crossing(curve, best, floor, end) for end in (low, high))
    return Estimate(math.exp(best), *(None if end is None else math.exp(end) for end in ends))


def _crossing(curve: Callable[[float], float], best: float, floor: float, end: float) -> float | None:
    """Where a curve falls through the floor between its top and an end; None if it does not."""
    from scipy.optimize import brentq

    inside, step = best, math.copysign(0.25, end - best)
    while inside != end:
        outside = min(inside + step, end) if step > 0.0 else max(inside + step, end)
        if curve(outside) < floor:
            return float(brentq(lambda at: curve(at) - floor, inside, outside, xtol=_DIGITS))
        inside, step = outside, 2.0 * step
    return None


def _in_seconds(estimate: Estimate, unit_s: float) -> Estimate:
    return Estimate(*(None if value is None else value * unit_s for value in estimate))  # type: ignore[arg-type]
