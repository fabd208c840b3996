"""Failure clocks: when each unit of a category fails next.

Every unit keeps its own age. A failure renews the unit that failed, as far as its category says, and no other; the
draws of a category come from its own stream, so that two plans with the same category see the same failures.
"""

import heapq
import math
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from clustersim.run.failures.ageing import NO_AGEING, AgeingPlan, operational_time
from clustersim.run.plan import CategoryPlan

_BLOCK = 64
"""Failures that are drawn at once; part of what a seed means."""
_LOOK_AHEAD_FAILURES = 64
_LOOK_AHEAD_UNITS = 256
_NEVER_PER_S = 1e-18
"""Less often than once in the age of the universe."""
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

    @classmethod
    def drawn(cls, generator: np.random.Generator, t_s: float, unit: int, place: float) -> "Failure":
        """A failure that no clock brings: its moment, unit and place are known, the rest is drawn."""
        uniforms, normals = generator.random(3).tolist(), generator.standard_normal(2).tolist()
        return cls._make((t_s, unit, *uniforms, *normals, place))

    @property
    def idle(self) -> float:
        """Decides whether a unit that stands idle fails too: uniform, from the lower digits of ``hang``."""
        return self.hang * _PLACE_SCALE % 1.0

    @property
    def verdict(self) -> float:
        """Decides what the diagnosis finds: uniform, from the lower digits of ``manual``."""
        return self.manual * _PLACE_SCALE % 1.0

    @property
    def blamed(self) -> float:
        """Decides which node is blamed in the place of the right one: uniform, from the lower digits of ``evict``."""
        return self.evict * _PLACE_SCALE % 1.0


def failures(
    category: CategoryPlan,
    generator: np.random.Generator,
    fleet_age_s: float = 0.0,
    rate_factor: float = 1.0,
    ageing: AgeingPlan = NO_AGEING,
) -> Iterator[Failure]:
    """Endless failures of one category, in time order.

    Parameters
    ----------
    category : CategoryPlan
        The category; a memoryless lifetime is a superposed Poisson process, any other a renewal process for each unit.
    generator : numpy.random.Generator
        Its stream.
    fleet_age_s : float
        Age of every unit at time 0 [s].
    rate_factor : float
        Factor on the rate in this replication.
    ageing : AgeingPlan
        What changes the rate in the course of the run.

    Yields
    ------
    Failure
        Its moment, its unit and its draws.
    """
    rate_s = category.rate_s * rate_factor
    if rate_s <= 0.0:
        return iter(())
    found = (
        _superposed(category.units, rate_s, generator)
        if category.lifetime.memoryless
        else _renewals(category, generator, fleet_age_s, rate_factor)
    )
    return _at_wall_time(found, ageing) if ageing.changes else found


def mixed_failures(
    rates_s: Sequence[float], units: int, generator: np.random.Generator, ageing: AgeingPlan
) -> Iterator[tuple[int, Failure]]:
    """Endless memoryless failures of several kinds on the same units, as one Poisson process, in time order.

    Parameters
    ----------
    rates_s : sequence of float
        How often each kind strikes one unit [1/s].
    units : int
        Units, all alike.
    generator : numpy.random.Generator
        Their stream.
    ageing : AgeingPlan
        What changes the rates in the course of the run.

    Yields
    ------
    (int, Failure)
        The kind, and the moment, unit and draws of the failure.
    """
    sums = list(accumulate(rates_s))
    if not units or not sums or sums[-1] < _NEVER_PER_S:
        return
    for failure in failures(CategoryPlan("mixed", "host", units, sums[-1]), generator, ageing=ageing):
        yield bisect(sums, failure.place * sums[-1]), failure


def _at_wall_time(found: Iterator[Failure], ageing: AgeingPlan) -> Iterator[Failure]:
    time = operational_time(ageing)
    for failure in found:
        yield Failure(time.wall_s(failure.t_s), *failure[1:])


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


def _renewals(
    category: CategoryPlan, generator: np.random.Generator, fleet_age_s: float, rate_factor: float
) -> Iterator[Failure]:
    """Every unit keeps its next failure; only those of the near future are in the heap."""
    rate_s, law, units = category.rate_s * rate_factor, category.lifetime, category.units
    mean_s = units / rate_s
    age = np.full(units, fleet_age_s / mean_s)
    next_s = mean_s * law.remaining(-np.log1p(-generator.random(units)), age)
    ages = _Ages(age, mean_s) if category.renewal < 1.0 else None
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
            draw, hang, evict, manual = generator.random(4).tolist()
            age_left = ages.after_repair(unit, t_s, category.renewal) if ages else 0.0
            fails_s = t_s + mean_s * float(law.remaining(-math.log1p(-draw), age_left))
            next_s[unit] = fails_s
            if fails_s < looked_s:
                heapq.heapreplace(heap, (fails_s, unit))
            else:
                heapq.heappop(heap)
            detect, repair = generator.standard_normal(2).tolist()
            yield Failure(t_s, unit, hang, evict, manual, detect, repair, draw * _PLACE_SCALE % 1.0)


class _Ages:
    """Virtual age of every unit when it was last mended, in mean lives.

    Kijima's second model: a repair takes away a share of all the age that a unit has.

    References
    ----------
    .. [1] Kijima, M. (1989), J. Appl. Prob. 26(1). :doi:`10.2307/3214319`
    """

    def __init__(self, age: np.ndarray, mean_s: float) -> None:
        self._age = age
        self._mended_s = np.zeros(len(age))
        self._mean_s = mean_s

    def after_repair(self, unit: int, failed_s: float, renewal: float) -> float:
        """Age of a unit after the repair of this failure; a repair takes no age away from the others."""
        grown = (failed_s - self._mended_s[unit]) / self._mean_s
        left = float((1.0 - renewal) * (self._age[unit] + grown))
        self._age[unit], self._mended_s[unit] = left, failed_s
        return left
