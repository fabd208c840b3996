"""Training between two stops in closed form: where a stretch of steps and checkpoints stands at any moment."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from clustersim.run.log import PaceRow
from clustersim.run.plan import CheckpointPlan, PhasePlan
from clustersim.run.records import NO_CAUSE

_EDGE = 1e-9
"""Share of a step by which rounding may miss a step boundary."""

ROUNDING_S = 1e-6
"""Rounding of simulated time that a moment may be early by: some units in the last place after thirty years."""


class Rhythm(NamedTuple):
    """How work and checkpoints follow each other in a phase: ``period_steps`` steps, then a stall.

    Writes take their time whatever else is written: one that outlasts the cycle overlaps the next at no cost.
    """

    step_time_s: float
    period_steps: int
    stall_s: float
    write_s: float
    cycle_s: float
    """Length of one full cycle: work and stall."""

    @property
    def as_logged(self) -> tuple[float, int, float, float]:
        """What the log keeps of it."""
        return self[:4]


def rhythm(phase: PhasePlan, checkpoint: CheckpointPlan, interval_s: float | None = None) -> Rhythm:
    """Rhythm of a phase: the checkpoint interval, or one that has taken its place, in whole steps, at least one."""
    work_s = checkpoint.interval_s if interval_s is None else interval_s
    period_steps = max(1, math.floor(work_s / phase.step_time_s + 0.5))
    return Rhythm(
        step_time_s=phase.step_time_s,
        period_steps=period_steps,
        stall_s=checkpoint.stall_s,
        write_s=checkpoint.write_s,
        cycle_s=period_steps * phase.step_time_s + checkpoint.stall_s,
    )


@dataclass(slots=True)
class Stretch:
    """Training from one restart, phase start or stop to the next disturbance.

    Full cycles of its rhythm follow each other; a last, shorter cycle ends the stretch with a checkpoint of its own.
    ``steps`` is cut when the stretch is to end sooner, and again when only its first checkpoints are worth keeping.

    The pace of steps may change at any moment, also in the middle of a step, which is then prolonged in proportion.
    Stalls keep their length: what slows a step down, the storage does not feel. As long as the pace never changed,
    ``paces`` is empty and costs nothing.
    """

    start_s: float
    phase: int
    first_step: int
    steps: int
    rhythm: Rhythm
    paces: list[PaceRow] = field(default_factory=list)
    gone: dict[int, int] = field(default_factory=dict)
    """Checkpoints of the store that were complete and cannot be read any more, by their number, and the incident behind
    each."""
    number: int = 0
    """Of the stretch, in the order of the log."""
    own_end: bool = True
    """Whether its last checkpoint is the one that ends it, and not one of its rhythm to which the job went back."""
    whole: tuple[int, ...] = ()
    """Checkpoints that became complete in each tier, once a crash has decided that."""

    @property
    def checkpoints(self) -> int:
        """Checkpoints of the whole stretch."""
        return -(-self.steps // self.rhythm.period_steps)

    @property
    def end_s(self) -> float:
        """When the stretch ends at the pace it has now, its last checkpoint's stall included [s]."""
        work_s = self.steps * self.rhythm.step_time_s
        end_s = self.start_s + work_s + self.checkpoints * self.rhythm.stall_s
        return end_s + self._extra_s(work_s) if self.paces else end_s

    def steps_done(self, now_s: float) -> int:
        """Whole steps done by a moment within the stretch."""
        rhythm = self.rhythm
        elapsed_s = self._undisturbed_s(now_s) if self.paces else now_s - self.start_s
        cycles = int(elapsed_s / rhythm.cycle_s)
        work_s = elapsed_s - cycles * rhythm.cycle_s
        in_cycle = min(int(work_s / rhythm.step_time_s + _EDGE), rhythm.period_steps)
        return min(cycles * rhythm.period_steps + in_cycle, self.steps)

    def checkpoints_taken(self, now_s: float, delay_s: float = 0.0) -> int:
        """Checkpoints whose stall ended at least ``delay_s`` ago; with ``write_s`` as delay, the durable ones."""
        rhythm = self.rhythm
        elapsed_s = self._early_s(now_s - delay_s) if self.paces else now_s - delay_s - self.start_s
        if elapsed_s < 0.0:
            return 0
        cycles, whole = int((elapsed_s + ROUNDING_S) / rhythm.cycle_s), self.steps // rhythm.period_steps
        if cycles + 1 < whole:
            return cycles  # nowhere near the end: by far the most common
        if now_s - delay_s >= self.end_s - ROUNDING_S:
            return self.checkpoints
        return min(cycles, whole)

    def checkpoint_step(self, number: int) -> int:
        """Step at which the checkpoint of this number, from 1, was taken."""
        return self.first_step + min(number * self.rhythm.period_steps, self.steps)

    def taken_s(self, number: int) -> float:
        """When the stall of the checkpoint of this number, from 1, ended [s]."""
        work_s = min(number * self.rhythm.period_steps, self.steps) * self.rhythm.step_time_s
        taken_s = self.start_s + work_s + number * self.rhythm.stall_s
        return taken_s + self._extra_s(work_s) if self.paces else taken_s

    def end_at(self, number: int) -> int:
        """Forget what came after the checkpoint of this number, from 1; returns the step at which it was taken."""
        self.own_end &= number == self.checkpoints
        step = self.checkpoint_step(number)
        self.steps = step - self.first_step
        return step

    def next_boundary(self, now_s: float) -> int:
        """Steps done when the stretch can next be ended: after the step, or the checkpoint, that is under way."""
        done = self.steps_done(now_s)
        whole_cycles = done // self.rhythm.period_steps
        in_stall = done == whole_cycles * self.rhythm.period_steps and self.checkpoints_taken(now_s) < whole_cycles
        return done if in_stall else min(done + 1, self.steps)

    # --- pace ---------------------------------------------------------------------------------------------------

    def set_pace(self, now_s: float, slowdown: float, cause: int) -> None:
        """From now on steps take ``slowdown`` times as long, because of an incident."""
        if not self.paces:
            if slowdown == 1.0:
                return
            at_start = now_s == self.start_s
            first = (slowdown, cause) if at_start else (1.0, NO_CAUSE)
            self.paces.append(PaceRow(self.number, self.start_s, 0.0, 0.0, *first))
        last = self.paces[-1]
        if last.slowdown != slowdown or last.cause != cause:
            self.paces.append(self._pace(now_s, slowdown, cause))

    def paces_until(self, now_s: float) -> list[PaceRow]:
        """All paces, and how far the stretch has come with the last of them by now."""
        last = self.paces[-1]
        return [*self.paces, self._pace(now_s, last.slowdown, last.cause)]

    def _pace(self, now_s: float, slowdown: float, cause: int) -> PaceRow:
        """A pace that begins now, and how far the stretch has come by then."""
        rhythm, elapsed_s = self.rhythm, self._undisturbed_s(now_s)
        cycles = int(elapsed_s / rhythm.cycle_s)
        in_cycle_s = min(elapsed_s - cycles * rhythm.cycle_s, self._work_s(cycles))
        work_s = cycles * rhythm.period_steps * rhythm.step_time_s + in_cycle_s
        return PaceRow(self.number, now_s, work_s, now_s - self.start_s - elapsed_s, slowdown, cause)

    def _work_s(self, cycles: int) -> float:
        """Work of the cycle after so many whole ones, had no step been slowed [s]."""
        period_steps = self.rhythm.period_steps
        left = self.steps - cycles * period_steps
        steps = period_steps if left > period_steps else max(left, 0)
        return steps * self.rhythm.step_time_s

    def _extra_s(self, work_s: float) -> float:
        """Time by which so much work takes longer than it should [s]."""
        pace = self.paces[-1]
        if pace.work_s > work_s:
            pace = next((p for p in reversed(self.paces) if p.work_s <= work_s), self.paces[0])
        return pace.extra_s + (pace.slowdown - 1.0) * (work_s - pace.work_s)

    def _undisturbed_s(self, now_s: float) -> float:
        """Time in which an undisturbed stretch would have come as far as this one has [s]."""
        pace = self.paces[-1]
        if pace.at_s > now_s:
            pace = next((p for p in reversed(self.paces) if p.at_s <= now_s), self.paces[0])
        rhythm, more = self.rhythm, pace.slowdown - 1.0
        # As if all steps from the start on had gone at this pace.
        elapsed_s = now_s - self.start_s - pace.extra_s + more * pace.work_s
        cycle_s = rhythm.cycle_s + more * rhythm.period_steps * rhythm.step_time_s
        cycles = int(elapsed_s / cycle_s)
        in_cycle_s, work_s = elapsed_s - cycles * cycle_s, self._work_s(cycles)
        in_work = in_cycle_s < pace.slowdown * work_s
        return cycles * rhythm.cycle_s + (in_cycle_s / pace.slowdown if in_work else in_cycle_s - more * work_s)

    def _early_s(self, now_s: float) -> float:
        """The same a moment later, less that moment: what is early by rounding in simulated time stays so."""
        return self._undisturbed_s(now_s + ROUNDING_S) - ROUNDING_S
