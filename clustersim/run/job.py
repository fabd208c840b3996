"""The job: trains, stops, recovers, until its tokens are trained."""

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import simpy

from clustersim.run.categories import own_code
from clustersim.run.crew import Crew, Wanted
from clustersim.run.episodes import Episode, Episodes
from clustersim.run.fleet import Fleet
from clustersim.run.kept import Kept
from clustersim.run.laws import AT_ONCE
from clustersim.run.log import Log, WriteFailureRow
from clustersim.run.on_call import manual_delay
from clustersim.run.plan import InJobPlan, PhasePlan, RecoveryPlan, RunPlan
from clustersim.run.progress import ROUNDING_S, Stretch
from clustersim.run.records import (
    BAD_CHECKPOINT,
    CHECKPOINT,
    DETECT,
    EFFECTS,
    HITS,
    NO_CAUSE,
    PHASE_CHANGE,
    RESIZE,
    RESTART,
)
from clustersim.run.stages import Stages
from clustersim.run.storage import Store
from clustersim.run.trajectory import Trajectory

Process = Generator[simpy.Event, Any, None]

TRAINING, WRITING, RESTARTING, DOWN, DONE = range(5)
_JOB, _SPARE, _JOB_DOWN, _UNNOTICED = (HITS.index(name) for name in ("job", "spare", "job_down", "unnoticed"))
_PLANNED = EFFECTS.index("planned")


class Disturbance(NamedTuple):
    """Why the job has to recover."""

    incident: int
    detect_s: float
    manual: bool


