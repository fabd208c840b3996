"""Preemption: other jobs come at random and take nodes for a while."""

from collections.abc import Generator, Iterator
from typing import Any

import simpy

from clustersim.run.calendar.absence import send_away
from clustersim.run.fleet import Fleet
from clustersim.run.job import Disturbance, Job
from clustersim.run.laws import Law
from clustersim.run.log import Log
from clustersim.run.plan import PreemptionPlan
from clustersim.run.records import EFFECTS, HITS, NO_CAUSE

_PREEMPTED = EFFECTS.index("preempted")
_SPARE = HITS.index("spare")

Process = Generator[simpy.Event, Any, None]


def arrivals(plan: PreemptionPlan, draws: Iterator[float]) -> Iterator[tuple[float, float]]:
    """Endless other jobs of one kind: time from the one before to each, and how long it wants its nodes [s]."""
    between = Law("exponential", plan.mean_interval_s)
    while True:
        yield between.sample_s(next(draws)), plan.lasts.sample_s(next(draws))


class Preemption:
    """Other jobs of one kind.

    Which of them come does not depend on what the job does: they are Poisson, and one that comes while another of its
    kind is there, or waits for its nodes, goes away again.
    """

    def __init__(
        self,
        env: simpy.Environment,
        plan: PreemptionPlan,
        fleet: Fleet,
        job: Job,
        log: Log,
        code: int,
        draws: Iterator[float],
    ) -> None:
        self._env = env
        self._plan = plan
        self._fleet = fleet
        self._job = job
        self._log = log
        self._code = code
        self._draws = draws
        self._there = NO_CAUSE
        """The incident of the one that is there, or waits for its nodes."""
        self._waits = False
        self._lasts_s = 0.0

    def run(self) -> Process:
        """One after the other comes."""
        for wait_s, lasts_s in arrivals(self._plan, self._draws):
            yield self._env.timeout(wait_s)
            if self._there == NO_CAUSE:
                self._come(lasts_s)

    def _come(self, lasts_s: float) -> None:
        """Take idle nodes, or give the job notice."""
        self._lasts_s, self._waits, job = lasts_s, True, self._job
        idle_enough = self._plan.nodes is not None and self._plan.nodes <= self._fleet.standing_by
        self._there = self._log.strike(self._env.now, self._code, _PREEMPTED, _SPARE if idle_enough else job.met)
        if idle_enough:
            self._take()
            return
        job.give_notice(self._take, self._there, self._plan.grace_s)
        if self._waits:
            incident, end = self._there, simpy.Timeout(self._env, self._plan.grace_s)
            end.callbacks.append(lambda _event: self._insist(incident))

    def _insist(self, incident: int) -> None:
        """The grace is over: the job is stopped, if it has not given its nodes up."""
        if self._waits and self._there == incident:
            self._job.fail(Disturbance(incident, 0.0, False))

    def _take(self) -> int:
        """Take the nodes: those that stand by first, then those of a job that stands still."""
        nodes = [*self._fleet.idle(self._plan.nodes), *self._fleet.working()][: self._plan.nodes]
        incident, self._waits = self._there, False
        if not nodes:
            self._there = NO_CAUSE
            return NO_CAUSE
        back = send_away(self._env, self._fleet, self._log, nodes, incident, self._lasts_s)
        back.callbacks.append(self._leave)
        return incident

    def _leave(self, _event: simpy.Event) -> None:
        self._there = NO_CAUSE
