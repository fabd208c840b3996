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

_LOOK_AHEAD_FAILURES = 64
_SMALLEST_UNIFORM = 2.0**-54


class Failure(NamedTuple):
    """One failure, with all that chance decides about it."""

    t_s: float
    unit: int
    hang: float
    evict: float
    manual: float
    detect: float
    repair: float


def failures(
    category: CategoryPlan,
    generator: np.random.Generator,
    fleet_age_s: float = 0.0,
    rate_factor: float = 1.0,
    expected_s: float = 0.0,
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
    expected_s : float
        Rough length of the run [s]: sizes the first block of draws and changes no result.

    Yields
    ------
    Failure
        ``hang``, ``evict`` and ``manual`` are uniform in [0, 1); ``detect`` and ``repair`` standard normal.
    """
    rate_s = category.rate_s * rate_factor
    if rate_s <= 0.0:
        return
    if category.shape == 1.0:
        yield from _superposed(category.units, rate_s, generator, expected_s)
    else:
        yield from _renewals(category, generator, fleet_age_s, rate_factor)


def _superposed(units: int, rate_s: float, generator: np.random.Generator, expected_s: float) -> Iterator[Failure]:
    expected = rate_s * expected_s
    block = int(1.1 * expected + 3.0 * math.sqrt(expected)) + 8
    now_s = 0.0
    while True:
        # One row per failure, so that the block's size never changes which draw a failure gets.
        uniforms = generator.random((block, 7))
        times_s = now_s + np.cumsum(-np.log1p(-uniforms[:, 0])) / rate_s
        now_s = float(times_s[-1])
        victims = (uniforms[:, 1] * units).astype(np.int64)
        detect, repair = _normal_pair(uniforms[:, 5], uniforms[:, 6])
        yield from map(
            Failure._make,
            zip(times_s.tolist(), victims.tolist(), *uniforms[:, 2:5].T.tolist(), detect.tolist(), repair.tolist(), strict=True),
        )
        block = _LOOK_AHEAD_FAILURES


def _normal_pair(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two independent standard normals from two independent uniforms (Box & Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log(np.maximum(first, _SMALLEST_UNIFORM)))
    return radius * np.cos(2.0 * np.pi * second), radius * np.sin(2.0 * np.pi * second)


def weibull_scale_s(mean_s: float, shape: float) -> float:
    """Scale of the Weibull law with this mean [s]: ``mean / Gamma(1 + 1 / shape)``."""
    return mean_s / math.gamma(1.0 + 1.0 / shape)


def weibull_residual_s(uniform: np.ndarray, scale_s: float, shape: float, age_s: float) -> np.ndarray:
    """Remaining life of units that have reached an age [s], by inversion of the conditional survival function."""
    hazard = (age_s / scale_s) ** shape - np.log1p(-uniform)
    remaining_s: np.ndarray = scale_s * hazard ** (1.0 / shape) - age_s
    return remaining_s


def _renewals(
    category: CategoryPlan, generator: np.random.Generator, fleet_age_s: float, rate_factor: float
) -> Iterator[Failure]:
    scale_s = weibull_scale_s(1.0 / (category.rate_per_unit_s * rate_factor), category.shape)
    next_s = weibull_residual_s(generator.random(category.units), scale_s, category.shape, fleet_age_s)
    window_s = _LOOK_AHEAD_FAILURES / (category.rate_s * rate_factor)
    looked_s = 0.0
    while True:
        soon = np.flatnonzero((next_s >= looked_s) & (next_s < looked_s + window_s))
        looked_s += window_s
        heap = list(zip(next_s[soon].tolist(), soon.tolist(), strict=True))
        heapq.heapify(heap)
        while heap:
            t_s, unit = heapq.heappop(heap)
            renewal, *marks, first, second = generator.random(6).tolist()
            life_s = scale_s * (-math.log1p(-renewal)) ** (1.0 / category.shape)
            next_s[unit] = t_s + life_s
            if t_s + life_s < looked_s:
                heapq.heappush(heap, (t_s + life_s, unit))
            radius = math.sqrt(-2.0 * math.log(max(first, _SMALLEST_UNIFORM)))
            angle = 2.0 * math.pi * second
            yield Failure(t_s, unit, *marks, radius * math.cos(angle), radius * math.sin(angle))
