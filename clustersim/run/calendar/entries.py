"""The calendar of a run: a process for each of its entries."""

import simpy

from clustersim.run.calendar.planned import Maintenance
from clustersim.run.calendar.preemption import Preemption
from clustersim.run.calendar.rollout import Rollout
from clustersim.run.fleet import Fleet
from clustersim.run.job import Job
from clustersim.run.log import Log
from clustersim.run.plan import DatedPlan, MaintenancePlan, PreemptionPlan, RolloutPlan, RunPlan
from clustersim.run.streams import normals, stream

_KINDS = {
    MaintenancePlan: ("maintenance", Maintenance),
    DatedPlan: ("maintenance", Maintenance),
    RolloutPlan: ("roll-out", Rollout),
    PreemptionPlan: ("preemption", Preemption),
}
"""What each entry draws from, and its process."""


def follow(
    env: simpy.Environment, plan: RunPlan, fleet: Fleet, job: Job, log: Log, seed: int, replication: int
) -> None:
    """Start a process for each entry of the calendar, with a stream of its own."""
    for code, entry in enumerate(plan.calendar, len(plan.categories)):
        kind, process = _KINDS[type(entry)]
        draws = normals(stream(seed, replication, f"{kind} {entry.name}"))
        env.process(process(env, fleet, job, log, entry, code, draws).run())
