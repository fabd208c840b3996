"""Likelihood of a Weibull lifetime for gaps that begin new, at a known age, or at an age that nobody knows."""

import math
from dataclasses import dataclass

import numpy as np

from clustersim.calibration.failure_log.gaps import Flags, Floats, Gaps

_LARGEST_EXPONENT = 500.0
"""Where exponentials are cut off, and the incomplete gamma function goes over to its asymptote."""
_STEP = 2.0
_FLAT = 1e-9
"""Rounding of a slope that is zero."""


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
        length, age, units = gaps.length_s / self.unit_s, gaps.age_s / self.unit_s, gaps.units.astype(np.float64)
        self._known_units = units[known]
        self._new, self._log_span, self._growth = _spans(age[known], length[known])
        ended = known & gaps.failed
        self._failures, self._log_ends = units[ended].sum(), float(units[ended] @ np.log(age[ended] + length[ended]))
        blind, survived = ~known & gaps.failed, ~known & ~gaps.failed
        self._blind_units, self._log_blind = units[blind], _log(length[blind])
        # Units that nobody named, and most that somebody did, survived equally long.
        lengths, where = np.unique(length[survived], return_inverse=True)
        self._survived_units: Floats = np.bincount(where, units[survived], len(lengths)).astype(np.float64)
        self._log_survived = np.log(lengths)

    def at(self, shape: float) -> "MeanCurve":
        """Likelihood of one shape as a function of the mean."""
        growth = np.where(self._new, 1.0, np.expm1(np.minimum(shape * self._growth, _LARGEST_EXPONENT)))
        # A sum of products, and no dot product: that of many units would start threads, which wait for busy cores.
        hazard = (self._known_units * _power(shape, self._log_span) * growth).sum()
        return MeanCurve(
            shape=shape,
            hazard=float(hazard + self._blind_units @ _power(shape, self._log_blind)),
            failures=float(self._failures),
            log_ends=(shape - 1.0) * self._log_ends,
            blind=float(self._blind_units.sum()),
            survived=self._survived_units,
            log_survived=self._log_survived,
        )


@dataclass(frozen=True, slots=True)
class MeanCurve:
    """Log-likelihood of a Weibull law of one shape; means are in the unit of time of the likelihood.

    Attributes
    ----------
    shape : float
        The shape.
    hazard : float
        Cumulative hazard that all gaps but the survivors of unknown age went through, at a scale of 1.
    failures, blind : float
        Failures that end a gap begun at a known and at an unknown age.
    log_ends : float
        What the ages at failure add, whatever the scale.
    survived, log_survived : array of float, shape (n,)
        Survivors of unknown age: how many, and the logarithm of how long.
    """

    shape: float
    hazard: float
    failures: float
    log_ends: float
    blind: float
    survived: Floats
    log_survived: Floats

    def value(self, log_mean: float) -> float:
        """Log-likelihood of the logarithm of a mean."""
        log_scale = log_mean - math.lgamma(1.0 + 1.0 / self.shape)
        log_left, _ = _equilibrium(self.shape, self.log_survived - log_scale)
        known = self.failures * (math.log(self.shape) - self.shape * log_scale) + self.log_ends
        spent = self.hazard * _cut_exp(-self.shape * log_scale)
        return known - self.blind * log_mean - spent + float(self.survived @ log_left)

    def best(self) -> float:
        """Logarithm of the mean at which the likelihood is largest."""
        from scipy.optimize import brentq

        # Without survivors of unknown age this is the answer; they can only raise it.
        low = math.log(self.shape * self.hazard / (self.shape * self.failures + self.blind)) / self.shape
        high = low
        while self._slope(high) > _FLAT:
            high += _STEP
        log_scale = low if high == low else float(brentq(self._slope, low, high, xtol=1e-10))
        return log_scale + math.lgamma(1.0 + 1.0 / self.shape)

    def _slope(self, log_scale: float) -> float:
        _, steepness = _equilibrium(self.shape, self.log_survived - log_scale)
        spent = self.shape * self.hazard * _cut_exp(-self.shape * log_scale)
        return spent - self.shape * self.failures - self.blind + float(self.survived @ steepness)


def _spans(age: Floats, length: Floats) -> tuple[Flags, Floats, Floats]:
    """Parts of ``H(a + x) - H(a)``: which units are new, and ``H(span)``, times ``expm1(k growth)`` if they are not."""
    new = age == 0.0
    # A difference of two hazards would lose the digits of a gap that is short against the age.
    growth = np.log1p(np.divide(length, age, out=np.zeros_like(length), where=~new))
    return new, _log(np.where(new, length, age)), growth


def _log(values: Floats) -> Floats:
    return np.log(values, out=np.full_like(values, -np.inf), where=values > 0.0)


def _cut_exp(exponent: float) -> float:
    return math.exp(min(exponent, _LARGEST_EXPONENT))


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
