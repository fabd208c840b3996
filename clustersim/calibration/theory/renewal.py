"""Renewal reward: shares of the time of long runs against the means of what they alternate between."""

import math
from collections.abc import Iterator
from dataclasses import replace

from clustersim.calibration.cases import Case
from clustersim.calibration.theory.plans import NEVER_S, daly_plan, replicated
from clustersim.calibration.theory.samples import mean_case
from clustersim.run import metrics
from clustersim.run.checkpointing import young_daly_interval
from clustersim.run.laws import Law
from clustersim.run.plan import CheckpointPlan

RENEWAL = "renewal reward"

_SOURCE = "Ross, Stochastic Processes (1996), section 3.6"

MTTI_S = 5000.0
REPAIRS = (Law("constant", 1500.0), Law("exponential", 1500.0), Law("lognormal", 1500.0, 0.8))
"""Laws of the time that a failure takes to be found: what counts is their mean, whatever their shape."""

RUNS = 60
CYCLES = 60

RARE_MTBF_S, RARE_COST_S, RARE_RESTART_S = 50_000.0, 5.0, 300.0
RARE_RUNS = 40


def renewal_cases() -> Iterator[Case]:
    """Share of the time lost, whatever the law of the outages; and the share that is left when they are rare."""
    for law in REPAIRS:
        yield down_case(law)
    yield rare_case()


def down_case(law: Law) -> Case:
    """Share of the time spent on detection: MTTR over MTTI plus MTTR."""
    plan = daly_plan(MTTI_S, 100.0, 0.0, 0.0, cycles=10_000_000, step_time_s=100.0)
    plan = replace(plan, recovery=replace(plan.recovery, crash=law), checkpoint=CheckpointPlan(NEVER_S, 0.0, 0.0))
    # Each run starts up, which one cycle in about fifty feels: leave the first third of the cycles out.
    window = metrics.Window(CYCLES / 3.0 * MTTI_S)
    down = [
        metrics.time_by_state_s(records, window)["detect"] / window.length_s(records)
        for records in replicated(plan, RUNS, horizon_s=CYCLES * MTTI_S)
    ]
    expected = law.mean_s / (MTTI_S + law.mean_s)
    return mean_case(RENEWAL, f"share of the time down, {law.kind} outages", down, expected, "", _SOURCE)


def rare_case() -> Case:
    """Effective training time when failures are rare: one less what checkpoints, redone work and restarts take."""
    interval_s = young_daly_interval(RARE_COST_S, RARE_MTBF_S)
    plan = daly_plan(RARE_MTBF_S, interval_s, RARE_COST_S, RARE_RESTART_S, 2000, step_time_s=interval_s / 70.0)
    lost = math.sqrt(2.0 * RARE_COST_S / RARE_MTBF_S) + RARE_RESTART_S / RARE_MTBF_S
    effective = [metrics.effective_training_time(records) for records in replicated(plan, RARE_RUNS)]
    source = "Daly (2006), FGCS 22(3), first order; what it leaves out is the square of the loss"
    return mean_case(RENEWAL, "effective training time, rare failures", effective, 1.0 - lost, "", source, bias=lost**2)
