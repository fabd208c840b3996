"""A roll-out: every node leaves once for a while, batch by batch, and good ones take its place."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import simpy

from clustersim.run.calendar.entry import Entry
from clustersim.run.fleet import COLD, HOT, IN_JOB, OUT, WARM
from clustersim.run.plan import RolloutPlan
from clustersim.run.records import EFFECTS, HITS, NO_CAUSE

_PLANNED = EFFECTS.index("planned")
_SPARE, _JOB_DOWN = (HITS.index(name) for name in ("spare", "job_down"))

Process = Generator[simpy.Event, Any, None]


@dataclass
class Rollout(Entry[RolloutPlan]):
    """The batches of one roll-out.

    Spares have their turn first, so that those that then take the place of the job's nodes are done. What is being
    mended when a batch is chosen is done in the shop.
    """

    def __post_init__(self) -> None:
        self._left = list(range(len(self.fleet.state)))
        self._spares = self.fleet.standing_by
        """Nodes that stand by when nothing is broken."""
        self._stops_for = NO_CAUSE
        """The incident for which the job is to stop, or has stopped when it could spare no node."""
        self._answer = simpy.Event(self.env)

    def run(self) -> Process:
        """The roll-out, from its first batch to its last."""
        yield self.env.timeout(self.plan.start_s)
        while self._choose():
            if batch := self._in(HOT, WARM, COLD)[: self.plan.nodes_at_a_time]:
                back = self._work_on(batch, self._incident(_SPARE))
            elif not self.fleet.in_job(self._left) or not self._batch_size:
                yield self.fleet.returned()
                continue
            else:
                back = yield self._ask()
            if back is not None:
                yield back
                yield self.env.timeout(self.plan.pause_s)

    def _choose(self) -> bool:
        """Whether any node is still to have its turn; what is being mended now is done in the shop."""
        state = self.fleet.state
        self._left = [node for node in self._left if state[node] != OUT]
        return bool(self._left)

    def _in(self, *states: int) -> list[int]:
        """Nodes in these states that are still to have their turn."""
        state = self.fleet.state
        return [node for node in self._left if state[node] in states]

    @property
    def _batch_size(self) -> int:
        """Nodes that may leave the job now: no more than can be replaced, unless the spares never could."""
        most = self.plan.nodes_at_a_time
        return min(most, self.fleet.to_spare) if most <= self._spares else most

    def _ask(self) -> simpy.Event:
        """Ask for a batch of the job's nodes; the answer is its return, or None if the job could spare no node."""
        if self.plan.at_once and self._stops_for == NO_CAUSE:
            self._stops_for = self._incident(self.job.met)
        self._answer = simpy.Event(self.env)
        self.job.hand_over(self._take, self._stops_for)
        return self._answer

    def _take(self) -> int:
        """The job stands still: a batch of its nodes leaves."""
        batch = self._in(IN_JOB)[: self._batch_size]
        if not batch:
            self._answer.succeed(None)
            return NO_CAUSE
        incident = self._incident(_JOB_DOWN) if self._stops_for == NO_CAUSE else self._stops_for
        self._stops_for = NO_CAUSE
        self._answer.succeed(self._work_on(batch, incident))
        return incident

    def _incident(self, hits: int) -> int:
        return self.strike(_PLANNED, hits)

    def _work_on(self, batch: list[int], incident: int) -> simpy.Event:
        """A batch leaves; returns its return."""
        gone = set(batch)
        self._left = [node for node in self._left if node not in gone]
        duration_s = self.plan.duration.sample_s(next(self.draws))
        return self.send_away(batch, incident, duration_s)
