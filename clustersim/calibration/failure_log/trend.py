"""Whether failures come more and more often, or less and less, whatever the law of the lifetime."""

import math
from dataclasses import dataclass

import numpy as np

from clustersim.calibration.failure_log.gaps import Floats

LEAST_FOR_LAPLACE = 4
"""Failures from which the sum of their moments is normal enough for a test at 5 % (Cox & Lewis 1966, section 3.3)."""
LEAST_FOR_MILITARY = 8

_EDGE = 1e-9
"""Rounding of a moment at an end of the window."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Tests of a constant rate.

    Attributes
    ----------
    early, late : int
        Failures in the first and in the second half of the exposure.
    p_laplace, p_military : float or None
        Two-sided probability of a drift at least as strong if the rate is constant, by either test; None with too few
        failures.
    """

    early: int
    late: int
    p_laplace: float | None
    p_military: float | None


def trend(moments: Floats) -> Trend:
    """Test the moments of failures for a drift of their rate.

    Parameters
    ----------
    moments : array of float, shape (n,)
        When each failure of all units came, as the share of the exposure of all units by then, 0 to 1: units that come
        and go, or are under repair, are no drift. A failure at either end is left out: where an end was put at a
        failure, the others are still uniform between them.

    Returns
    -------
    Trend
        Tests against a rate that rises or falls.

    Notes
    -----
    At a constant rate the ``n`` moments are uniform. Laplace's statistic ``sqrt(12 n) (mean - 1/2)`` is then nearly
    standard normal [1]_, and ``-2 sum(log moment)`` of the military handbook is chi-square with ``2 n`` degrees of
    freedom [2]_. The first is the most powerful against a rate that is exponential in time, the second against a power
    of time. Many units of any lifetime and of all ages together fail at a constant rate; units that begin new together
    do not, unless they are memoryless.

    References
    ----------
    .. [1] Cox, D. R. & Lewis, P. A. W. (1966), The Statistical Analysis of Series of Events, section 3.3.
       :doi:`10.1007/978-94-011-7801-3`
    .. [2] Rigdon, S. E. & Basu, A. P. (2000), Statistical Methods for the Reliability of Repairable Systems, Wiley,
       chapter 4; MIL-HDBK-189, Reliability Growth Management (1981).

    Examples
    --------
    >>> trend(np.array([0.05, 0.1, 0.2, 0.25, 0.6])).early
    4
    """
    from scipy.stats import chi2, norm

    inside = moments[(moments > _EDGE) & (moments < 1.0 - _EDGE)]
    count, early = len(inside), int((moments < 0.5).sum())
    laplace = military = None
    if count >= LEAST_FOR_LAPLACE:
        laplace = 2.0 * float(norm.sf(abs(math.sqrt(12.0 * count) * (inside.mean() - 0.5))))
    if count >= LEAST_FOR_MILITARY:
        below = float(chi2.cdf(-2.0 * np.log(inside).sum(), 2 * count))
        military = 2.0 * min(below, 1.0 - below)
    return Trend(early, len(moments) - early, laplace, military)
