"""What a section is given to do its work with."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from validation.bench.case import Case, Record
from validation.bench.crew import Crew
from validation.bench.rounds import measure
from validation.bench.sampling import Sampling
from validation.bench.shape import Shape
from validation.bench.worker import Place, Work


class NotRunError(Exception):
    """A section has nothing to measure here, and why."""


@dataclass(frozen=True, slots=True)
class Session:
    """One section's turn.

    Attributes
    ----------
    shapes : tuple of Shape
        Models whose sizes are measured.
    small : bool
        Whether to measure a few small sizes only, for trying the benchmark itself.
    place : Place
        Processes, device and threads, and the folder to write in.
    deadline_s : float
        No turn begins after this time of ``clock`` [s].
    on_round : callable
        Called with the records so far, so that they are kept whatever happens next.
    sampling : Sampling
        When a case is settled.
    clock : callable
        The time now [s].
    """

    shapes: tuple[Shape, ...]
    small: bool
    place: Place
    deadline_s: float
    on_round: Callable[[list[Record]], object]
    sampling: Sampling
    clock: Callable[[], float] = time.monotonic

    @property
    def world(self) -> int:
        """Processes of the benchmark."""
        return self.place.size

    @property
    def process_counts(self) -> tuple[int, ...]:
        """Numbers of processes at which an operator is timed: alone, and all at once where they share the machine."""
        return (1, self.world) if self.world > 1 else (1,)

    @property
    def group_sizes(self) -> tuple[int, ...]:
        """Sizes of process groups: two, four, eight and so on below the number of processes, and that number."""
        powers = (2**power for power in range(1, self.world.bit_length()))
        return tuple(sorted({size for size in powers if size < self.world} | {self.world}))

    def measured(self, cases: Sequence[Case], duty: Work) -> list[Record]:
        """Time cases with fresh processes, so that no section inherits another's memory.

        Parameters
        ----------
        cases : Sequence of Case
            What to time.
        duty : Work
            How.

        Returns
        -------
        list of Record
            One for each case.
        """
        with Crew(duty, self.place) as crew:
            return measure(cases, crew, self.sampling, self.clock, self.deadline_s, self.on_round)
