"""Laws of the time to failure, each with mean 1; the rate of a category stretches it.

A unit fails when its cumulative hazard has grown by an exponential draw. The same draw can be made of a unit of any
age, so that a unit keeps its age where a repair does not take it away.
"""

import math
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", float, Floats)


class Lifetime(Protocol):
    """A law of the time to failure with mean 1."""

    @property
    def memoryless(self) -> bool:
        """Whether age does not matter, so that all units together fail as one Poisson process."""

    def remaining(self, hazard: Number, age: Number) -> Number:
        """What is left of a life, in mean lives.

        Parameters
        ----------
        hazard : float or array, shape (units,)
            By how much the cumulative hazard grows until the failure: exponential draws with mean 1.
        age : float or array, shape (units,)
            Ages, in mean lives.
        """


@dataclass(frozen=True, slots=True)
class ExponentialLife:
    """Memoryless: no infant mortality, no wear-out."""

    @property
    def memoryless(self) -> bool:
        """Always."""
        return True

    def remaining(self, hazard: Number, age: Number) -> Number:  # noqa: ARG002
        """The hazard itself, at any age."""
        return hazard


EXPONENTIAL = ExponentialLife()


@dataclass(frozen=True, slots=True)
class WeibullLife:
    """Weibull: hazard falls with age where the shape is below 1 (infant mortality) and grows above (wear-out).

    References
    ----------
    .. [1] Weibull, W. (1951), J. Appl. Mech. 18(3). :doi:`10.1115/1.4010337`
    """

    shape: float

    @property
    def memoryless(self) -> bool:
        """Where the shape is 1."""
        return self.shape == 1.0

    def remaining(self, hazard: Number, age: Number) -> Number:
        """By inversion of the cumulative hazard ``(t / scale) ** shape``, where the scale is ``1 / Gamma(1 + 1/k)``."""
        scale = weibull_scale_s(1.0, self.shape)
        left: Number = scale * (hazard + (age / scale) ** self.shape) ** (1.0 / self.shape) - age
        return left


@dataclass(frozen=True, slots=True)
class LognormalLife:
    """Lognormal: few fail at once, the hazard grows to its peak and falls in old age."""

    sigma: float

    @property
    def memoryless(self) -> bool:
        """Never."""
        return False

    def remaining(self, hazard: Number, age: Number) -> Number:
        """By inversion of the survival function; the median is ``exp(-sigma ** 2 / 2)``."""
        from scipy.special import log_ndtr, ndtri_exp

        log_median = -0.5 * self.sigma**2
        with np.errstate(divide="ignore"):
            survived = log_ndtr((log_median - np.log(age)) / self.sigma)
        left: Number = np.exp(log_median - self.sigma * ndtri_exp(survived - hazard)) - age
        return left


class EmpiricalLife:
    """Lives as they were observed: the Nelson-Aalen hazard of a sample, joined by straight lines from the origin.

    Beyond the longest life the hazard goes on as between the last two.

    Parameters
    ----------
    lives : tuple of float
        Observed lives in any unit, all positive; their mean does not matter.

    References
    ----------
    .. [1] Nelson, W. (1972), Technometrics 14(4). :doi:`10.1080/00401706.1972.10488991`
    """

    __slots__ = ("_age", "_hazard", "lives")

    def __init__(self, lives: tuple[float, ...]) -> None:
        self.lives = lives
        ages, ended = np.unique(np.array(lives, dtype=np.float64), return_counts=True)
        left = len(lives) - np.concatenate(([0], np.cumsum(ended)[:-1]))
        # Of several that end together, each ends among those that are left.
        hazard = np.cumsum([sum(1.0 / (at_risk - k) for k in range(n)) for at_risk, n in zip(left, ended, strict=True)])
        age, self._hazard = np.concatenate(([0.0], ages)), np.concatenate(([0.0], hazard))
        survival, slopes = np.exp(-self._hazard), np.diff(self._hazard) / np.diff(age)
        mean = float(np.sum(-np.diff(survival) / slopes) + survival[-1] / slopes[-1])
        self._age = age / mean

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EmpiricalLife) and other.lives == self.lives

    def __hash__(self) -> int:
        return hash(self.lives)

    def __repr__(self) -> str:
        return f"EmpiricalLife({len(self.lives)} lives)"

    @property
    def memoryless(self) -> bool:
        """Never: not even a sample of exponential lives is."""
        return False

    def remaining(self, hazard: Number, age: Number) -> Number:
        """By inversion of the cumulative hazard, which is a line between any two observed lives."""
        ages, hazards = self._age, self._hazard
        slope = (hazards[-1] - hazards[-2]) / (ages[-1] - ages[-2])
        total = hazard + np.interp(age, ages, hazards) + slope * np.maximum(age - ages[-1], 0.0)
        failed = np.interp(total, hazards, ages) + np.maximum(total - hazards[-1], 0.0) / slope
        left: Number = failed - age
        return left


def weibull_scale_s(mean_s: float, shape: float) -> float:
    """Scale of the Weibull law with this mean [s]: ``mean / Gamma(1 + 1 / shape)``."""
    # Gamma itself overflows at small shapes.
    return mean_s * math.exp(-math.lgamma(1.0 + 1.0 / shape))
