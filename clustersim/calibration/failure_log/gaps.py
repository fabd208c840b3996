"""Operating time between failures: what the laws of the lifetime are fitted to."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Stretches of operating time, each within one life of one unit.

    Attributes
    ----------
    unit : array of int, shape (n,)
        Number of the unit.
    length_s : array of float, shape (n,)
        Operating time of the stretch [s].
    failed : array of bool, shape (n,)
        Whether it ends with a failure; otherwise it is right-censored.
    age_s : array of float, shape (n,)
        Age of the unit at its beginning [s]: 0 after a failure, NaN where nobody knows.
    units : array of int, shape (n,)
        How many units have a stretch like it.
    """

    unit: Counts
    length_s: Floats
    failed: Flags
    age_s: Floats
    units: Counts

    @property
    def failures(self) -> int:
        """Failures of all units."""
        return int(self.units[self.failed].sum())

    @property
    def exposure_s(self) -> float:
        """Operating time of all units together [s]."""
        return float((self.units * self.length_s).sum())

    @property
    def some_age_unknown(self) -> bool:
        """Whether the age of some unit at its beginning is not known."""
        return bool(np.isnan(self.age_s).any())

    def without(self, units: Iterable[int]) -> "Gaps":
        """Leave out the stretches of some units."""
        kept = ~np.isin(self.unit, list(units))
        return Gaps(self.unit[kept], self.length_s[kept], self.failed[kept], self.age_s[kept], self.units[kept])
