"""Whether the units of a kind fail alike, and which of them fail far too often."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clustersim.calibration.failure_log.gaps import Counts, Floats
from clustersim.run.streams import stream

LEVEL = 0.05
"""Chance at which a test of this package calls something out, over all that it looked at together."""
DRAWS = 1999
"""Simulated fleets behind a dispersion test: p values in steps of 1/2000."""

_ROUNDING = 1e-9
_MOST_UNITS = 2.0**32

LEAST_FAILURES = 2
"""Failures from which units can differ, and of a unit from which it can be a lemon."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How the exposure of a kind is shared out.

    Attributes
    ----------
    share : array of float, shape (n,)
        Share of one unit of each group in the exposure of all.
    units : array of int, shape (n,)
        Units of each group.
    """

    share: Floats
    units: Counts


@dataclass(frozen=True, slots=True)
class Lemon:
    """A unit that failed far more often than units that are all alike would.

    Attributes
    ----------
    unit : int
        Its number.
    failures : int
        How often it failed.
    expected : float
        How often a unit with its exposure fails on average.
    p : float
        Probability that any unit of the kind fails so often by chance (Bonferroni).
    """

    unit: int
    failures: int
    expected: float
    p: float


def lemons(failures: Counts, shares: Shares) -> list[Lemon]:
    """Units that failed more often than a Poisson process of one rate for all would let them.

    Parameters
    ----------
    failures : array of int, shape (n,)
        Failures of each group; only groups of one unit have any.
    shares : Shares
        Their exposure.

    Returns
    -------
    list of Lemon
        Those with ``p`` below :data:`LEVEL`, the worst first.

    Notes
    -----
    Given the number of all failures, those of one unit are binomial with its share of the exposure, exactly. The upper
    tail, times the number of units, bounds the chance that any of them comes so far by accident.

    References
    ----------
    .. [1] Cox, D. R. & Lewis, P. A. W. (1966), The Statistical Analysis of Series of Events, chapter 9.
       :doi:`10.1007/978-94-011-7801-3`
    """
    from scipy.stats import binom

    total, fleet = int(failures.sum()), int(shares.units.sum())
    often = np.flatnonzero(failures >= LEAST_FAILURES)
    chances = fleet * binom.sf(failures[often] - 1, total, shares.share[often])
    found = [
        Lemon(int(unit), int(failures[unit]), total * float(shares.share[unit]), min(float(p), 1.0))
        for unit, p in zip(often, chances, strict=True)
        if p < LEVEL
    ]
    return sorted(found, key=lambda lemon: (lemon.p, lemon.unit))


def dispersion_p(failures: Sequence[int] | Counts, shares: Shares, name: str) -> float | None:
    """Probability that units which are all alike would differ at least as much in their failures.

    Parameters
    ----------
    failures : array of int, shape (n,)
        Failures of each group; only groups of one unit have any.
    shares : Shares
        Their exposure.
    name : str
        Names the random stream.

    Returns
    -------
    float or None
        None with a single unit or fewer than :data:`LEAST_FAILURES` failures.

    Notes
    -----
    The statistic is that of the index of dispersion [1]_, ``sum(n_i^2 / share_i)``. Its chi-square law needs several
    failures of each unit; most units of a cluster have none. So its law is simulated, given the number of all failures:
    each falls on a unit with the chance of its share. The p value counts the log itself as one of the draws, which
    makes the test exact [2]_.

    References
    ----------
    .. [1] Cox, D. R. & Lewis, P. A. W. (1966), The Statistical Analysis of Series of Events, chapter 9.
       :doi:`10.1007/978-94-011-7801-3`
    .. [2] Davison, A. C. & Hinkley, D. V. (1997), Bootstrap Methods and their Application, section 4.2.
       :doi:`10.1017/CBO9780511802843`
    """
    counts = np.asarray(failures)
    total, fleet = int(counts.sum()), int(shares.units.sum())
    if total < LEAST_FAILURES or fleet < 2:
        return None
    struck = counts > 0
    seen = float((counts[struck] ** 2 / shares.share[struck]).sum())
    generator = stream(0, 0, f"dispersion of {name}")
    edges = np.cumsum(shares.share * shares.units)
    beyond = sum(_statistic(generator, total, shares, edges) >= seen * (1.0 - _ROUNDING) for _ in range(DRAWS))
    return (1 + beyond) / (1 + DRAWS)


def _statistic(generator: np.random.Generator, total: int, shares: Shares, edges: Floats) -> float:
    """The statistic of one fleet of units that are alike."""
    places = generator.random(total) * edges[-1]
    group = np.minimum(np.searchsorted(edges, places, side="right"), len(edges) - 1)
    # Where a draw falls within its group says which of its units it strikes.
    within = (edges[group] - places) // shares.share[group]
    _, first, counts = np.unique(group * _MOST_UNITS + within, return_index=True, return_counts=True)
    return float((counts.astype(np.float64) ** 2 / shares.share[group[first]]).sum())
