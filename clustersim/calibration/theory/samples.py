"""Cases of simulated samples: their means, shares and laws, with the tolerance that their own size gives them."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.cases import FOUR, Case, Relation

Floats = Sequence[float] | NDArray[np.float64]

FOUR_SIGMA_CHANCE = math.erfc(FOUR / math.sqrt(2.0))
"""Chance that a normal variable lies further than four standard deviations from its mean: 6.3e-5."""


def standard_error(values: Floats) -> float:
    """Standard error of the mean of independent values, in their unit."""
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


def mean_case(
    group: str,
    name: str,
    values: Floats,
    expected: float,
    unit: str,
    source: str,
    *,
    bias: float = 0.0,
    relation: Relation = "equal",
) -> Case:
    """The mean of independent values against theory, within four standard errors.

    Parameters
    ----------
    group, name, unit, source : str
        See :class:`~clustersim.calibration.cases.Case`.
    values : sequence of float, shape (n,)
        One for each replication.
    expected : float
        What theory says of their mean.
    bias : float
        What theory leaves out at most, added to the tolerance.
    relation : {"equal", "at least", "at most"}
        How the mean has to stand to theory.
    """
    spread = standard_error(values)
    return Case(
        group=group,
        name=name,
        expected=expected,
        found=float(np.mean(values)),
        unit=unit,
        source=source,
        relation=relation,
        tolerance=FOUR * spread + bias,
        standard_error=spread,
    )


def variance_case(group: str, name: str, values: Floats, expected: float, unit: str, source: str) -> Case:
    """The variance of independent, nearly normal values against theory, within four standard errors."""
    found = float(np.var(values, ddof=1))
    spread = expected * math.sqrt(2.0 / (len(values) - 1))
    return Case(
        group=group,
        name=name,
        expected=expected,
        found=found,
        unit=unit,
        source=source,
        tolerance=FOUR * spread,
        standard_error=spread,
    )


def law_distance(values: Floats, law: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> float:
    """Largest distance between the distribution of a sample and a law (Kolmogorov-Smirnov), 0 to 1.

    Parameters
    ----------
    values : sequence of float, shape (n,)
        The sample.
    law : callable
        Distribution function of the law.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    expected, count = law(ordered), len(ordered)
    above = np.arange(1, count + 1) / count - expected
    below = expected - np.arange(count) / count
    return float(max(above.max(), below.max()))


def law_case(
    group: str, name: str, values: Floats, law: Callable[[NDArray[np.float64]], NDArray[np.float64]], source: str
) -> Case:
    """A sample against a law: its distance stays below the one that chance exceeds as rarely as four standard errors.

    Notes
    -----
    The limit is that of a large sample, ``sqrt(ln(2 / chance) / (2 n))``.

    References
    ----------
    .. [1] Massey, F. J. (1951), The Kolmogorov-Smirnov test for goodness of fit. :doi:`10.1080/01621459.1951.10500769`
    """
    return Case(
        group=group,
        name=name,
        expected=math.sqrt(math.log(2.0 / FOUR_SIGMA_CHANCE) / (2.0 * len(values))),
        found=law_distance(values, law),
        unit="",
        source=source,
        relation="at most",
    )
