"""The job: trains, stops, recovers, until its tokens are trained."""

import math
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any, Final

import simpy

from clustersim.run.expand import Log
from clustersim.run.fleet import COLD, WARM, Fleet
from clustersim.run.plan import MaintenancePlan, PhasePlan, RunPlan
from clustersim.run.progress import Stretch, period_steps
from clustersim.run.records import CHECKPOINT, DETECT, MAINTENANCE, NO_CAUSE, RECOMPUTE, RESTART, ROLLBACK, WAITING

Process = Generator[simpy.Event, Any, None]

TRAINING, RESTARTING, DOWN, DONE = range(4)
_TICK_S: Final = 1e-6
"""Rounding of simulated time that a timer may be early by."""


class Job:
    """The one process that failures and planned stops act on.

    Training costs one event however long it lasts: the job sleeps on an event of its own, and where it stands is
    worked out when something wakes it.
    """

    def __init__(
        self,
        env: simpy.Environment,
        plan: RunPlan,
        phases: tuple[PhasePlan, ...],
        fleet: Fleet,
        log: Log,
        parts: tuple[str, ...],
        draws: dict[str, Iterator[float]],
    ) -> None:
        self._env = env
        self._plan = plan
        self._phases = phases
        self._fleet = fleet
        self._log = log
        self._part = {name: code for code, name in enumerate(parts)}
        self._draws = draws
        self.mode = DOWN
        self._phase = 0
        self._phase_first_step = 0
        self._step = 0
        self._high_water = 0
        self._redo = (RECOMPUTE, NO_CAUSE)
        self._history: list[Stretch] = []
        self._unsettled = 0
        """Row of the first logged stretch whose checkpoints may still be lost."""
        self._corruptions: dict[int, int] = {}
        """Step at which each corruption struck that is still in the weights, by incident."""
        self._found: list[int] = []
        """Corruptions that are discovered and not yet rewound past."""
        self._broken: list[tuple[list[int], int, float]] = []
        self._stops: list[tuple[MaintenancePlan, int, float]] = []
        self._stopping = False
        self._stretch: Stretch | None = None
        self._wake = env.event()
        self._arrival: simpy.Event | None = None
        self._timer_s = math.inf
        self._stage: tuple[float, int, int, int, float] | None = None
        fleet.on_return = self._nodes_returned
        self.process = env.process(self._run())

    # --- what the world does to the job -------------------------------------------------------------------------

    def fail(self, incident: int, detect_s: float, manual: bool) -> bool:
        """A failure strikes a node of the job, or the job itself. True if it interrupts, False if it was down already."""
        if self.mode == TRAINING:
            self._disturb((incident, detect_s, manual))
            return True
        if self.mode == RESTARTING:
            self.mode = DOWN
            self.process.interrupt((incident, detect_s, manual))
            return True
        return False

    def break_nodes(self, nodes: list[int], incident: int, repair_s: float) -> None:
        """Nodes of the job are broken; they leave it when the job next looks."""
        self._broken.append((nodes, incident, repair_s))
        self._nodes_returned()

    def corrupt(self, incident: int) -> bool:
        """A silent corruption strikes now. False if nothing was being computed."""
        if self.mode != TRAINING or self._stretch is None:
            return False
        self._corruptions[incident] = self._stretch.first_step + self._stretch.steps_done(self._env.now)
        return True

    def discover(self, incident: int) -> bool:
        """A corruption is found. False if the job has been rewound past it in the meantime."""
        if incident not in self._corruptions:
            return False
        self._found.append(incident)
        if self.mode == TRAINING:
            self._disturb((incident, 0.0, False))
        elif self.mode == RESTARTING:
            self.mode = DOWN
            self.process.interrupt((incident, 0.0, False))
        return True

    def stop(self, maintenance: MaintenancePlan, incident: int, duration_s: float) -> None:
        """Somebody plans to stop the job: it ends its step, checkpoints and stops."""
        self._stops.append((maintenance, incident, duration_s))
        if self.mode == TRAINING and self._stretch is not None and not self._stopping:
            self._shorten(self._stretch)

    def close(self) -> None:
        """Log what is under way when the simulation ends before the job does."""
        if self.mode == TRAINING and self._stretch is not None:
            self._log_stretch(self._stretch, self._stretch.steps_done(self._env.now), NO_CAUSE)
        elif self._stage is not None:
            self._log_stage()

    # --- training -----------------------------------------------------------------------------------------------

    def _run(self) -> Process:
        yield from self._start(NO_CAUSE)
        while self._phase < len(self._phases):
            yield from self._train()
        self.mode = DONE

    def _train(self) -> Process:
        phase = self._phases[self._phase]
        checkpoint = self._plan.checkpoint
        self._stretch = Stretch(
            self._env.now,
            self._phase,
            self._step,
            self._phase_first_step + phase.steps - self._step,
            phase.step_time_s,
            period_steps(checkpoint.interval_s, phase.step_time_s),
            checkpoint.stall_s,
            checkpoint.write_s,
        )
        self.mode = TRAINING
        self._wake = self._env.event()
        if self._stops:
            self._shorten(self._stretch)
        self._arm(self._stretch.end_s)
        why = yield self._wake
        stretch, self._stretch, self._stopping = self._stretch, None, False
        if why is None:
            yield from self._end_of_stretch(stretch)
            return
        self._log_stretch(stretch, stretch.steps_done(self._env.now), ended_by=why[0])
        yield from self._recover(why)

    def _end_of_stretch(self, stretch: Stretch) -> Process:
        self._log_stretch(stretch, stretch.steps, NO_CAUSE)
        phase = self._phases[self._phase]
        if self._step == self._phase_first_step + phase.steps:
            self._phase += 1
            self._phase_first_step += phase.steps
            last = self._phase == len(self._phases)
            if last or self._phases[self._phase].restart_before:
                yield from self._sleep(CHECKPOINT, stretch.write_s, NO_CAUSE)
            if not last and self._phases[self._phase].restart_before:
                yield from self._start(self._log_phase_change())
        if self._stops:
            yield from self._sleep(CHECKPOINT, stretch.write_s, NO_CAUSE)
            yield from self._start(NO_CAUSE)

    def _shorten(self, stretch: Stretch) -> None:
        """End the stretch at the next step boundary, with a checkpoint."""
        self._stopping = True
        done = stretch.steps_done(self._env.now)
        self._stretch = replace(stretch, steps=min(done + 1, stretch.steps))
        self._arm(max(self._stretch.end_s, self._env.now))

    def _disturb(self, why: tuple[int, float, bool]) -> None:
        self.mode = DOWN
        self._wake.succeed(why)

    def _arm(self, at_s: float) -> None:
        """Keep one timer that is not later than the end of the stretch."""
        if self._timer_s <= at_s:
            return
        self._timer_s = at_s
        timer = simpy.Timeout(self._env, at_s - self._env.now)
        timer.callbacks.append(self._on_timer)

    def _on_timer(self, _event: simpy.Event) -> None:
        now_s = self._env.now
        if now_s >= self._timer_s - _TICK_S:
            self._timer_s = math.inf
        if self.mode != TRAINING or self._stretch is None:
            return
        if now_s >= self._stretch.end_s - _TICK_S:
            self.mode = DOWN
            self._wake.succeed(None)
        else:
            self._arm(self._stretch.end_s)

    def _log_stretch(self, stretch: Stretch, done: int, ended_by: int) -> None:
        self._log.stretches.append(
            (
                stretch.start_s, self._env.now, stretch.phase, stretch.first_step, stretch.steps, done, stretch.step_time_s,
                stretch.period_steps, stretch.stall_s, stretch.write_s, self._high_water, *self._redo, ended_by, math.inf,
            )
        )  # fmt: skip
        self._history.append(stretch)
        self._step = stretch.first_step + done
        self._high_water = max(self._high_water, self._step)

    # --- recovery -----------------------------------------------------------------------------------------------

    def _start(self, incident: int) -> Process:
        """Start after a stop in which nothing was lost."""
        incident = yield from self._carry_out_stops(incident)
        yield from self._replace_broken(incident)
        if self._found:
            self._rewind(self._env.now, self._found[0])
        try:
            yield from self._restart(incident)
        except simpy.Interrupt as interrupt:
            self._log_stage()
            yield from self._recover(interrupt.cause)

    def _recover(self, why: tuple[int, float, bool]) -> Process:
        while True:
            incident, detect_s, manual = why
            crash_s = self._env.now
            if detect_s > 0.0:
                yield from self._sleep(DETECT, detect_s, incident)
            if manual:
                yield from self._sleep(WAITING, self._plan.recovery.manual_delay.sample_s(next(self._draws["people"])), incident, "people")
            yield from self._carry_out_stops(incident)
            yield from self._replace_broken(incident)
            self._rewind(crash_s, incident)
            try:
                yield from self._restart(incident)
            except simpy.Interrupt as interrupt:
                self._log_stage()
                why = interrupt.cause
                continue
            return

    def _replace_broken(self, incident: int) -> Process:
        spares = self._plan.spares
        while self._broken or self._fleet.missing:
            for nodes, cause, repair_s in self._broken:
                self._fleet.evict(nodes, cause, repair_s)
            self._broken.clear()
            joined = self._fleet.call_spares()
            if joined.coldest == WARM:
                yield from self._sleep(WAITING, spares.warm_swap.sample_s(next(self._draws["swap"])), incident, "spares")
            elif joined.coldest == COLD:
                yield from self._sleep(WAITING, spares.cold_swap.sample_s(next(self._draws["swap"])), incident, "spares")
            elif self._fleet.missing:
                yield from self._wait_for_repair(incident)

    def _wait_for_repair(self, incident: int) -> Process:
        self._arrival = self._env.event()
        self._begin_stage(WAITING, incident, "repair", math.inf)
        yield self._arrival
        self._arrival = None
        self._log_stage()

    def _nodes_returned(self) -> None:
        if self._arrival is not None and not self._arrival.triggered:
            self._arrival.succeed()

    def _rewind(self, crash_s: float, incident: int) -> None:
        """Go back to the newest durable checkpoint that no discovered corruption precedes."""
        self._settle_checkpoints(crash_s)
        limit = min((self._corruptions[number] for number in self._found), default=self._step)
        step = 0
        while self._history:
            stretch = self._history[-1]
            count = stretch.checkpoints_taken(crash_s, stretch.write_s)
            while count and stretch.checkpoint_step(count) > limit:
                count -= 1
            if count:
                step = stretch.checkpoint_step(count)
                self._history[-1] = replace(stretch, steps=step - stretch.first_step)
                break
            self._history.pop()
        if step < self._step:
            self._redo = (ROLLBACK if self._found else RECOMPUTE, incident)
        self._found.clear()
        self._corruptions = {number: struck for number, struck in self._corruptions.items() if struck < step}
        self._go_to(step)

    def _settle_checkpoints(self, crash_s: float) -> None:
        """Checkpoints that are still being written at a crash never become durable."""
        rows = self._log.stretches
        for row in range(self._unsettled, len(rows)):
            rows[row] = (*rows[row][:-1], crash_s)
        self._unsettled = len(rows)

    def _go_to(self, step: int) -> None:
        self._step = step
        while step < self._phase_first_step or self._phase == len(self._phases):
            self._phase -= 1
            self._phase_first_step -= self._phases[self._phase].steps

    def _restart(self, incident: int) -> Process:
        recovery = self._plan.recovery
        length_s = recovery.restart_median_s * math.exp(recovery.restart_sigma * next(self._draws["restart"]))
        self.mode = RESTARTING
        self._begin_stage(RESTART, incident, "", length_s)
        yield self._env.timeout(length_s)
        self.mode = DOWN
        self._log_stage()

    def _carry_out_stops(self, incident: int) -> Generator[simpy.Event, Any, int]:
        """Do what was planned while the job is down; returns what the restart is then due to."""
        while self._stops:
            _maintenance, incident, duration_s = self._stops.pop(0)
            yield from self._sleep(MAINTENANCE, duration_s, incident)
        return incident

    # --- stages -------------------------------------------------------------------------------------------------

    def _sleep(self, state: int, length_s: float, incident: int, part: str = "") -> Process:
        self._begin_stage(state, incident, part, length_s)
        yield self._env.timeout(length_s)
        self._log_stage()

    def _begin_stage(self, state: int, incident: int, part: str, planned_s: float) -> None:
        self._stage = (self._env.now, state, self._part[part], incident, planned_s)

    def _log_stage(self) -> None:
        if self._stage is None:
            return
        start_s, state, part, incident, planned_s = self._stage
        phase = min(self._phase, len(self._phases) - 1)
        self._log.stages.append((start_s, self._env.now, state, part, phase, self._step, incident, planned_s))
        self._stage = None

    def _log_phase_change(self) -> int:
        plan = self._plan
        category = len(plan.categories) + len(plan.maintenance)
        self._log.incidents.append((self._env.now, category, -1, 3, 0, 0.0, 0, False))
        return len(self._log.incidents) - 1
