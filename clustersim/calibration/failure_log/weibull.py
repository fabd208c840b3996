"""Shape and mean of a Weibull lifetime by maximum likelihood, with profile-likelihood intervals."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clustersim.calibration.failure_log.estimate import CONFIDENCE, Estimate
from clustersim.calibration.failure_log.gaps import Gaps
from clustersim.calibration.failure_log.likelihood import WeibullLikelihood

LEAST_FAILURES = 3
"""Failures below which a shape is not tried: two gaps bend any law to their will."""
SHAPES = (0.1, 10.0)
"""Shapes that are tried, for the interval of the mean too; that of the shape is open where it reaches one of them."""

_WIDEST = 30.0
"""Logarithm of the ratio of a mean to the best one up to which its interval is sought."""
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

    def profile(log_shape: float) -> float:
        curve = likelihood.at(math.exp(log_shape))
        return curve.value(curve.best())

    bounds = math.log(SHAPES[0]), math.log(SHAPES[1])
    best, highest = _highest(profile, *bounds)
    floor = highest - float(chi2.ppf(CONFIDENCE, 1)) / 2.0
    ends = [_crossing(lambda at: profile(at) - floor, best, bound) for bound in bounds]
    within = [bound if end is None else end for end, bound in zip(ends, bounds, strict=True)]
    means = [_farthest_mean(likelihood, floor, within, side) for side in (-1.0, 1.0)]
    mean = likelihood.at(math.exp(best)).best()
    fall = max(highest - profile(0.0), 0.0)
    return WeibullFit(
        shape=_estimate(best, ends, 1.0),
        mean_s=_estimate(mean, means, likelihood.unit_s),
        p_exponential=float(chi2.sf(2.0 * fall, 1)),
    )


def _highest(curve: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(lambda at: -curve(at), bounds=(low, high), method="bounded", options={"xatol": _DIGITS})
    return float(found.x), -float(found.fun)


def _crossing(height: Callable[[float], float], top: float, bound: float) -> float | None:
    """Where a curve falls through zero between its top and a bound; None if it does not."""
    from scipy.optimize import brentq

    inside, step = top, math.copysign(0.25, bound - top)
    while inside != bound:
        outside = min(inside + step, bound) if step > 0.0 else max(inside + step, bound)
        if height(outside) < 0.0:
            return float(brentq(height, inside, outside, xtol=_DIGITS))
        inside, step = outside, 2.0 * step
    return None


def _farthest_mean(likelihood: WeibullLikelihood, floor: float, within: Sequence[float], side: float) -> float | None:
    """Logarithm of the farthest mean on one side that some shape lifts to the floor; None beyond all reason.

    The same as the fall of the profile of the mean, but each shape has to be worked out once, not once for each mean.
    """

    def reach(log_shape: float) -> float:
        curve = likelihood.at(math.exp(log_shape))
        top = curve.best()
        if curve.value(top) < floor:
            return side * top
        edge = _crossing(lambda at: curve.value(at) - floor, top, top + side * _WIDEST)
        return math.inf if edge is None else side * edge

    farthest = _highest(reach, *within)[1]
    return None if math.isinf(farthest) else side * farthest


def _estimate(best: float, ends: Sequence[float | None], unit: float) -> Estimate:
    low, high = (None if end is None else unit * math.exp(end) for end in ends)
    return Estimate(unit * math.exp(best), low, high)
