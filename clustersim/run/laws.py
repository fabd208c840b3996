"""Laws of random durations, sampled from a standard normal so that two plans can share their draws."""

import math
from dataclasses import dataclass
from typing import Literal

_LARGEST_EXPONENT = 700.0
"""What a float holds the exponential of."""


@dataclass(frozen=True, slots=True)
class Law:
    """A law of a duration.

    Parameters
    ----------
    kind : {"constant", "exponential", "lognormal"}
        Family.
    location_s : float
        The constant, the mean of the exponential, or the median of the lognormal [s].
    sigma : float
        Standard deviation of the logarithm; used by the lognormal alone.
    """

    kind: Literal["constant", "exponential", "lognormal"]
    location_s: float
    sigma: float = 0.0

    @property
    def mean_s(self) -> float:
        """Mean duration [s]; infinite where that of a lognormal is beyond all numbers."""
        if self.kind != "lognormal":
            return self.location_s
        exponent = 0.5 * self.sigma**2
        return self.location_s * math.exp(exponent) if exponent < _LARGEST_EXPONENT else math.inf

    def sample_s(self, normal: float) -> float:
        """Duration at the quantile of a standard normal draw [s].

        Examples
        --------
        >>> Law("lognormal", 60.0, 0.5).sample_s(0.0)
        60.0
        >>> round(Law("exponential", 60.0).sample_s(0.0) / 60.0, 6) == round(math.log(2.0), 6)
        True
        """
        if self.kind == "constant":
            return self.location_s
        if self.kind == "lognormal":
            return self.location_s * math.exp(self.sigma * normal)
        return -self.location_s * math.log(0.5 * math.erfc(normal / math.sqrt(2.0)))


AT_ONCE = Law("constant", 0.0)
"""A duration that takes no time."""
