"""The quantiles that every forecast of learning is told by."""

from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

SHARES = (0.05, 0.5, 0.95)
"""A median and the ends of a 90 % interval."""
NORMAL_90 = 1.6448536269514722
"""Half-width of a central 90 % interval of a normal distribution, in standard deviations."""


class Quantiles(TypedDict):
    """The 5 %, 50 % and 95 % quantiles."""

    p5: float
    p50: float
    p95: float


class Reached(TypedDict):
    """The same of an amount at which something is reached; None where so many draws say that none is enough."""

    p5: float | None
    p50: float | None
    p95: float | None


def quantiles(draws: NDArray[Any]) -> Quantiles:
    """Quantiles of draws."""
    p5, p50, p95 = np.quantile(draws, SHARES).tolist()
    return {"p5": p5, "p50": p50, "p95": p95}


def reached(draws: NDArray[np.float64]) -> Reached:
    """Quantiles of draws that are infinite where nothing is enough."""
    p5, p50, p95 = np.quantile(draws, SHARES, method="nearest").tolist()
    return reached_at(p5, p50, p95)


def reached_at(p5: float | None, p50: float | None, p95: float | None) -> Reached:
    """Quantiles that are known, infinite or None where nothing is enough."""
    return {"p5": _finite(p5), "p50": _finite(p50), "p95": _finite(p95)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
