"""Failure clocks: when each unit of a category fails next.

Every unit keeps its own age. A failure renews the unit that failed and no other; the draws of a category come from its
own stream, so that two plans with the same category see the same failures.
"""

import heapq
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from clustersim.run.plan import CategoryPlan

_BLOCK = 64
"""Failures that are drawn at once; part of what a seed means."""
_LOOK_AHEAD_FAILURES = 64
_LOOK_AHEAD_UNITS = 256
_PLACE_SCALE = 2.0**20
"""Digits of a draw below its leading twenty are as good as a draw of their own."""


class Failure(NamedTuple):
    """One failure, with all that chance decides about it: uniforms in [0, 1); ``detect`` and ``repair`` are normal.

    ``place`` says where in its unit it strikes, if what it takes down is smaller than the unit. It is the remainder of
    the draw that chose the unit, or of the one that decides the unit's next life.
    """

    t_s: float
    unit: int
    hang: float
    evict: float
    manual: float
    detect: float
    repair: float
    place: float


def failures(
    category: CategoryPlan, generator: np.random.Generator, fleet_age_s: float = 0.0, rate_factor: float = 1.0
) -> Iterator[Failure]:
    """Endless failures of one category, in time order.

    Parameters
    ----------
    category : CategoryPlan
        The category; ``shape`` 1 is a superposed Poisson process, any other a renewal process for each unit.
    generator : numpy.random.Generator
        Its stream.
    fleet_age_s : float
        Age of every unit at time 0 [s].
    rate_factor : float
        Factor on the rate in this replication.

    Yields
    ------
    Failure
        Its moment, its unit and its draws.
    """
    rate_s = category.rate_s * rate_factor
    if rate_s <= 0.0:
        return iter(())
    if category.shape == 1.0:
        return _superposed(category.units, rate_s, generator)
    return _renewals(category, generator, fleet_age_s, rate_factor)


def _superposed(units: int, rate_s: float, generator: np.random.Generator) -> Iterator[Failure]:
    """Memoryless units fail as one Poisson process whose victims are uniform."""
    elapsed = 0.0
    while True:
        sums = elapsed + np.cumsum(generator.standard_exponential(_BLOCK))
        elapsed = float(sums[-1])
        uniforms = generator.random((4, _BLOCK))
        places = uniforms[0] * units
        victims = places.astype(np.int64)
        draws = (*uniforms[1:].tolist(), *generator.standard_normal((2, _BLOCK)).tolist(), (places - victims).tolist())
        yield from map(Failure._make, zip((sums / rate_s).tolist(), victims.tolist(), *draws, strict=True))


def weibull_scale_s(mean_s: float, shape: float) -> float:
    """Scale of the Weibull law with this mean [s]: ``mean / Gamma(1 + 1 / shape)``."""
    # Gamma itself overflows at small shapes.
    return mean_s * math.exp(-math.lgamma(1.0 + 1.0 / shape))


def weibull_residual_s(uniform: np.ndarray, scale_s: float, shape: float, age_s: float) -> np.ndarray:
    """Remaining life of units that have reached an age [s], by inversion of the conditional survival function."""
    hazard = (age_s / scale_s) ** shape - np.log1p(-uniform)
    remaining_s: np.ndarray = scale_s * hazard ** (1.0 / shape) - age_s
    return remaining_s


def _renewals(
    category: CategoryPlan, generator: np.random.Generator, fleet_age_s: float, rate_factor: float
) -> Iterator[Failure]:
    """Every unit keeps its next failure; only those of the near future are in the heap."""
    rate_s, shape, units = category.rate_s * rate_factor, category.shape, category.units
    scale_s = weibull_scale_s(units / rate_s, shape)
    next_s = weibull_residual_s(generator.random(units), scale_s, shape, fleet_age_s)
    # Each look ahead passes over all units, so the more there are the further it looks.
    window_s = max(_LOOK_AHEAD_FAILURES, units // _LOOK_AHEAD_UNITS) / rate_s
    looked_s = 0.0
    while True:
        soon = np.flatnonzero((next_s >= looked_s) & (next_s < looked_s + window_s))
        looked_s += window_s
        heap = list(zip(next_s[soon].tolist(), soon.tolist(), strict=True))
        heapq.heapify(heap)
        while heap:
            t_s, unit = heap[0]
            renewal, hang, evict, manual = generator.random(4).tolist()
            life_s = scale_s * (-math.log1p(-renewal)) ** (1.0 / shape)
            next_s[unit] = t_s + life_s
            if t_s + life_s < looked_s:
                heapq.heapreplace(heap, (t_s + life_s, unit))
            else:
                heapq.heappop(heap)
            detect, repair = generator.standard_normal(2).tolist()
            yield Failure(t_s, unit, hang, evict, manual, detect, repair, renewal * _PLACE_SCALE % 1.0)
