"""Failure clocks: counts against Poisson, lives against Weibull."""

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.cases import Case
from clustersim.calibration.theory.plans import SEED
from clustersim.calibration.theory.samples import law_case, mean_case, variance_case
from clustersim.run.failures.clocks import Failure, failures
from clustersim.run.failures.lifetimes import WeibullLife, weibull_scale_s
from clustersim.run.plan import CategoryPlan
from clustersim.run.streams import stream

POISSON = "superposed Poisson failures"
WEIBULL = "Weibull lifetimes"

_POISSON_SOURCE = "Cox & Smith (1954), superposition of renewal processes; exact for exponential lives"
_WEIBULL_SOURCE = "Weibull (1951), J. Appl. Mech. 18"
_RENEWAL_SOURCE = "Smith (1958), renewal theory: every unit fails at the rate of its mean life in the end"

Floats = NDArray[np.float64]

MEAN_S = 100.0
SHAPES = (0.7, 2.0)
"""Infant mortality and wear-out."""

POISSON_UNITS = 50
POISSON_COUNT = 200.0
POISSON_RUNS = 300
POISSON_GAPS = 20_000

UNITS = 150
LIVES = 4
AGED_UNITS = 2000
AGE_S = 80.0
OLD_UNITS = 40
OLD_RUNS = 60
OLD_S, END_S = 1500.0, 3000.0


def clock(units: int, shape: float = 1.0, age_s: float = 0.0, replication: int = 0) -> Iterator[Failure]:
    """Failures of equal units of a mean life of :data:`MEAN_S`, in the order of time."""
    category = CategoryPlan("theory", "gpu", units, 1.0 / MEAN_S, lifetime=WeibullLife(shape))
    return failures(category, stream(SEED, replication, "theory"), age_s)


def weibull_law(scale_s: float, shape: float, age_s: float = 0.0) -> Callable[[Floats], Floats]:
    """Distribution function of what is left of a Weibull life at some age; at shape 1 the exponential one."""

    def law(at_s: Floats) -> Floats:
        reached: Floats = -np.expm1((age_s / scale_s) ** shape - ((age_s + at_s) / scale_s) ** shape)
        return reached

    return law


def poisson_cases() -> Iterator[Case]:
    """Failures of fifty memoryless units in many runs: mean, variance, and the law of the gaps between them."""
    horizon_s = POISSON_COUNT * MEAN_S / POISSON_UNITS
    counts = [float(_count(clock(POISSON_UNITS, replication=run), 0.0, horizon_s)) for run in range(POISSON_RUNS)]
    yield mean_case(POISSON, "mean of the counts", counts, POISSON_COUNT, "", _POISSON_SOURCE)
    yield variance_case(POISSON, "variance of the counts", counts, POISSON_COUNT, "", _POISSON_SOURCE)
    times_s = [0.0, *(failure.t_s for failure in itertools.islice(clock(POISSON_UNITS), POISSON_GAPS))]
    law = weibull_law(MEAN_S / POISSON_UNITS, 1.0)
    yield law_case(POISSON, "distance of the gaps from the exponential law", np.diff(times_s), law, _POISSON_SOURCE)


def weibull_cases() -> Iterator[Case]:
    """Lives of new units, what is left of those of aged ones, and the rate of an old fleet."""
    for shape in SHAPES:
        word = "infant mortality" if shape < 1.0 else "wear-out"
        scale_s = weibull_scale_s(MEAN_S, shape)
        lives_s, left_s = lifetimes_s(shape), residual_s(shape)
        new, aged = weibull_law(scale_s, shape), weibull_law(scale_s, shape, AGE_S)
        yield mean_case(WEIBULL, f"mean life, {word}", lives_s, MEAN_S, "s", _WEIBULL_SOURCE)
        yield law_case(WEIBULL, f"distance of the lives from their law, {word}", lives_s, new, _WEIBULL_SOURCE)
        yield law_case(WEIBULL, f"distance of what is left of aged lives, {word}", left_s, aged, _WEIBULL_SOURCE)
        counts = [float(_count(clock(OLD_UNITS, shape, 0.0, run), OLD_S, END_S)) for run in range(OLD_RUNS)]
        expected = OLD_UNITS * (END_S - OLD_S) / MEAN_S
        yield mean_case(WEIBULL, f"failures of an old fleet, {word}", counts, expected, "", _RENEWAL_SOURCE)


def _count(source: Iterator[Failure], begin_s: float, end_s: float) -> int:
    """Failures between two moments."""
    times_s = (failure.t_s for failure in source)
    return sum(at >= begin_s for at in itertools.takewhile(lambda at: at < end_s, times_s))


def lifetimes_s(shape: float) -> Floats:
    """Lives of every unit, as many of each [s]: stopping at a moment would favour short ones."""
    failed_s: list[list[float]] = [[0.0] for _ in range(UNITS)]
    left = UNITS
    for failure in clock(UNITS, shape):
        failed_s[failure.unit].append(failure.t_s)
        left -= len(failed_s[failure.unit]) == LIVES + 1
        if not left:
            break
    return np.concatenate([np.diff(times_s[: LIVES + 1]) for times_s in failed_s])


def residual_s(shape: float) -> Floats:
    """First failures of units that are :data:`AGE_S` old at the beginning [s]."""
    first_s = np.full(AGED_UNITS, math.inf)
    left = AGED_UNITS
    for failure in clock(AGED_UNITS, shape, AGE_S):
        if math.isinf(first_s[failure.unit]):
            first_s[failure.unit] = failure.t_s
            left -= 1
            if not left:
                break
    return first_s
