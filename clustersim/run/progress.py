"""Undisturbed training in closed form: where a stretch of steps and checkpoints stands at any moment."""

import math
from dataclasses import dataclass

from clustersim.run.plan import CheckpointPlan, PhasePlan

_EDGE = 1e-9
"""Share of a step by which rounding may miss a step boundary."""

ROUNDING_S = 1e-6
"""Rounding of simulated time that a moment may be early by: some units in the last place after thirty years."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How work and checkpoints follow each other in a phase: ``period_steps`` steps, then a stall.

    Writes take their time whatever else is written: one that outlasts the cycle overlaps the next at no cost.
    """

    step_time_s: float
    period_steps: int
    stall_s: float
    write_s: float
    cycle_s: float
    """Length of one full cycle: work and stall."""


def rhythm(phase: PhasePlan, checkpoint: CheckpointPlan) -> Rhythm:
    """Rhythm of a phase: the checkpoint interval in whole steps, at least one."""
    period_steps = max(1, math.floor(checkpoint.interval_s / phase.step_time_s + 0.5))
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
    """

    start_s: float
    phase: int
    first_step: int
    steps: int
    rhythm: Rhythm

    @property
    def checkpoints(self) -> int:
        """Checkpoints of the undisturbed stretch."""
        return -(-self.steps // self.rhythm.period_steps)

    @property
    def end_s(self) -> float:
        """When the undisturbed stretch ends, its last checkpoint's stall included [s]."""
        return self.start_s + self.steps * self.rhythm.step_time_s + self.checkpoints * self.rhythm.stall_s

    def steps_done(self, now_s: float) -> int:
        """Whole steps done by a moment within the stretch."""
        rhythm = self.rhythm
        elapsed_s = now_s - self.start_s
        cycles = int(elapsed_s / rhythm.cycle_s)
        work_s = elapsed_s - cycles * rhythm.cycle_s
        in_cycle = min(int(work_s / rhythm.step_time_s + _EDGE), rhythm.period_steps)
        return min(cycles * rhythm.period_steps + in_cycle, self.steps)

    def checkpoints_taken(self, now_s: float, delay_s: float = 0.0) -> int:
        """Checkpoints whose stall ended at least ``delay_s`` ago; with ``write_s`` as delay, the durable ones."""
        rhythm = self.rhythm
        elapsed_s = now_s - delay_s - self.start_s
        if elapsed_s < 0.0:
            return 0
        if now_s - delay_s >= self.end_s - ROUNDING_S:
            return self.checkpoints
        cycles = int((elapsed_s + ROUNDING_S) / rhythm.cycle_s)
        return min(cycles, self.steps // rhythm.period_steps)

    def checkpoint_step(self, number: int) -> int:
        """Step at which the checkpoint of this number, from 1, was taken."""
        return self.first_step + min(number * self.rhythm.period_steps, self.steps)

    def next_boundary(self, now_s: float) -> int:
        """Steps done when the stretch can next be ended: after the step, or the checkpoint, that is under way."""
        done = self.steps_done(now_s)
        whole_cycles = done // self.rhythm.period_steps
        in_stall = done == whole_cycles * self.rhythm.period_steps and self.checkpoints_taken(now_s) < whole_cycles
        return done if in_stall else min(done + 1, self.steps)
