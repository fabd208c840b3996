"""Failure logs simulated with the engine's own clocks, as gaps and as files."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clustersim.calibration.failure_log.gaps import Gaps
from clustersim.calibration.failure_log.operation import Operation, Unit
from clustersim.run.failures.clocks import failures
from clustersim.run.failures.lifetimes import WeibullLife
from clustersim.run.plan import CategoryPlan
from clustersim.run.streams import stream

KINDS = "gpu, nic, node, rack, switch, leaf, spine, pod, pdu, cooling_loop, storage, site, job"
"""Kinds of units as messages list them."""
MEAN_S = 100.0

Write = Callable[..., Path]


def struck_s(
    shape: float, units: int, length_s: float, replication: int, age_s: float = 0.0, after_s: float = 0.0
) -> dict[int, list[float]]:
    """Failures by unit in a window that begins some time after the units had an age."""
    category = CategoryPlan("log", "gpu", units, 1.0 / MEAN_S, lifetime=WeibullLife(shape))
    found: dict[int, list[float]] = {}
    clock = failures(category, stream(0, replication, "log"), age_s)
    for failure in itertools.takewhile(lambda one: one.t_s < after_s + length_s, clock):
        if failure.t_s >= after_s:
            found.setdefault(failure.unit, []).append(failure.t_s - after_s)
    return found


def fleet(units: int, length_s: float, age_s: float = math.nan) -> Operation:
    """Units that are all there all the time, at an age that they are said to have."""
    return Operation([Unit(f"u{number}", age_s, ((0.0, length_s),)) for number in range(units)])


def gaps(lengths: list[float], failed: list[bool], ages: list[float]) -> Gaps:
    """Gaps of as many units."""
    count = len(lengths)
    return Gaps(
        np.arange(count), np.array(lengths), np.array(failed), np.array(ages), np.ones(count, dtype=np.int64)
    )  # fmt: skip
