"""Preemption: other jobs come at random and take nodes for a while."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import simpy

from clustersim.run.calendar.entry import Entry
from clustersim.run.job import Disturbance
from clustersim.run.laws import Law
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


@dataclass
class Preemption(Entry[PreemptionPlan]):
    """Other jobs of one kind.

    Which of them come does not depend on what the job does: they are Poisson, and one that comes while another of its
    kind is there, or waits for its nodes, goes away again.
    """

    def __post_init__(self) -> None:
        self._there = NO_CAUSE
        """The incident of the one that is there, or waits for its nodes."""
        self._waits = False
        self._lasts_s = 0.0

    def run(self) -> Process:
        """One after the other comes."""
        for wait_s, lasts_s in arrivals(self.plan, self.draws):
            yield self.env.timeout(wait_s)
            if self._there == NO_CAUSE:
                self._come(lasts_s)

    def _come(self, lasts_s: float) -> None:
        """Take idle nodes, or give the job notice."""
        self._lasts_s, self._waits, job = lasts_s, True, self.job
        idle_enough = self.plan.nodes is not None and self.plan.nodes <= self.fleet.standing_by
        self._there = self.strike(_PREEMPTED, _SPARE if idle_enough else job.met)
        if idle_enough:
            self._take()
            return
        job.give_notice(self._take, self._there, self.plan.grace_s)
        if self._waits:
            incident, end = self._there, simpy.Timeout(self.env, self.plan.grace_s)
            end.callbacks.append(lambda _event: self._insist(incident))

    def _insist(self, incident: int) -> None:
        """The grace is over: the job is stopped, if it has not given its nodes up."""
        if self._waits and self._there == incident:
            self.job.fail(Disturbance(incident, 0.0, False))

    def _take(self) -> int:
        """Take the nodes: those that stand by first, then those of a job that stands still."""
        nodes = [*self.fleet.idle(self.plan.nodes), *self.fleet.working()][: self.plan.nodes]
        incident, self._waits = self._there, False
        if not nodes:
            self._there = NO_CAUSE
            return NO_CAUSE
        back = self.send_away(nodes, incident, self._lasts_s)
        back.callbacks.append(self._leave)
        return incident

    def _leave(self, _event: simpy.Event) -> None:
        self._there = NO_CAUSE
