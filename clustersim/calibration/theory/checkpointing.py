"""Checkpoints and restarts: whole simulated runs against Daly's expected time and the interval of Young and Daly."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.cases import Case
from clustersim.calibration.theory.plans import daly_plan, replicated
from clustersim.calibration.theory.samples import mean_case
from clustersim.run.checkpointing import expected_wall_time_per_work, young_daly_interval
from clustersim.run.plan import CheckpointPlan

DALY = "Daly's expected time"
YOUNG_DALY = "Young/Daly interval"

_DALY_SOURCE = "Daly (2006), FGCS 22(3), eq. 13"
_YOUNG_SOURCE = "Young (1974), CACM 17(9); Daly (2006)"

SETTINGS = ((3600.0, 600.0, 30.0, 120.0), (900.0, 600.0, 60.0, 300.0), (20000.0, 1000.0, 200.0, 0.0))
"""Mean time between failures, interval, cost of a checkpoint and restart [s]: usual, hopeless, costly checkpoints."""

CYCLES = 60
RUNS = 200

SWEEP = (0.25, 0.5, 0.7, 1.4, 2.0, 4.0)
"""Intervals of the sweep, in those of Young and Daly."""

SWEEP_RUNS = 60
SWEEP_MTBF_S = 14400.0
SWEEP_COST_S = 20.0
SWEEP_RESTART_S = 100.0
SWEEP_WORK_S = 200_000.0


def daly_cases() -> Iterator[Case]:
    """Mean wall time of runs with failures, checkpoints and restarts, against the exact expectation."""
    for mtbf_s, interval_s, ckpt_cost_s, restart_s in SETTINGS:
        plan = daly_plan(mtbf_s, interval_s, ckpt_cost_s, restart_s, CYCLES)
        # The first restart, too, starts anew when it fails: it takes mtbf (exp(restart / mtbf) - 1).
        first_s = mtbf_s * math.expm1(restart_s / mtbf_s)
        per_work = expected_wall_time_per_work(interval_s, ckpt_cost_s, restart_s, mtbf_s)
        yield mean_case(
            DALY,
            f"MTBF {mtbf_s:,.0f} s, checkpoints of {ckpt_cost_s:.0f} s every {interval_s:,.0f} s",
            [records.end_s for records in replicated(plan, RUNS)],
            first_s + CYCLES * interval_s * per_work,
            "s",
            _DALY_SOURCE,
        )


def sweep_wall_s(factor: float) -> NDArray[np.float64]:
    """Wall times of runs that checkpoint every ``factor`` intervals of Young and Daly [s]; the same failures for all.

    Returns
    -------
    ndarray of float, shape (SWEEP_RUNS,)
        One for each replication.
    """
    best_s = young_daly_interval(SWEEP_COST_S, SWEEP_MTBF_S)
    plan = daly_plan(SWEEP_MTBF_S, 1.0, SWEEP_COST_S, SWEEP_RESTART_S, round(SWEEP_WORK_S), step_time_s=1.0)
    plan = replace(plan, checkpoint=CheckpointPlan(factor * best_s, SWEEP_COST_S, 0.0))
    return np.array([records.end_s for records in replicated(plan, SWEEP_RUNS)])


def young_daly_cases() -> Iterator[Case]:
    """What other intervals cost on top of that of Young and Daly, on the same failures: never less than nothing.

    The ends of the sweep cost as much as Daly's expected time says.
    """
    at_best_s, best_s = sweep_wall_s(1.0), young_daly_interval(SWEEP_COST_S, SWEEP_MTBF_S)
    for factor in SWEEP:
        far = factor in (SWEEP[0], SWEEP[-1])
        yield mean_case(
            YOUNG_DALY,
            f"extra time at {factor:g} times the interval",
            sweep_wall_s(factor) - at_best_s,
            SWEEP_WORK_S * (_per_work(factor * best_s) - _per_work(best_s)) if far else 0.0,
            "s",
            _DALY_SOURCE if far else _YOUNG_SOURCE,
            relation="equal" if far else "at least",
        )


def _per_work(interval_s: float) -> float:
    return expected_wall_time_per_work(interval_s, SWEEP_COST_S, SWEEP_RESTART_S, SWEEP_MTBF_S)
