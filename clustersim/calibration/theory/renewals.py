"""Failures of a fleet by any moment, new or aged: failure clocks against the renewal function of their lifetime."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.cases import Case
from clustersim.calibration.theory.failures import MEAN_S, clock, weibull_law
from clustersim.calibration.theory.samples import mean_case
from clustersim.run.failures.lifetimes import weibull_scale_s

RENEWALS = "renewal function"

_SOURCE = "Cox, Renewal Theory (1962), sections 4.1 and 4.2; solved by the method of Xie (1989)"

Floats = NDArray[np.float64]
Law = Callable[[Floats], Floats]

SHAPES = (0.7, 1.5, 2.0)
AGES_S = (0.0, 80.0)
"""Ages of all units at the beginning, of a mean life of a hundred seconds."""
MOMENTS_S = (30.0, 100.0, 250.0)
"""Early, when most units live their first life; after a mean life; and when the ages have begun to mix."""

UNITS = 4000
GRID = 2000
"""Steps to the last moment: four times as many move no result by a thousandth of a standard error."""


def renewals(first: Law, later: Law, until_s: float, steps: int) -> Floats:
    """Mean number of failures of a unit by each of evenly spaced moments, whatever failed is as good as new.

    Parameters
    ----------
    first : callable
        Distribution function of the time to its first failure.
    later : callable
        That of the lives after it.
    until_s : float
        The last moment [s].
    steps : int
        Moments.

    Returns
    -------
    ndarray of float, shape (steps + 1,)
        At 0 and each moment.

    Notes
    -----
    Solves ``M(t) = F(t) + integral of M(t - x) dF(x)`` with the integral as a sum over the steps, ``M`` taken in the
    middle of each, so that a density that is infinite at 0 does no harm. The first life may have another law.

    References
    ----------
    .. [1] Xie, M. (1989), On the solution of renewal-type integral equations, Commun. Stat. Simul. Comput. 18(1).
       :doi:`10.1080/03610918908812760`
    """
    edges_s = np.linspace(0.0, until_s, steps + 1)
    middle_s = 0.5 * (edges_s[1:] + edges_s[:-1])
    ordinary = _ordinary(later, edges_s, middle_s)
    if first is later:
        return ordinary
    gained = np.diff(first(edges_s))
    halfway = 0.5 * (ordinary[1:] + ordinary[:-1])
    delayed: Floats = first(edges_s)
    delayed[1:] += np.convolve(gained, halfway)[:steps]
    return delayed


def _ordinary(law: Law, edges_s: Floats, middle_s: Floats) -> Floats:
    reached, halfway = law(edges_s), law(middle_s)
    found = np.zeros(len(edges_s))
    # The last step is in its own sum.
    own = float(halfway[0])
    for row in range(1, len(found)):
        gained = np.diff(found[:row])
        found[row] = (reached[row] + gained @ halfway[row - 1 : 0 : -1] - own * found[row - 1]) / (1.0 - own)
    return found


def renewal_function_cases() -> Iterator[Case]:
    """Mean number of failures of a unit by some moments, new and aged, by shape."""
    for run, (shape, age_s) in enumerate(itertools.product(SHAPES, AGES_S)):
        scale_s = weibull_scale_s(MEAN_S, shape)
        new = weibull_law(scale_s, shape)
        first = weibull_law(scale_s, shape, age_s) if age_s else new
        expected = renewals(first, new, MOMENTS_S[-1], GRID)
        for at_s, counts in zip(MOMENTS_S, failures_by(shape, age_s, run), strict=True):
            yield mean_case(
                RENEWALS,
                f"failures of a unit in {at_s:.0f} s, shape {shape:g}, {f'{age_s:.0f} s old' if age_s else 'new'}",
                counts,
                float(expected[round(at_s / MOMENTS_S[-1] * GRID)]),
                "",
                _SOURCE,
            )


def failures_by(shape: float, age_s: float, replication: int) -> list[Floats]:
    """Failures of every unit by each of the moments, units of the same age at the beginning."""
    counts = np.zeros(UNITS)
    found: list[Floats] = []
    for failure in clock(UNITS, shape, age_s, replication):
        while failure.t_s > MOMENTS_S[len(found)]:
            found.append(counts.copy())
            if len(found) == len(MOMENTS_S):
                return found
        counts[failure.unit] += 1.0
    return found
