"""Where the job stands among its steps: what it trained, what it can go back to, and why it trains something again."""

from collections.abc import Sequence
from typing import NamedTuple

from clustersim.run.adaptive import ObservedFailures, adapted_interval_s, shortest_interval_s
from clustersim.run.kept import Kept
from clustersim.run.log import CrashRow, Log, RedoRow, StretchRow
from clustersim.run.plan import PhasePlan, RunPlan
from clustersim.run.progress import Rhythm, Stretch, rhythm
from clustersim.run.records import EFFECTS, HITS, NO_CAUSE, PRODUCTIVE, RECOMPUTE, ROLLBACK

_JOB = HITS.index("job")
_LOSS = EFFECTS.index("checkpoint_loss")


class _Redo(NamedTuple):
    """Steps up to here are trained again, and why."""

    until_step: int
    state: int
    cause: int


class Trajectory:
    """The steps of the job. It knows nothing of events: the job tells it what happened and when."""

    def __init__(
        self, courses: Sequence[Sequence[PhasePlan]], plan: RunPlan, kept: Kept, log: Log, bad_checkpoint: int
    ) -> None:
        self._courses = courses
        self._phases = courses[0]
        self._job_nodes = plan.job_nodes
        self._checkpoint = checkpoint = plan.checkpoint
        self._rhythms = [
            [rhythm(phase, plan.checkpoint_with(self._nodes_in(phase))) for phase in course] for course in courses
        ]
        self._shortest_interval_s = shortest_interval_s(checkpoint)
        self.resized = 0
        """Changes of the size of the job that were made."""
        self._observed = ObservedFailures(checkpoint.adaptive) if checkpoint.adaptive else None
        self._log = log
        self._bad_checkpoint = bad_checkpoint
        """Category of the checkpoints that cannot be read."""
        self.phase = 0
        self.step = 0
        self._phase_first_step = 0
        self.kept = kept
        """The checkpoints that lead to where the job stands."""
        self._redo: list[_Redo] = []
        """Steps ahead that were trained before, the nearest last: a rewind adds an entry, training removes it."""
        self._corruptions: dict[int, int] = {}
        """Step beyond which the weights are no good, for each corruption or loss spike that is still in them."""
        self._found: list[int] = []
        """Those that are discovered and not yet rewound past."""

    # --- training -----------------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """All steps of all phases are trained."""
        return self.phase == len(self._phases)

    def next_stretch(self, now_s: float) -> Stretch:
        """Training from here to the end of the phase."""
        steps = self._phase_first_step + self._phases[self.phase].steps - self.step
        return Stretch(now_s, self.phase, self.step, steps, self._rhythm(now_s), number=len(self._log.stretches))

    def _rhythm(self, now_s: float) -> Rhythm:
        if self._observed is None:
            return self._rhythms[self.resized][self.phase]
        mtbf_s = self._observed.mtbf_s(now_s)
        interval_s = adapted_interval_s(self._checkpoint.stall_s, mtbf_s, self._shortest_interval_s)
        return rhythm(self._course[self.phase], self._checkpoint, interval_s)

    @property
    def _course(self) -> Sequence[PhasePlan]:
        """The phases as they are at the size that the job has now."""
        return self._courses[self.resized]

    @property
    def place(self) -> int:
        """Which of the phases it is in, counting those of one size after those of another."""
        return self.resized * len(self._phases) + self.phase

    @property
    def nodes(self) -> int:
        """Nodes that the phase takes."""
        return self._nodes_in(self._course[min(self.phase, len(self._phases) - 1)])

    @property
    def new_layout(self) -> bool:
        """Whether the phase begins with another layout than the one before had."""
        return not self.finished and self._course[self.phase].restart_before

    def _nodes_in(self, phase: PhasePlan) -> int:
        return self._job_nodes if phase.nodes is None else phase.nodes

    def end_stretch(self, stretch: Stretch, now_s: float, done: int, ended_by: int) -> None:
        """Take note of a stretch that has ended, with its whole steps and the incident that ended it."""
        log, number = self._log, stretch.number
        self.kept.add(stretch)
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
            log.paces += stretch.paces_until(now_s)

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

    def corrupt(self, incident: int, step: int) -> None:
        """Weights beyond this step are no good."""
        self._corruptions[incident] = step

    def discover(self, incident: int) -> bool:
        """A corruption is found. False if the job has been rewound past it in the meantime."""
        if incident not in self._corruptions:
            return False
        self._found.append(incident)
        return True

    def rewind(self, crash_s: float, incident: int, now_s: float) -> None:
        """Go back to the newest checkpoint that can be loaded and that no discovered corruption or spike precedes.

        Parameters
        ----------
        crash_s : float
            When training ended [s]: a checkpoint that was still being written is lost.
        incident : int
            What ended it.
        now_s : float
            Now [s].
        """
        self._log.crashes.append(CrashRow(len(self._log.stretches), crash_s))
        self.kept.settle(crash_s)
        if incident not in self._found:
            self._go_back(self.kept.newest(self.step), RECOMPUTE, incident)
        if self._found:
            earliest = min(self._found, key=self._corruptions.__getitem__)
            self._go_back(self.kept.newest(self._corruptions[earliest]), ROLLBACK, earliest)
            self._found.clear()
        while not self.kept.load(now_s):
            self._pass_over(now_s)
        if self._corruptions:
            self._corruptions = {number: struck for number, struck in self._corruptions.items() if struck < self.step}

    def observe_failure(self, t_s: float) -> None:
        """A failure has stopped the job."""
        if self._observed:
            self._observed.add(t_s)

    def _pass_over(self, now_s: float) -> None:
        """Go back further: this checkpoint cannot be loaded; the steps are lost by what took it away."""
        log, incident = self._log, self.kept.missing(now_s)
        if incident == NO_CAUSE:
            incident = log.strike(now_s, self._bad_checkpoint, _LOSS, _JOB)
        elif self.kept.lost:
            log.incidents[incident] = log.incidents[incident]._replace(hits=_JOB)
        self._go_back(self.kept.newest(self.step - 1), RECOMPUTE, incident)

    def _go_back(self, step: int, state: int, cause: int) -> None:
        if step < self.step and not (self._redo and self._redo[-1][1:] == (state, cause)):
            self._redo.append(_Redo(self.step, state, cause))
        self.step = step
        while step < self._phase_first_step or self.finished:
            self.phase -= 1
            self._phase_first_step -= self._phases[self.phase].steps
