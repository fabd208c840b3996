"""A roll-out: every node leaves once for a while, batch by batch, and good ones take its place."""

from collections.abc import Generator, Iterator
from typing import Any

import simpy

from clustersim.run.calendar.absence import send_away
from clustersim.run.fleet import COLD, HOT, IN_JOB, OUT, WARM, Fleet
from clustersim.run.job import Job
from clustersim.run.log import Log
from clustersim.run.plan import RolloutPlan
from clustersim.run.records import EFFECTS, HITS, NO_CAUSE

_PLANNED = EFFECTS.index("planned")
_SPARE, _JOB_DOWN = (HITS.index(name) for name in ("spare", "job_down"))

Process = Generator[simpy.Event, Any, None]


class Rollout:
    """The batches of one roll-out.

    Spares have their turn first, so that those that then take the place of the job's nodes are done. What is being
    mended when a batch is chosen is done in the shop.
    """

    def __init__(
        self,
        env: simpy.Environment,
        plan: RolloutPlan,
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
        self._left = list(range(len(fleet.state)))
        self._spares = fleet.standing_by
        """Nodes that stand by when nothing is broken."""
        self._stops_for = NO_CAUSE
        """The incident for which the job is to stop, or has stopped when it could spare no node."""
        self._answer = env.event()

    def run(self) -> Process:
        """The roll-out, from its first batch to its last."""
        yield self._env.timeout(self._plan.start_s)
        while self._choose():
            if batch := self._in(HOT, WARM, COLD)[: self._plan.nodes_at_a_time]:
                back = self._work_on(batch, self._incident(_SPARE))
            elif not self._fleet.in_job(self._left) or not self._batch_size:
                yield self._fleet.returned()
                continue
            else:
                back = yield self._ask()
            if back is not None:
                yield back
                yield self._env.timeout(self._plan.pause_s)

    def _choose(self) -> bool:
        """Whether any node is still to have its turn; what is being mended now is done in the shop."""
        state = self._fleet.state
        self._left = [node for node in self._left if state[node] != OUT]
        return bool(self._left)

    def _in(self, *states: int) -> list[int]:
        """Nodes in these states that are still to have their turn."""
        state = self._fleet.state
        return [node for node in self._left if state[node] in states]

    @property
    def _batch_size(self) -> int:
        """Nodes that may leave the job now: no more than can be replaced, unless the spares never could."""
        most = self._plan.nodes_at_a_time
        return min(most, self._fleet.to_spare) if most <= self._spares else most

    def _ask(self) -> simpy.Event:
        """Ask for a batch of the job's nodes; the answer is its return, or None if the job could spare no node."""
        if self._plan.at_once and self._stops_for == NO_CAUSE:
            self._stops_for = self._incident(self._job.met)
        self._answer = self._env.event()
        self._job.hand_over(self._take, self._stops_for)
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
        return self._log.strike(self._env.now, self._code, _PLANNED, hits)

    def _work_on(self, batch: list[int], incident: int) -> simpy.Event:
        """A batch leaves; returns its return."""
        gone = set(batch)
        self._left = [node for node in self._left if node not in gone]
        duration_s = self._plan.duration.sample_s(next(self._draws))
        return send_away(self._env, self._fleet, self._log, batch, incident, duration_s)
