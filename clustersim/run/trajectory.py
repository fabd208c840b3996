"""Where the job stands among its steps: what it trained, what it can go back to, and why it trains something again."""

from collections.abc import Sequence
from typing import NamedTuple

from clustersim.run.log import CrashRow, Log, LossRow, PaceRow, RedoRow, StretchRow, WriteFailureRow
from clustersim.run.plan import CheckpointPlan, PhasePlan
from clustersim.run.progress import Stretch, rhythm
from clustersim.run.records import HITS, NO_CAUSE, PRODUCTIVE, RECOMPUTE, ROLLBACK
from clustersim.run.storage import fails

_JOB = HITS.index("job")


class _Redo(NamedTuple):
    """Steps up to here are trained again, and why."""

    until_step: int
    state: int
    cause: int


class Trajectory:
    """The steps of the job. It knows nothing of events: the job tells it what happened and when."""

    def __init__(self, phases: Sequence[PhasePlan], checkpoint: CheckpointPlan, log: Log) -> None:
        self._phases = phases
        self._rhythms = [rhythm(phase, checkpoint) for phase in phases]
        self._log = log
        self.phase = 0
        self.step = 0
        self._phase_first_step = 0
        self._kept: list[Stretch] = []
        """Stretches whose checkpoints lead to where the job stands."""
        self._redo: list[_Redo] = []
        """Steps ahead that were trained before, the nearest last: a rewind adds an entry, training removes it."""
        self._corruptions: dict[int, int] = {}
        """Step beyond which the weights are no good, for each corruption or loss spike that is still in them."""
        self._found: list[int] = []
        """Those that are discovered and not yet rewound past."""
        self._doubtful = False
        """Whether any checkpoint was lost or could not be written so far: only then are they looked for one by one."""
        self._longest_failure_s = 0.0

    # --- training -----------------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """All steps of all phases are trained."""
        return self.phase == len(self._phases)

    def next_stretch(self, now_s: float) -> Stretch:
        """Training from here to the end of the phase."""
        steps = self._phase_first_step + self._phases[self.phase].steps - self.step
        return Stretch(now_s, self.phase, self.step, steps, self._rhythms[self.phase])

    def end_stretch(self, stretch: Stretch, now_s: float, done: int, ended_by: int) -> None:
        """Take note of a stretch that has ended, with its whole steps and the incident that ended it."""
        log = self._log
        number = len(log.stretches)
        self._kept.append(stretch)
        self.step = stretch.first_step + done
        first_step = stretch.first_step
        while self._redo and first_step < self.step:
            until_step, state, cause = self._redo[-1]
            last_step = min(until_step, self.step)
            log.redone.append(RedoRow(number, first_step, last_step, state, cause))
            first_step = last_step
            if until_step <= self.step:
                self._redo.pop()
        state, cause = RECOMPUTE, ended_by
        if ended_by == NO_CAUSE:
            # It is only the record that ends: the step under way is not lost.
            state, cause = self._redo[-1][1:] if self._redo else (PRODUCTIVE, NO_CAUSE)
        course = stretch.start_s, now_s, stretch.phase, stretch.first_step, stretch.steps
        log.stretches.append(StretchRow(*course, done, state, cause, *stretch.rhythm.as_logged))
        if stretch.paces:
            log.paces += [PaceRow(number, *pace[1:]) for pace in (*stretch.paces, stretch.pace_at(now_s))]

    def enter_next_phase(self) -> bool:
        """Go on to the next phase if this one is trained; True if it was."""
        phase = self._phases[self.phase]
        if self.step < self._phase_first_step + phase.steps:
            return False
        self.phase += 1
        self._phase_first_step += phase.steps
        return True

    # --- going back ---------------------------------------------------------------------------------------------

    @property
    def must_rewind(self) -> bool:
        """A corruption or a loss spike was found and is still in the weights."""
        return bool(self._found)

    def all_durable(self, now_s: float) -> bool:
        """Whether the last checkpoint, too, has been written."""
        last = self._kept[-1]
        return last.checkpoints_taken(now_s, last.rhythm.write_s) == last.checkpoints

    def corrupt(self, incident: int, step: int) -> None:
        """Weights beyond this step are no good."""
        self._corruptions[incident] = step

    def discover(self, incident: int) -> bool:
        """A corruption is found. False if the job has been rewound past it in the meantime."""
        if incident not in self._corruptions:
            return False
        self._found.append(incident)
        return True

    def rewind(self, crash_s: float, incident: int) -> None:
        """Go back to the newest durable checkpoint that no discovered corruption or loss spike precedes.

        Parameters
        ----------
        crash_s : float
            When training ended [s]: a checkpoint that was still being written is lost.
        incident : int
            What ended it.
        """
        self._log.crashes.append(CrashRow(len(self._log.stretches), crash_s))
        if incident not in self._found:
            self._go_back(self._newest_checkpoint(crash_s, self.step), RECOMPUTE, incident)
        if self._found:
            earliest = min(self._found, key=self._corruptions.__getitem__)
            self._go_back(self._newest_checkpoint(crash_s, self._corruptions[earliest]), ROLLBACK, earliest)
            self._found.clear()
        if self._doubtful:
            self._pass_over_missing(crash_s)
        if self._corruptions:
            self._corruptions = {number: struck for number, struck in self._corruptions.items() if struck < self.step}

    def _newest_checkpoint(self, crash_s: float, limit: int) -> int:
        """Step of the newest durable checkpoint not beyond a step; forgets what lies after it."""
        while self._kept:
            stretch = self._kept[-1]
            count = stretch.checkpoints_taken(crash_s, stretch.rhythm.write_s)
            while count and stretch.checkpoint_step(count) > limit:
                count -= 1
            if count:
                step = stretch.checkpoint_step(count)
                stretch.steps = step - stretch.first_step
                return step
            self._kept.pop()
        return 0

    def _pass_over_missing(self, crash_s: float) -> None:
        """Go back on, as long as the checkpoint cannot be loaded; those steps are lost by what took it away."""
        while (incident := self.missing) != NO_CAUSE:
            last = self._kept[-1]
            if last.checkpoints in last.gone:
                self._log.incidents[incident] = self._log.incidents[incident]._replace(hits=_JOB)
            self._go_back(self._newest_checkpoint(crash_s, self.step - 1), RECOMPUTE, incident)

    def _go_back(self, step: int, state: int, cause: int) -> None:
        if step < self.step and not (self._redo and self._redo[-1][1:] == (state, cause)):
            self._redo.append(_Redo(self.step, state, cause))
        self.step = step
        while step < self._phase_first_step or self.finished:
            self.phase -= 1
            self._phase_first_step -= self._phases[self.phase].steps

    # --- checkpoints that are not there -------------------------------------------------------------------------

    @property
    def missing(self) -> int:
        """What took away the checkpoint that the job stands on and would load; NO_CAUSE when it is there."""
        if not self._doubtful or not self._kept:
            return NO_CAUSE
        return self._taken_away_by(self._kept[-1], self._kept[-1].checkpoints)

    def fail_writes(self, row: WriteFailureRow) -> None:
        """There is a time in which checkpoints cannot be written."""
        self._log.write_failures.append(row)
        self._longest_failure_s = max(self._longest_failure_s, row.until_s - row.start_s)
        self._doubtful = True

    def lose_newest(self, incident: int, written_s: float, now_s: float, under_way: Stretch | None) -> None:
        """The newest checkpoint that can be loaded is lost, if there is any.

        Parameters
        ----------
        incident : int
            What took it away.
        written_s : float
            Only those that were written by then are complete [s]: now, or when the job was stopped.
        now_s : float
            Now [s].
        under_way : Stretch, optional
            The stretch that is being trained, if one is.
        """
        for stretch in (*((under_way,) if under_way else ()), *reversed(self._kept)):
            for number in range(stretch.checkpoints_taken(written_s, stretch.rhythm.write_s), 0, -1):
                if self._taken_away_by(stretch, number) == NO_CAUSE:
                    stretch.gone[number] = incident
                    self._log.losses.append(LossRow(now_s, stretch.taken_s(number)))
                    self._doubtful = True
                    return

    def _taken_away_by(self, stretch: Stretch, number: int) -> int:
        """Incident by which a checkpoint was lost or could not be written; NO_CAUSE when it is there."""
        taken_s = stretch.taken_s(number)
        stall_s, write_s = stretch.rhythm.stall_s, stretch.rhythm.write_s
        for start_s, until_s, incident in reversed(self._log.write_failures):
            if start_s + self._longest_failure_s < taken_s - stall_s:
                break
            if fails(taken_s, stall_s, write_s, start_s, until_s):
                return incident
        return stretch.gone.get(number, NO_CAUSE)
