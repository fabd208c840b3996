"""Turns of many cases in rounds, so that a noisy minute does not hit one case alone."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

from validation.bench.case import Case, Record
from validation.bench.sampling import Counts, Sampling, Spread


class CaseError(Exception):
    """An operation could not be prepared or run; the others are not touched by that."""


class Workers(Protocol):
    """Those who do the operations."""

    def prepare(self, case: Case) -> None:
        """Make the inputs of a case in each of its processes; frees those of the last one."""

    def sample(self, case: Case, counts: Counts) -> list[list[float]]:
        """Samples of the prepared case [s], a list for each of its processes."""


@dataclass(slots=True)
class _Progress:
    """How far one case has come."""

    case: Case
    times_s: list[float] = field(default_factory=list)
    rounds: int = 0
    turn: Counts | None = None
    error: str = ""

    def record(self, sampling: Sampling) -> Record:
        if self.error:
            return self.case.record(error=self.error)
        if not self.times_s:
            return self.case.record(note="not run: time")
        settled = sampling.is_settled(self.times_s, self.rounds)
        return self.case.record(**asdict(Spread.of(self.times_s)), rounds=self.rounds, settled=settled)

    def is_open(self, sampling: Sampling) -> bool:
        return not self.error and not (self.times_s and sampling.is_settled(self.times_s, self.rounds))

    def visit(self, workers: Workers, sampling: Sampling) -> None:
        """Give the case one turn; inputs are made anew, so that the luck of where they lie is sampled too."""
        try:
            workers.prepare(self.case)
            if self.turn is None:
                pilot = workers.sample(self.case, sampling.pilot())
                self.turn = sampling.turn(max(max(times) for times in pilot), self.case.batched)
            self.times_s += _folded(self.case, workers.sample(self.case, self.turn))
            self.rounds += 1
        except CaseError as failure:
            self.error = str(failure)


def _folded(case: Case, times_s: Sequence[Sequence[float]]) -> list[float]:
    """Samples of one operation [s] from those of each process for one call."""
    each = [max(times) for times in zip(*times_s, strict=True)] if case.slowest else [t for ts in times_s for t in ts]
    return [time_s / case.operations for time_s in each]


def measure(
    cases: Sequence[Case],
    workers: Workers,
    sampling: Sampling,
    clock: Callable[[], float],
    deadline_s: float,
    on_round: Callable[[list[Record]], object],
) -> list[Record]:
    """Time all cases, round by round, until each is settled or the time is over.

    Parameters
    ----------
    cases : Sequence of Case
        What to time.
    workers : Workers
        Those who do it.
    sampling : Sampling
        When a case is settled.
    clock : callable
        Returns the time now [s].
    deadline_s : float
        No turn begins after this time [s].
    on_round : callable
        Called with the records so far after each round.

    Returns
    -------
    list of Record
        One for each case, in the order given: with its time; with ``error``; or with ``note`` where the time was over
        before its first turn.

    Notes
    -----
    Each round has an order of its own, drawn from a fixed seed, so that no case always follows the same other one.
    """
    order = random.Random(0)
    progress = [_Progress(case) for case in cases]
    for _ in range(sampling.most_rounds):
        still_open = [item for item in progress if item.is_open(sampling)]
        order.shuffle(still_open)
        for item in still_open:
            if clock() >= deadline_s:
                break
            item.visit(workers, sampling)
        if not still_open or clock() >= deadline_s:
            break
        on_round([item.record(sampling) for item in progress])
    return [item.record(sampling) for item in progress]
