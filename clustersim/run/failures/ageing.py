"""How the rate of failures changes as the fleet ages and the seasons turn: the same factor on every unit.

The clocks run in operational time, of which ``factor(t)`` seconds pass in a second of wall time. So a Poisson process
becomes one with this factor on its rate, and a unit with a lifetime of its own ages as much faster.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAY_S = 86400.0
YEAR_S = 365.25 * DAY_S

_GRID_S = 3600.0
_BLOCK = 24 * 366
"""Hours that are worked out at once."""
_BLOCKS = 50
"""Longer than any run: what is due later is due as if the last of these years went on, if it is due at all."""

HOTTEST_DAY_S = 200.0 * DAY_S
"""The middle of July, since the start of the year."""
HOTTEST_HOUR_S = 15.0 * 3600.0


@dataclass(frozen=True, slots=True)
class AgeingPlan:
    """What changes the rates of all failures.

    Attributes
    ----------
    infant_factor, infant_decay_s : float
        Factor on the rate of a new fleet, and the age at which what is above 1 of it has fallen to ``1/e`` [s].
    fleet_age_s : float
        Age of the fleet at the start [s].
    drift_per_year : float
        Share by which the rate grows in a year, dimensionless.
    per_kelvin : float
        Logarithm of the factor on the rate for a temperature higher by 1 K [1/K].
    daily_swing_k, yearly_swing_k : float
        Temperature, peak to trough [K].
    start_s : float
        Start of the run, since the start of its year [s].
    """

    infant_factor: float = 1.0
    infant_decay_s: float = 1.0
    fleet_age_s: float = 0.0
    drift_per_year: float = 0.0
    per_kelvin: float = 0.0
    daily_swing_k: float = 0.0
    yearly_swing_k: float = 0.0
    start_s: float = 0.0

    @property
    def changes(self) -> bool:
        """Whether the rates change at all."""
        warms = self.per_kelvin * (self.daily_swing_k + self.yearly_swing_k)
        return self.infant_factor != 1.0 or self.drift_per_year != 0.0 or warms != 0.0


NO_AGEING = AgeingPlan()


def hazard_factor(plan: AgeingPlan, t_s: Floats) -> Floats:
    """Factor on the rates at these moments of the run.

    ``(1 + (infant - 1) exp(-age / decay)) * (1 + drift) ** years * exp(per_kelvin * warmer)``: the excess of a
    new fleet dies out, the drift compounds, and temperature acts by an Arrhenius law that is linear over a few kelvin.

    Parameters
    ----------
    plan : AgeingPlan
        What changes them.
    t_s : array, shape (moments,)
        Wall time since the start [s].

    Returns
    -------
    array, shape (moments,)
        Dimensionless; 1 at the mean temperature in a grown-up fleet at the start.

    References
    ----------
    .. [1] Escobar, L. A. and Meeker, W. Q. (2006), "A review of accelerated test models", Statist. Sci. 21(4).
       :doi:`10.1214/088342306000000321`
    """
    infant = 1.0 + (plan.infant_factor - 1.0) * np.exp(-(plan.fleet_age_s + t_s) / plan.infant_decay_s)
    drift = (1.0 + plan.drift_per_year) ** (t_s / YEAR_S)
    factor: Floats = infant * drift * np.exp(plan.per_kelvin * warmer_k(plan, t_s))
    return factor


def warmer_k(plan: AgeingPlan, t_s: Floats) -> Floats:
    """Temperature above its mean over the year [K]: one sine over the day, one over the year."""
    date_s = plan.start_s + t_s
    yearly = 0.5 * plan.yearly_swing_k * np.cos(2.0 * math.pi * (date_s - HOTTEST_DAY_S) / YEAR_S)
    warmer: Floats = yearly + 0.5 * plan.daily_swing_k * np.cos(2.0 * math.pi * (date_s - HOTTEST_HOUR_S) / DAY_S)
    return warmer


class OperationalTime:
    """Operational time against wall time: by the hour, joined by straight lines, and longer when it is asked for."""

    def __init__(self, plan: AgeingPlan) -> None:
        self._plan = plan
        self._operational_s = [0.0]

    def wall_s(self, operational_s: float) -> float:
        """Wall time at which so much operational time has passed [s]."""
        while self._operational_s[-1] <= operational_s:
            if len(self._operational_s) > _BLOCKS * _BLOCK:
                return self._later_s(operational_s)
            self._extend()
        row = bisect_right(self._operational_s, operational_s) - 1
        low_s, high_s = self._between(row)
        return _GRID_S * (row + (operational_s - low_s) / (high_s - low_s))

    def _later_s(self, operational_s: float) -> float:
        passed_s, before_s = self._operational_s[-1], self._operational_s[-1 - _BLOCK]
        if passed_s == before_s:
            return math.inf
        return _GRID_S * (len(self._operational_s) - 1 + _BLOCK * (operational_s - passed_s) / (passed_s - before_s))

    def operational_s(self, wall_s: float) -> float:
        """Operational time that has passed by then [s]."""
        while (len(self._operational_s) - 1) * _GRID_S <= wall_s:
            self._extend()
        row = int(wall_s / _GRID_S)
        low_s, high_s = self._between(row)
        return low_s + (high_s - low_s) * (wall_s / _GRID_S - row)

    def _between(self, row: int) -> tuple[float, float]:
        return self._operational_s[row], self._operational_s[row + 1]

    def _extend(self) -> None:
        first = len(self._operational_s) - 1
        factor = hazard_factor(self._plan, (first + np.arange(_BLOCK + 1, dtype=np.float64)) * _GRID_S)
        passed_s = np.cumsum(0.5 * (factor[1:] + factor[:-1])) * _GRID_S
        self._operational_s += (self._operational_s[-1] + passed_s).tolist()


@lru_cache(maxsize=8)
def operational_time(plan: AgeingPlan) -> OperationalTime:
    """The operational time of a plan, worked out once for all its replications."""
    return OperationalTime(plan)


def mean_hazard_factor(plan: AgeingPlan, length_s: float) -> float:
    """Mean factor on the rates over a run of this length [s]."""
    return operational_time(plan).operational_s(length_s) / length_s if plan.changes and length_s > 0.0 else 1.0
