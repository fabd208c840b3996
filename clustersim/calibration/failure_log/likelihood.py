"""Likelihood of a Weibull lifetime for gaps that begin new, at a known age, or at an age that nobody knows."""

import math

import numpy as np

from clustersim.calibration.failure_log.gaps import Flags, Floats, Gaps

_LARGEST_EXPONENT = 500.0
"""Where exponentials are cut off, and the incomplete gamma function goes over to its asymptote."""
_STEP = 2.0


class WeibullLikelihood:
    """Log-likelihood of renewal processes with Weibull gaps.

    Parameters
    ----------
    gaps : Gaps
        At least one of them ends with a failure.

    Notes
    -----
    With shape ``k``, scale ``eta``, mean ``mu = eta Gamma(1 + 1/k)``, cumulative hazard ``H(t) = (t / eta)^k`` and
    ``S = exp(-H)``, a gap of length ``x`` adds:

    * begun at age ``a``: ``log h(a + x)`` if it ends with a failure, and ``-(H(a + x) - H(a))`` in any case. A new
      unit has age 0; any other is left-truncated at its age, since it is known to have reached it [1]_.
    * begun at an unknown age: ``log(S(x) / mu)`` with a failure and ``log Q(1/k, H(x))`` without, where ``Q`` is the
      regularized upper incomplete gamma function. These are the density and the survival function of the forward
      recurrence time in equilibrium [2]_: what is left of the life that is under way at a moment that has nothing to do
      with it, in a fleet that has run for several lives, or whose units were renewed at all kinds of moments. A fleet
      that is young against its mean life fails otherwise, unless the shape is 1; its age has to be given.

    At a given shape the derivative in ``log eta`` falls all the way, so that there is one best scale.

    References
    ----------
    .. [1] Meeker, W. Q. & Escobar, L. A. (1998), Statistical Methods for Reliability Data, Wiley, section 11.6.
    .. [2] Cox, D. R. (1962), Renewal Theory, Methuen, section 5.2.
    """

    def __init__(self, gaps: Gaps) -> None:
        self.unit_s = gaps.exposure_s / gaps.failures
        """Times are counted in this [s], so that no power of them overflows."""
        known = ~np.isnan(gaps.age_s)
        length, age = gaps.length_s / self.unit_s, gaps.age_s / self.unit_s
        self._known_units = gaps.units[known].astype(np.float64)
        self._new, self._log_span, self._growth = _spans(age[known], length[known])
        ended = known & gaps.failed
        self._failed_units = gaps.units[ended].astype(np.float64)
        self._log_end = np.log(age[ended] + length[ended])
        blind, survived = ~known & gaps.failed, ~known & ~gaps.failed
        self._blind_units, self._log_blind = gaps.units[blind].astype(np.float64), _log(length[blind])
        self._survived_units, self._log_survived = gaps.units[survived].astype(np.float64), _log(length[survived])

    def value(self, shape: float, mean: float) -> float:
        """Log-likelihood of a shape and a mean, the mean in :attr:`unit_s`."""
        log_scale = math.log(mean) - math.lgamma(1.0 + 1.0 / shape)
        found = -self._spent(shape, log_scale)
        hazards = math.log(shape) - shape * log_scale + (shape - 1.0) * self._log_end
        found += float(self._failed_units @ hazards)
        found -= float(self._blind_units @ (_power(shape, self._log_blind - log_scale) + math.log(mean)))
        log_left, _ = _equilibrium(shape, self._log_survived - log_scale)
        return found + float(self._survived_units @ log_left)

    def best_mean(self, shape: float) -> float:
        """Mean at which the likelihood of a shape is largest, in :attr:`unit_s`."""
        from scipy.optimize import brentq

        low = high = -math.lgamma(1.0 + 1.0 / shape)
        while self._slope(shape, low) < 0.0:
            low -= _STEP
        while self._slope(shape, high) > 0.0:
            high += _STEP
        log_scale = low if low == high else float(brentq(lambda at: self._slope(shape, at), low, high, xtol=1e-10))
        return math.exp(log_scale + math.lgamma(1.0 + 1.0 / shape))

    def _spent(self, shape: float, log_scale: float) -> float:
        """Cumulative hazard that the gaps begun at a known age went through."""
        if not len(self._known_units):
            return 0.0
        growth = np.where(self._new, 1.0, np.expm1(np.minimum(shape * self._growth, _LARGEST_EXPONENT)))
        return float(self._known_units @ (_power(shape, self._log_span - log_scale) * growth))

    def _slope(self, shape: float, log_scale: float) -> float:
        """Derivative in the logarithm of the scale."""
        blind = self._blind_units @ (shape * _power(shape, self._log_blind - log_scale) - 1.0)
        _, steepness = _equilibrium(shape, self._log_survived - log_scale)
        known = shape * (self._spent(shape, log_scale) - self._failed_units.sum())
        return float(known + blind + self._survived_units @ steepness)


def _spans(age: Floats, length: Floats) -> tuple[Flags, Floats, Floats]:
    """Parts of ``H(a + x) - H(a)``: which units are new, and ``H(span)``, times ``expm1(k growth)`` if they are not."""
    new = age == 0.0
    # A difference of two hazards would lose the digits of a gap that is short against the age.
    growth = np.log1p(np.divide(length, age, out=np.zeros_like(length), where=~new))
    return new, _log(np.where(new, length, age)), growth


def _log(values: Floats) -> Floats:
    return np.log(values, out=np.full_like(values, -np.inf), where=values > 0.0)


def _power(shape: float, log_ratio: Floats) -> Floats:
    cut: Floats = np.exp(np.minimum(shape * log_ratio, _LARGEST_EXPONENT))
    return cut


def _equilibrium(shape: float, log_ratio: Floats) -> tuple[Floats, Floats]:
    """Log survival of the forward recurrence time at ``exp(log_ratio)`` scales, and its derivative in the log scale."""
    from scipy.special import gammaincc

    order = 1.0 / shape
    hazard = _power(shape, log_ratio)
    is_near = hazard < _LARGEST_EXPONENT
    near = np.log(gammaincc(order, np.where(is_near, hazard, 1.0)))
    far = (1.0 - shape) * log_ratio - hazard - math.lgamma(order) + np.log1p((order - 1.0) / np.maximum(hazard, 1.0))
    log_left: Floats = np.where(is_near, near, far)
    log_steepness = np.where(is_near, log_ratio - hazard - math.lgamma(order) - log_left, 0.0)
    return log_left, shape * np.where(is_near, np.exp(log_steepness), hazard)
