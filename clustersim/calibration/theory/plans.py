"""Plans so simple that a closed form says what becomes of them."""

from clustersim.run.engine import simulate
from clustersim.run.laws import AT_ONCE
from clustersim.run.plan import (
    CategoryPlan,
    CheckpointPlan,
    PhasePlan,
    RecoveryPlan,
    RestartPart,
    RunPlan,
    SparesPlan,
)
from clustersim.run.records import Records

NEVER_S = 1e12
"""Longer than any simulated run [s]."""

SEED = 1
"""Seed of every simulation of the theory ring: the same version gives the same numbers."""


def daly_plan(
    mtbf_s: float, interval_s: float, ckpt_cost_s: float, restart_s: float, cycles: int, step_time_s: float = 10.0
) -> RunPlan:
    """The model of Daly (2006): failures of the whole job, blocking checkpoints, a constant restart, no detection.

    Parameters
    ----------
    mtbf_s : float
        Mean time between failures of the job [s].
    interval_s : float
        Work between two checkpoints [s].
    ckpt_cost_s : float
        Time that a checkpoint blocks the job [s].
    restart_s : float
        Time from a failure to the first step [s].
    cycles : int
        Intervals of work in the whole run.
    step_time_s : float
        Time of a step [s].
    """
    return RunPlan(
        name="daly",
        job_nodes=1,
        gpus_per_node=1,
        phases=(PhasePlan("all", round(cycles * interval_s / step_time_s), 1.0, step_time_s),),
        categories=(CategoryPlan("job", "software", 1, 1.0 / mtbf_s, blast_nodes=0),),
        checkpoint=CheckpointPlan(interval_s, ckpt_cost_s, 0.0),
        recovery=RecoveryPlan(AT_ONCE, 0.0, AT_ONCE, (RestartPart("load", restart_s),), 0.0, 0.0, AT_ONCE),
        spares=SparesPlan(0, 0, 0, AT_ONCE, AT_ONCE, AT_ONCE, 1),
    )


def replicated(plan: RunPlan, count: int, horizon_s: float | None = None) -> list[Records]:
    """Records of independent runs of a plan, up to a horizon [s] where there is one."""
    return [simulate(plan, SEED, replication, horizon_s) for replication in range(count)]
