"""Checkpoints and restarts: whole simulated runs against Daly's expected time and the interval of Young and Daly."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.cases import FOUR, Case
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

WRITE_S = 240.0
"""Time from the end of a stall until the checkpoint is whole, where it is written in the background [s]."""

CYCLES = 60
RUNS = 200

SWEEP = (0.25, 0.5, 0.7, 1.4, 2.0, 4.0)
"""Intervals of the sweep, in those of Young and Daly."""

NEAR = (0.5, 0.7, 1.0, 1.4, 2.0)
"""Those near the optimum, by which it is found."""
FLAT = 0.005
"""Share of the effective training time that the interval of Young and Daly may cost against the best of the sweep."""

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
    yield background_case(*SETTINGS[0])


def background_case(mtbf_s: float, interval_s: float, stall_s: float, restart_s: float) -> Case:
    """Checkpoints that are written in the background: each costs as if the restart were longer by the write.

    Whatever was taken less than a write ago is lost. By the argument of Daly: from a restart the first checkpoint is
    whole after an interval, a stall and a write without a failure; each of the others after an interval and a stall.
    """
    plan = daly_plan(mtbf_s, interval_s, stall_s, restart_s, CYCLES)
    plan = replace(plan, checkpoint=replace(plan.checkpoint, write_s=WRITE_S))
    from_restart_s = mtbf_s * math.exp(restart_s / mtbf_s) * math.expm1((interval_s + stall_s + WRITE_S) / mtbf_s)
    per_work = expected_wall_time_per_work(interval_s, stall_s, restart_s + WRITE_S, mtbf_s)
    first_s = mtbf_s * math.expm1(restart_s / mtbf_s)
    return mean_case(
        DALY,
        f"MTBF {mtbf_s:,.0f} s, stalls of {stall_s:.0f} s every {interval_s:,.0f} s, written for {WRITE_S:.0f} s",
        [records.end_s for records in replicated(plan, RUNS)],
        first_s + from_restart_s + (CYCLES - 1) * interval_s * per_work,
        "s",
        _DALY_SOURCE,
    )


@cache
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

    The ends of the sweep cost as much as Daly's expected time says; the optimum lies where that has it.
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
    yield Case(
        group=YOUNG_DALY,
        name="effective training time over the best of the sweep",
        expected=1.0,
        found=min(float(sweep_wall_s(factor).mean()) for factor in (1.0, *SWEEP)) / float(at_best_s.mean()),
        unit="",
        source=_YOUNG_SOURCE,
        relation="at least",
        tolerance=FLAT,
    )
    found_s, spread_s = fitted_optimum_s()
    yield Case(
        group=YOUNG_DALY,
        name="interval that loses least, by a fit",
        expected=_least(np.array([_per_work(factor * best_s) for factor in NEAR])) * best_s,
        found=found_s,
        unit="s",
        source=_DALY_SOURCE,
        tolerance=FOUR * spread_s,
        standard_error=spread_s,
    )


def fitted_optimum_s() -> tuple[float, float]:
    """Interval at which the simulated sweep loses least, and its standard error by the jackknife [s]."""
    best_s = young_daly_interval(SWEEP_COST_S, SWEEP_MTBF_S)
    wall_s = np.array([sweep_wall_s(factor) for factor in NEAR])
    without = np.array([_least(np.delete(wall_s, run, axis=1).mean(axis=1)) for run in range(SWEEP_RUNS)])
    spread = math.sqrt((SWEEP_RUNS - 1) * float(np.var(without)))
    return _least(wall_s.mean(axis=1)) * best_s, spread * best_s


def _least(wall: NDArray[np.float64]) -> float:
    """Where a curve through the near intervals is lowest, in those of Young and Daly.

    The curve is what checkpoints and redone work cost to first order: ``a + b x + c / x``.
    """
    near = np.array(NEAR)
    _a, b, c = np.linalg.lstsq(np.stack([np.ones(len(near)), near, 1.0 / near], axis=1), wall, rcond=None)[0]
    return math.sqrt(c / b)


def _per_work(interval_s: float) -> float:
    return expected_wall_time_per_work(interval_s, SWEEP_COST_S, SWEEP_RESTART_S, SWEEP_MTBF_S)
