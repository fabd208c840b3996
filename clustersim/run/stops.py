"""Planned stops that are due: at most one of a kind, worked off in the order in which they fell due."""

from typing import NamedTuple


class Stop(NamedTuple):
    """A planned stop that is due, and what is left of it."""

    kind: int
    incident: int
    due_s: float
    left_s: float


class PlannedStops:
    """What somebody planned to do while the job is down.

    The work goes on while the job waits for something else, so that a stop costs only what is left of it when that wait
    ends. Of each kind at most one is due: what falls due again before it is done is done with it.
    """

    def __init__(self) -> None:
        self.due: list[Stop] = []
        """In the order in which they fell due."""
        self._worked_until_s: float | None = None
        """During a wait of the job, the moment up to which the work done in it is accounted for."""

    def add(self, kind: int, incident: int, now_s: float, duration_s: float) -> None:
        """A stop falls due."""
        self.due.append(Stop(kind, incident, now_s, duration_s))

    def is_due(self, kind: int, now_s: float) -> bool:
        """Whether a stop of this kind is still to be done, or to be finished."""
        self._account(now_s)
        return any(stop.kind == kind for stop in self.due)

    def first(self) -> Stop:
        """The stop whose turn it is; it stays due until it is finished."""
        return self.due[0]

    def finish(self) -> None:
        """The first stop is done."""
        del self.due[0]

    def begin_wait(self, now_s: float) -> None:
        """The job begins to wait, and the work on the stops with it."""
        self._worked_until_s = now_s

    def end_wait(self, now_s: float) -> None:
        """The wait is over."""
        if self.due:
            self._account(now_s)
        self._worked_until_s = None

    def _account(self, now_s: float) -> None:
        """Take off what was worked in the wait that is under way: one stop after the other, none before it was due."""
        free_s = self._worked_until_s
        if free_s is None:
            return
        self._worked_until_s = now_s
        left = []
        for stop in self.due:
            begin_s = max(free_s, stop.due_s)
            free_s = begin_s + stop.left_s
            if free_s > now_s:
                left.append(stop._replace(left_s=free_s - max(begin_s, now_s)))
        self.due = left
