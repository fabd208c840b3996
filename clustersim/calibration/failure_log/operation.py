"""When the units of one kind were in operation, and how old they were."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clustersim.calibration.failure_log.gaps import Counts, Floats, Gaps
from clustersim.calibration.failure_log.unequal import Shares

Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit, or several that are all alike because nobody named them.

    Attributes
    ----------
    name : str
        Its name; empty for units that the log never names.
    age_s : float
        Age at the beginning of the first stretch [s]; NaN where nobody knows.
    stretches : sequence of (float, float)
        When it was in operation, in order, since the start of the window [s].
    units : int
        How many there are.
    """

    name: str
    age_s: float
    stretches: Sequence[Stretch]
    units: int = 1

    @property
    def operating_s(self) -> float:
        """Time in operation [s]."""
        return sum(end - start for start, end in self.stretches)

    def operated_s(self, t_s: float) -> float:
        """Time in operation until a moment [s]."""
        return sum(min(max(t_s - start, 0.0), end - start) for start, end in self.stretches)


class Operation:
    """The units of one kind in the window.

    Parameters
    ----------
    units : sequence of Unit
        Those that were in operation at all.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = tuple(units)
        self._operating_s = np.array([unit.operating_s for unit in units])
        self._age_s = np.array([unit.age_s for unit in units])
        self._counts: Counts = np.array([unit.units for unit in units], dtype=np.int64)
        ends = sorted((end, -unit.units) for unit in units for _, end in unit.stretches)
        starts = sorted((start, unit.units) for unit in units for start, _ in unit.stretches)
        self._edges = [(np.array(side), np.cumsum([s * w for s, w in side]), np.cumsum([w for _, w in side]))
                       for side in (starts, ends)]  # fmt: skip

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self._counts.sum())

    @property
    def exposure_s(self) -> float:
        """Time in operation of all units together [s]."""
        return float((self._counts * self._operating_s).sum())

    @property
    def shares(self) -> Shares:
        """How the exposure is shared out."""
        return Shares(self._operating_s / self.exposure_s, self._counts)

    def exposed_share(self, t_s: Floats) -> Floats:
        """Share of the exposure of all units that lies before each moment."""
        elapsed = np.zeros_like(t_s)
        for edges, weighted, weights in self._edges:
            passed = np.searchsorted(edges[:, 0], t_s, side="right")
            elapsed += t_s * np.append(0, weights)[passed] - np.append(0.0, weighted)[passed]
        return np.clip(elapsed / self.exposure_s, 0.0, 1.0)

    def gaps(self, failed_s: dict[int, list[float]]) -> Gaps:
        """Cut the operation into gaps between failures.

        Parameters
        ----------
        failed_s : dict of int to list of float
            Moments of the failures of each unit that had any, in order [s]. Repair is no operating time: the clock of
            the unit stands still, of this category as of any other.
        """
        whole = np.array([number for number in range(len(self.units)) if number not in failed_s], dtype=np.int64)
        units, lengths = [whole], [self._operating_s[whole]]
        ended, ages = [np.zeros(len(whole), dtype=np.bool_)], [self._age_s[whole]]
        for number, moments_s in failed_s.items():
            unit = self.units[number]
            edges_s = np.array([0.0, *map(unit.operated_s, moments_s), unit.operating_s])
            failed = np.append(np.ones(len(moments_s), dtype=np.bool_), False)
            age_s = np.append(unit.age_s, np.zeros(len(moments_s)))
            lasting = failed | (np.diff(edges_s) > 0.0)
            units.append(np.full(int(lasting.sum()), number, dtype=np.int64))
            lengths.append(np.diff(edges_s)[lasting])
            ended.append(failed[lasting])
            ages.append(age_s[lasting])
        unit_numbers = np.concatenate(units)
        return Gaps(
            unit_numbers, np.concatenate(lengths), np.concatenate(ended), np.concatenate(ages),
            self._counts[unit_numbers],
        )  # fmt: skip
