"""What a category's failures say of its lifetime, and what of that a scenario should believe."""

from dataclasses import dataclass

import numpy as np

from clustersim.calibration.failure_log.categories import Category
from clustersim.calibration.failure_log.estimate import Estimate
from clustersim.calibration.failure_log.exponential import failure_rate
from clustersim.calibration.failure_log.gaps import Gaps
from clustersim.calibration.failure_log.operation import Operation
from clustersim.calibration.failure_log.trend import Trend, trend
from clustersim.calibration.failure_log.unequal import LEVEL, Lemon, dispersion_p, lemons
from clustersim.calibration.failure_log.weibull import LEAST_FAILURES, WeibullFit, fit_weibull

_LEAST_SAID = 0.001
"""Below it the digits of a p value say nothing."""


@dataclass(frozen=True, slots=True)
class CategoryFit:
    """A category with everything that was found out about it.

    Attributes
    ----------
    category : Category
        The category.
    operation : Operation
        The units that it strikes.
    rate_s : Estimate
        Failures per unit and second of operation, if memoryless.
    weibull : WeibullFit or None
        Weibull law of the lifetime, lemons left out; None with too few failures.
    trend : Trend
        Whether the rate drifts.
    dispersion_p : float or None
        Probability that equal units differ as much.
    lemons : list of Lemon
        Units that fail far too often.
    ages_known : bool
        Whether the age of every unit is known.
    """

    category: Category
    operation: Operation
    rate_s: Estimate
    weibull: WeibullFit | None
    trend: Trend
    dispersion_p: float | None
    lemons: list[Lemon]
    ages_known: bool

    @property
    def failures(self) -> int:
        """Failures within the window."""
        return self.category.failures


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the entry says of a category, and why.

    Attributes
    ----------
    shape : float
        Weibull shape; 1 where nothing speaks for another one.
    rate_s : float
        Failures per unit and second: one over the mean lifetime.
    reason : str
        Why this shape.
    """

    shape: float
    rate_s: float
    reason: str


def fit_category(category: Category, operation: Operation) -> CategoryFit:
    """Fit the lifetime of a category and test what the fit rests on.

    Parameters
    ----------
    category : Category
        The category.
    operation : Operation
        The units of its kind.
    """
    gaps, shares = operation.gaps(category.failed_s), operation.shares
    counts = np.array([len(category.failed_s.get(number, ())) for number in range(len(operation.units))])
    moments_s = np.array(sorted(t_s for own in category.failed_s.values() for t_s in own))
    bad = lemons(counts, shares)
    return CategoryFit(
        category=category,
        operation=operation,
        rate_s=failure_rate(gaps.failures, gaps.exposure_s),
        weibull=_weibull(gaps, bad),
        trend=trend(operation.exposed_share(moments_s)),
        dispersion_p=dispersion_p(counts, shares, category.name),
        lemons=bad,
        ages_known=not gaps.some_age_unknown,
    )


def _weibull(gaps: Gaps, bad: list[Lemon]) -> WeibullFit | None:
    """A few units that fail often look like a shape below 1 to a fit that takes all units for equal."""
    return fit_weibull(gaps.without(lemon.unit for lemon in bad) if bad else gaps)


def verdict(fit: CategoryFit, tested: int) -> Verdict:
    """Decide on the shape that the entry carries.

    Parameters
    ----------
    fit : CategoryFit
        The category.
    tested : int
        Categories of the log whose shape was tested.

    Notes
    -----
    Shape 1 stays unless the likelihood ratio test rejects it at 5 % over all the categories tested together
    (Bonferroni). It stays too where the rate drifts and the ages of the units are not known: the fit then rests on a
    fleet in equilibrium, which does not drift. Where the ages are known, a drift is what a shape other than 1 makes of
    a fleet that was new together.

    With lemons the shape is that of the other units, and the rate is raised by what the lemons add to it.
    """
    count = len(fit.lemons)
    without = f", {count} {'lemon' if count == 1 else 'lemons'} left out" if count else ""
    if fit.weibull is None:
        return Verdict(1.0, fit.rate_s.value, f"fewer than {LEAST_FAILURES} failures: not tested{without}")
    p, shape = fit.weibull.p_exponential, fit.weibull.shape.value
    if p * tested >= LEVEL:
        return Verdict(1.0, fit.rate_s.value, f"exponential not rejected, {_said(p)}{without}")
    drift = fit.trend.p_laplace
    if drift is not None and drift < LEVEL and not fit.ages_known:
        reason = f"the rate drifts, {_said(drift)}; that looks like shape {shape:.2g} but is no lifetime"
        return Verdict(1.0, fit.rate_s.value, reason)
    others = fit.failures - sum(lemon.failures for lemon in fit.lemons)
    rate_s = fit.failures / others / fit.weibull.mean_s.value
    return Verdict(shape, rate_s, f"exponential rejected, {_said(p)}{without}")


def _said(p: float) -> str:
    return f"p = {p:.2g}" if p >= _LEAST_SAID else f"p < {_LEAST_SAID:g}"