class Job:
    """The one process that failures and planned stops act on.

    Training costs one event however long it lasts: the job sleeps on an event of its own, and where it stands is
    worked out when something wakes it.
    """

    def __init__(
        self,
        env: simpy.Environment,
        plan: RunPlan,
        courses: tuple[tuple[PhasePlan, ...], ...],
        fleet: Fleet,
        log: Log,
        parts: tuple[str, ...],
        draws: dict[str, Iterator[float]],
        chance: int,
    ) -> None:
        self._env = env
        self._plan = plan
        self._phases = courses[0]
        self._fleet = fleet
        self._log = log
        self._draws = draws
        self._recoveries = {nodes: plan.recovery_with(nodes) for nodes in plan.numbers_of_nodes}
        """By the nodes that the job has."""
        self._restart_s: dict[tuple[int, bool, float], float] = {}
        """Medians of restarts that were worked out: with so many nodes, inside the job or not, by the time to load."""
        self._changes_size = len(self._recoveries) > 1 or bool(plan.resizes)
        self._tiers = plan.checkpoint.tiers
        self._loads_as_usual = len(self._tiers) == 1 and not self._tiers[0].bad and plan.checkpoint.storage is None
        self._changes_for = NO_CAUSE
        """Why the job ends its step and stops, to go on with other nodes."""
        self.mode = DOWN
        self.store = Store(plan.checkpoint, log)
        """Where its checkpoints end up."""
        kept = Kept(plan.checkpoint, sum(phase.steps for phase in courses[0]), self.store, log, chance)
        self._path = Trajectory(courses, plan, kept, log, own_code(plan, BAD_CHECKPOINT))
        self._resizes = 0
        """Changes of its size that fell due."""
        self._resized_for = NO_CAUSE
        """The last of them, as long as it has not restarted with that size."""
        self._stretch: Stretch | None = None
        self._episodes = Episodes(fleet, log)
        self._stages = Stages(env, log, self._path, parts)
        self._crew = Crew(env, plan, fleet, self._episodes, self._stages, log, draws)
        self._stopped_s = math.inf
        """When a failure stopped the training that has not yet been taken up again from a checkpoint."""
        self._absorbed = NO_CAUSE
        """The last incident that met the job down."""
        self._wake = env.event()
        self._begins: simpy.Event | None = None
        """Triggered when training next begins, if anybody waits for it."""
        self._timer_s = math.inf
        fleet.on_return = self._nodes_returned
        self.process = env.process(self._run())

    # --- what the world does to the job -------------------------------------------------------------------------

    def fail(self, disturbance: Disturbance) -> bool:
        """A failure strikes the job or a node of it. True if it interrupts, False if the job was down already."""
        if self.mode == TRAINING:
            self.mode = DOWN
            self._wake.succeed(disturbance)
            return True
        if self.mode == RESTARTING or (self.mode == WRITING and not self._path.kept.all_durable(self._env.now)):
            self.mode = DOWN
            self.process.interrupt(disturbance)
            return True
        self._absorbed = disturbance.incident
        return False

    def break_nodes(self, nodes: list[int], incident: int, repair_s: float) -> None:
        """Nodes of the job are broken; they leave it when the job next looks."""
        self._crew.break_nodes(nodes, incident, repair_s)

    def corrupt(self, incident: int, steps_before: int = 0) -> bool:
        """From so many steps ago on the weights are no good. False if nothing was being computed."""
        if self.mode != TRAINING or self._stretch is None:
            return False
        step = self._stretch.first_step + self._stretch.steps_done(self._env.now)
        self._path.corrupt(incident, max(0, step - steps_before))
        return True

    def training(self) -> simpy.Event:
        """The moment in which it next trains: now, if it does."""
        if self.mode == TRAINING:
            return simpy.Timeout(self._env, 0.0)
        if self._begins is None:
            self._begins = self._env.event()
        return self._begins

    @property
    def met(self) -> int:
        """What somebody who wants to stop it now meets: the job, or one that is down already."""
        return _JOB if self.mode in (TRAINING, RESTARTING) else _JOB_DOWN

    @property
    def place(self) -> int:
        """Which of the phases it is in, counting those of one size after those of another."""
        return self._path.place

    @property
    def tokens_per_step(self) -> float:
        """Tokens of a step of the phase that it is in."""
        return self._phases[min(self._path.phase, len(self._phases) - 1)].tokens_per_step

    def discover(self, incident: int) -> int:
        """A corruption is found, and stops the job unless it is down or rewound past it; returns what it hits."""
        if not self._path.discover(incident):
            return _UNNOTICED
        return _JOB if self.fail(Disturbance(incident, 0.0, False)) else _JOB_DOWN

    def suffer(self, episode: Episode) -> int:
        """Trouble begins that does not stop the job; returns what it hits: a node that stands by may yet join."""
        self._episodes.begin(episode)
        if episode.slows:
            over = simpy.Timeout(self._env, episode.until_s - self._env.now)
            over.callbacks.append(lambda _event: self._set_pace())
            self._set_pace()
        swap_s = self._plan.recovery.swap_slow_after_s
        if episode.slows and episode.repair_s is not None and swap_s is not None:
            found = simpy.Timeout(self._env, swap_s)
            found.callbacks.append(lambda _event: self._swap(episode))
        if episode.nodes and not self._fleet.in_job(episode.nodes):
            return _SPARE
        return _JOB if self.mode in (TRAINING, WRITING) else _JOB_DOWN

    def _swap(self, episode: Episode) -> None:
        """Stop the job to replace a slow node, if it is still slow and works for the job."""
        slow = episode in self._episodes.to_replace(self._env.now) and self._fleet.in_job(episode.nodes)
        if slow and self.mode == TRAINING:
            self._changes_for = episode.incident
            self._cut()

    def slow_all(self, incident: int, slowdown: float) -> None:
        """From now on every step takes so many times as long."""
        self._episodes.stand(incident, slowdown)
        self._set_pace()

    def bound_all(self, incident: int, slowdowns: tuple[float, ...]) -> None:
        """From now on every step takes at least so many times as long, in each phase."""
        self._episodes.bound(incident, slowdowns)
        self._set_pace()

    def fail_writes(self, episode: Episode) -> None:
        """Until the end of the episode the storage takes no checkpoint."""
        self._path.kept.fail_writes(WriteFailureRow(self._env.now, episode.until_s, episode.incident))

    def lose_checkpoint(self, incident: int) -> None:
        """The newest complete checkpoint is lost; nobody knows before it is to be loaded."""
        now_s = self._env.now
        self._path.kept.lose_newest(incident, min(now_s, self._stopped_s), now_s, self._stretch)

    def hand_over(self, take: Callable[[], int], stop_for: int = NO_CAUSE) -> None:
        """Somebody else is to have nodes of the job: ``take`` is called when it stands still, see :class:`Wanted`.

        With an incident to stop for it ends its step and checkpoints, if it trains; if it restarts, after one step.
        """
        if stop_for != NO_CAUSE and self.mode in (TRAINING, RESTARTING):
            self._changes_for = stop_for if self._changes_for == NO_CAUSE else self._changes_for
            self._cut()
        self._crew.hand_over(Wanted(take, stop_for != NO_CAUSE))

    def give_notice(self, take: Callable[[], int], incident: int, grace_s: float) -> None:
        """Somebody is to have nodes of the job after a grace [s]; ``take`` as in :meth:`hand_over`.

        If it can be durable by then, it takes a checkpoint and stops; else it trains on. A restart is broken off.
        """
        in_time = self._stretch is not None and self._could_stop_s(self._stretch) <= self._env.now + grace_s
        self.hand_over(take, incident if in_time else NO_CAUSE)
        if self.mode == RESTARTING:
            self.fail(Disturbance(incident, 0.0, False))

    def _could_stop_s(self, stretch: Stretch) -> float:
        """When the checkpoint after the step that is under way would be durable [s]."""
        taken_s = replace(stretch, steps=stretch.next_boundary(self._env.now)).end_s
        return taken_s + self.store.write_s(taken_s)

    def owes_stop(self, kind: int) -> bool:
        """Whether a planned stop of this kind is due and not yet done."""
        return self._crew.stops.is_due(kind, self._env.now)

    def stop(self, kind: int, incident: int, duration_s: float) -> None:
        """Somebody plans to stop the job: it ends its step, checkpoints and stops."""
        self._crew.stops.add(kind, incident, self._env.now, duration_s)
        self._cut()

    def resize(self) -> None:
        """From now on the job is of its next size: it ends its step, checkpoints and stops, if it trains."""
        self._resizes += 1
        self._resized_for = self._log_planned(RESIZE, self.met)
        self._cut()
        if self.mode == DOWN:
            self._take_size()
            self._crew.arrived()

    def _take_size(self) -> None:
        """The job stands still, and will go on at the size that it is to have by now."""
        self._crew.changed |= self._path.resized != self._resizes
        self._path.resized = self._resizes
        self._crew.size = self._path.nodes

    def close(self) -> None:
        """Log the stretch that is under way when the simulation ends before the job does."""
        if self._stretch is not None:
            self._path.end_stretch(self._stretch, self._env.now, self._stretch.steps_done(self._env.now), NO_CAUSE)

    # --- training -----------------------------------------------------------------------------------------------

    def _run(self) -> Process:
        yield from self._start(NO_CAUSE)
        while not self._path.finished:
            yield from self._train()
        self.mode = DONE

    def _train(self) -> Process:
        self._stretch = self._path.next_stretch(self._env.now)
        self.mode = TRAINING
        self._fleet.left.clear()
        if self._begins is not None:
            self._begins.succeed()
            self._begins = None
        self._wake = self._env.event()
        if self._crew.stops.due or self._changes_for != NO_CAUSE or self._path.resized != self._resizes:
            self._cut()
        if self._episodes.slow:
            self._set_pace()
        else:
            self._arm(self._stretch.end_s)
        disturbance: Disturbance | None = yield self._wake
        stretch, self._stretch = self._stretch, None
        now_s = self._env.now
        if disturbance is None:
            self._path.end_stretch(stretch, now_s, stretch.steps, NO_CAUSE)
            yield from self._end_of_stretch()
        else:
            self._path.end_stretch(stretch, now_s, stretch.steps_done(now_s), disturbance.incident)
            yield from self._recover(disturbance)

    def _end_of_stretch(self) -> Process:
        """Go on, or wait for the last checkpoint to be durable and stop."""
        path = self._path
        new_layout = path.enter_next_phase() and path.new_layout
        # What strikes at the very moment a stretch ends finds the job neither training nor restarting.
        changes = self._changes_for if self._crew.change_due else NO_CAUSE
        self._changes_for = NO_CAUSE
        if not (
            path.finished
            or new_layout
            or self._crew.stops.due
            or self._crew.broken
            or path.must_rewind
            or changes != NO_CAUSE
            or self._resized_for != NO_CAUSE
        ):
            return
        disturbance = yield from self._write()
        if disturbance is not None:
            yield from self._recover(disturbance)
        elif (taken_by := path.kept.missing(self._env.now)) != NO_CAUSE:
            yield from self._start(taken_by)
        elif not path.finished or path.must_rewind:
            stopped_for = self._absorbed if changes == NO_CAUSE else changes
            if self._resized_for != NO_CAUSE:
                stopped_for = self._resized_for
            yield from self._start(self._log_planned(PHASE_CHANGE, _JOB) if new_layout else stopped_for)

    def _write(self) -> Generator[simpy.Event, Any, Disturbance | None]:
        """Wait until the last checkpoint is written, however fast the store takes it; returns what disturbed it."""
        taken_s = self._env.now
        disturbance = yield from self._exposed(WRITING, CHECKPOINT, self.store.write_s(taken_s), NO_CAUSE)
        while disturbance is None and self.store.varies and not self._path.kept.all_durable(self._env.now):
            left_s = taken_s + self.store.write_s(taken_s) - self._env.now
            disturbance = yield from self._exposed(WRITING, CHECKPOINT, max(left_s, ROUNDING_S), NO_CAUSE)
        return disturbance

    def _set_pace(self) -> None:
        """From now on a step takes as long as the slowest node needs."""
        stretch = self._stretch
        if self.mode == TRAINING and stretch is not None:
            now_s = self._env.now
            stretch.set_pace(now_s, *self._episodes.pace(now_s, self._path.place))
            self._arm(max(stretch.end_s, now_s))

    def _cut(self) -> None:
        """End the training that is under way, if any is, at the next step boundary, with a checkpoint."""
        stretch = self._stretch
        if self.mode == TRAINING and stretch is not None:
            stretch.steps = stretch.next_boundary(self._env.now)
            self._arm(max(stretch.end_s, self._env.now))

    def _arm(self, at_s: float) -> None:
        """Keep one timer that is not later than the end of the stretch."""
        if self._timer_s <= at_s:
            return
        self._timer_s = at_s
        timer = simpy.Timeout(self._env, at_s - self._env.now)
        timer.callbacks.append(self._on_timer)

    def _on_timer(self, _event: simpy.Event) -> None:
        now_s = self._env.now
        if now_s >= self._timer_s - ROUNDING_S:
            self._timer_s = math.inf
        if self.mode != TRAINING or self._stretch is None:
            return
        if now_s >= self._stretch.end_s - ROUNDING_S:
            self.mode = DOWN
            self._wake.succeed(None)
        else:
            self._arm(self._stretch.end_s)

    # --- recovery -----------------------------------------------------------------------------------------------

    def _start(self, incident: int) -> Process:
        """Start after a stop in which nothing was lost, unless the checkpoint is not there when it is to be loaded."""
        incident = yield from self._get_ready(incident, failed=False)
        self._find_checkpoint(NO_CAUSE)
        yield from self._fit_size(incident)
        begun = self._log.stretches or self._log.stages
        disturbance = yield from (self._queue_and_restart(incident) if begun else self._restart(incident))
        yield from self._recover(disturbance)

    def _recover(self, disturbance: Disturbance | None) -> Process:
        """Detect, call people and spares, rewind and restart, as often as a restart is disturbed."""
        while disturbance is not None:
            incident, detect_s, manual = disturbance
            self._stopped_s = self._env.now
            if detect_s > 0.0:
                yield self._stages.begin(DETECT, detect_s, incident)
            if manual:
                yield from self._crew.wait_for("people", manual_delay(self._plan.recovery, self._env.now), incident)
            yield from self._get_ready(incident, failed=True)
            self._path.observe_failure(self._stopped_s)
            self._lose_tiers()
            self._path.rewind(self._stopped_s, incident, self._env.now)
            self._stopped_s = math.inf
            yield from self._fit_size(incident)
            if self._plan.recovery.in_job and not self._crew.changed:
                disturbance = yield from self._restart_in_job(incident, self._plan.recovery.in_job)
            else:
                disturbance = yield from self._queue_and_restart(incident)

    def _get_ready(self, incident: int, *, failed: bool) -> Generator[simpy.Event, Any, int]:
        """Let nodes change and do what was planned; returns what the restart is then due to."""
        if self._changes_size:
            self._take_size()
        if self._crew.has_work:
            incident = yield from self._crew.get_ready(incident, failed=failed)
        self._changes_for = NO_CAUSE
        return incident

    def _nodes_returned(self) -> None:
        if self._crew.regrows and self.mode == TRAINING:
            self._changes_for = self._crew.lacks_for
            self._cut()
        self._crew.arrived()

    def _restart_in_job(self, incident: int, inside: InJobPlan) -> Generator[simpy.Event, Any, Disturbance | None]:
        """One attempt to restart inside the job, and a full restart if that fails; returns what disturbed it."""
        succeeds = inside.succeeds >= 1.0 or next(self._draws["in job"]) < inside.succeeds
        disturbance = yield from self._restart(incident, in_job=True)
        if disturbance is None and not succeeds:
            disturbance = yield from self._queue_and_restart(incident)
        return disturbance

    def _queue_and_restart(self, incident: int) -> Generator[simpy.Event, Any, Disturbance | None]:
        """A full restart after its time in the queue; returns what disturbed it, if anything."""
        if self._plan.recovery.queue != AT_ONCE:
            yield from self._crew.wait_for("queue", self._plan.recovery.queue, incident)
            # What broke in the meantime has to leave before the restart.
            yield from self._get_ready(incident, failed=True)
            self._find_checkpoint(incident)
            yield from self._fit_size(incident)
        return (yield from self._restart(incident))

    def _fit_size(self, incident: int) -> Process:
        """A job that went back to a phase of another size has its nodes first."""
        while self._changes_size and self._path.nodes != self._fleet.size:
            yield from self._get_ready(incident, failed=True)
            self._find_checkpoint(incident)

    def _find_checkpoint(self, incident: int) -> None:
        """Load what the job stands on, or go back further because it is not there any more."""
        self._lose_tiers()
        if self._path.must_rewind or not self._path.kept.load(self._env.now):
            self._path.rewind(self._env.now, incident, self._env.now)

    def _lose_tiers(self) -> None:
        """The nodes that left since the job last trained have taken with them what they kept."""
        self._path.kept.tried.clear()
        if self._fleet.left and self._plan.checkpoint.inner:
            self._path.kept.lose_nodes(self._fleet.left, self._env.now)

    def _restart(self, incident: int, *, in_job: bool = False) -> Generator[simpy.Event, Any, Disturbance | None]:
        """One attempt to restart; returns what disturbed it, if anything."""
        normal = next(self._draws["restart"])
        recovery = self._recoveries[self._fleet.size]
        load_s = self._load_s(recovery)
        if self._path.resized == self._resizes:
            self._resized_for = NO_CAUSE
        kind = self._fleet.size, in_job, load_s
        if kind not in self._restart_s:
            self._restart_s[kind] = recovery.restart_s(in_job=in_job, load_s=load_s)
        length_s = self._restart_s[kind] * math.exp(recovery.restart_sigma * normal)
        disturbance = yield from self._exposed(RESTARTING, RESTART, length_s, incident, in_job=in_job, load_s=load_s)
        self._crew.changed &= disturbance is not None
        return disturbance

    def _load_s(self, recovery: RecoveryPlan) -> float:
        """Median time to load the checkpoint, where it is not the usual one [s]; -1 where it is."""
        tried = self._path.kept.tried
        if not tried or self._loads_as_usual:
            return -1.0
        total_s = 0.0
        for tier in tried:
            load_s = self._tiers[tier].load_s
            total_s += self.store.load_s(recovery.load_s) if load_s is None else load_s
        return total_s

    def _exposed(
        self, mode: int, state: int, length_s: float, cause: int, *, in_job: bool = False, load_s: float = -1.0
    ) -> Generator[simpy.Event, Any, Disturbance | None]:
        """A stage that failures break off; returns what did, if anything."""
        self.mode = mode
        disturbance: Disturbance | None = None
        try:
            yield self._stages.begin(state, length_s, cause, in_job=in_job, load_s=load_s)
        except simpy.Interrupt as interrupt:
            disturbance = interrupt.cause
        self.mode = DOWN
        return disturbance

    # --- log ----------------------------------------------------------------------------------------------------

    def _log_planned(self, name: str, hits: int) -> int:
        return self._log.strike(self._env.now, own_code(self._plan, name), _PLANNED, hits)
