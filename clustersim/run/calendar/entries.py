"""The calendar of a run: a process for each of its entries."""

import simpy

from clustersim.run.calendar.planned import maintain
from clustersim.run.calendar.preemption import Preemption
from clustersim.run.calendar.rollout import Rollout
from clustersim.run.fleet import Fleet
from clustersim.run.job import Job
from clustersim.run.log import Log
from clustersim.run.plan import PreemptionPlan, RolloutPlan, RunPlan
from clustersim.run.streams import normals, stream


def follow(
    env: simpy.Environment, plan: RunPlan, fleet: Fleet, job: Job, log: Log, seed: int, replication: int
) -> None:
    """Start a process for each entry of the calendar, with a stream of its own."""
    for code, entry in enumerate(plan.calendar, len(plan.categories)):
        if isinstance(entry, RolloutPlan):
            draws = normals(stream(seed, replication, f"roll-out {entry.name}"))
            env.process(Rollout(env, entry, fleet, job, log, code, draws).run())
        elif isinstance(entry, PreemptionPlan):
            draws = normals(stream(seed, replication, f"preemption {entry.name}"))
            env.process(Preemption(env, entry, fleet, job, log, code, draws).run())
        else:
            draws = normals(stream(seed, replication, f"maintenance {entry.name}"))
            env.process(maintain(env, job, log, code, entry, draws))
