"""Throughput over the day: GPUs clock lower when it is hot."""

import math

from clustersim.run.failures.ageing import DAY_S, HOTTEST_HOUR_S
from clustersim.run.plan import DiurnalPlan

BLOCKS = 8
"""Pieces of a day in each of which the pace is constant: what a cosine is made of, at eight events a day."""
_BLOCK_S = DAY_S / BLOCKS
_EDGE = 1e-9
"""Share of a block by which rounding may miss its start."""


def slowdown_at(plan: DiurnalPlan, t_s: float) -> float:
    """Factor on the time of a step at a moment of the run [s]: at least 1, and 1 in the coolest hour.

    Throughput falls by ``swing * (1 + cos) / 2``, with the cosine of the time since the hottest hour, taken in the
    middle of each block of the day.
    """
    block = math.floor((plan.start_s + t_s) / _BLOCK_S + _EDGE)
    angle = 2.0 * math.pi * ((block + 0.5) * _BLOCK_S - HOTTEST_HOUR_S) / DAY_S
    return 1.0 / (1.0 - plan.swing * 0.5 * (1.0 + math.cos(angle)))


def seconds_to_next_change(plan: DiurnalPlan, t_s: float) -> float:
    """Time until the next block of the day [s]."""
    block = math.floor((plan.start_s + t_s) / _BLOCK_S + _EDGE)
    return (block + 1) * _BLOCK_S - plan.start_s - t_s
