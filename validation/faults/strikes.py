"""Does to a running job what a scenario says, when it says so."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from validation.faults.damage import damage_newest
from validation.faults.disk import empty, fill
from validation.faults.plan import Category, Incident
from validation.faults.processes import Worker
from validation.faults.slowing import Brake, brake


@dataclass(frozen=True, slots=True)
class Struck:
    """An incident that took place.

    Attributes
    ----------
    category : Category
        What it was.
    at_s, until_s : float
        Unix time of its begin and its end [s]; the same for what does not last.
    absorbed : bool
        Whether it found nothing to strike: the process was down already, or no checkpoint was there.
    means : str
        How it was done, where there are several ways.
    """

    category: Category
    at_s: float
    until_s: float
    absorbed: bool
    means: str = ""


class Fault(Protocol):
    """What an incident does."""

    absorbed: bool
    means: str

    def begin(self, job: Sequence[Worker], /) -> None:
        """Strike, given the job's living processes."""
        ...

    def tick(self, job: Sequence[Worker], /) -> None:
        """Go on, every few hundredths of a second while it lasts."""
        ...

    def end(self) -> None:
        """Undo what can be undone."""
        ...


class Signalled:
    """A process gets a signal: SIGKILL ends it, SIGSTOP hangs it."""

    def __init__(self, rank: int, number: signal.Signals) -> None:
        self.absorbed, self.means = True, number.name
        self._rank, self._number = rank, number

    def begin(self, job: Sequence[Worker], /) -> None:
        """Send it to the group of the process of that rank."""
        for worker in job:
            if worker.rank == self._rank:
                worker.kill(self._number)
                self.absorbed = False

    def tick(self, _job: Sequence[Worker], /) -> None:
        """Once was enough."""

    def end(self) -> None:
        """Nothing brings it back."""


class Slowed:
    """A process gets a share of a processor; so does the one that follows it after a restart: the place is slow."""

    def __init__(self, rank: int, make: Callable[[], Brake] = brake) -> None:
        self.absorbed, self.means = True, ""
        self._rank, self._make = rank, make
        self._brake: Brake | None = None
        self._held = 0

    def begin(self, job: Sequence[Worker], /) -> None:
        """Take the brake."""
        self._brake = self._make()
        self.means = self._brake.name
        self.tick(job)

    def tick(self, job: Sequence[Worker], /) -> None:
        """Hold whoever has the rank now."""
        if self._brake is None:
            return
        for worker in job:
            if worker.rank == self._rank and worker.pid != self._held:
                self._brake.hold(worker.pid)
                self._held, self.absorbed = worker.pid, False
        self._brake.tick()

    def end(self) -> None:
        """Let go."""
        if self._brake is not None:
            self._brake.release()
            self._brake = None


class Filled:
    """The file system of the checkpoints is full, whatever is deleted from it meanwhile."""

    def __init__(self, disk: Path) -> None:
        self.absorbed, self.means = False, "ballast on a small file system"
        self._disk = disk

    def begin(self, job: Sequence[Worker], /) -> None:
        """Fill it."""
        self.tick(job)

    def tick(self, _job: Sequence[Worker], /) -> None:
        """Fill what a failed checkpoint left when it was removed."""
        fill(self._disk)

    def end(self) -> None:
        """Make room."""
        empty(self._disk)


class Damaged:
    """The newest checkpoint is not what was written."""

    def __init__(self, checkpoints: Path) -> None:
        self.absorbed, self.means = True, ""
        self._checkpoints = checkpoints

    def begin(self, _job: Sequence[Worker], /) -> None:
        """Flip its bytes."""
        self.means = damage_newest(self._checkpoints)
        self.absorbed = not self.means

    def tick(self, _job: Sequence[Worker], /) -> None:
        """Once was enough."""

    def end(self) -> None:
        """Nothing mends it."""


def fault_of(incident: Incident, disk: Path, checkpoints: Path) -> Fault:
    """What an incident does to a job whose checkpoints lie in a folder of a disk."""
    makers: dict[Category, Callable[[], Fault]] = {
        "kill": lambda: Signalled(incident.rank, signal.SIGKILL),
        "hang": lambda: Signalled(incident.rank, signal.SIGSTOP),
        "straggler": lambda: Slowed(incident.rank),
        "disk full": lambda: Filled(disk),
        "bad checkpoint": lambda: Damaged(checkpoints),
    }
    return makers[incident.category]()


class Schedule:
    """The incidents of a run, each begun and ended when its time has come.

    Parameters
    ----------
    incidents : sequence of Incident
        What is to happen.
    make : callable
        What an incident does.
    clock : callable
        Unix time [s].

    Attributes
    ----------
    struck : list of Struck
        What has taken place, as it ended.
    """

    def __init__(
        self, incidents: Sequence[Incident], make: Callable[[Incident], Fault], clock: Callable[[], float] = time.time
    ) -> None:
        self.struck: list[Struck] = []
        self._waiting = sorted(incidents, key=lambda incident: incident.at_s)
        self._make, self._clock = make, clock
        self._lasting: list[tuple[Incident, Fault, float]] = []

    def tick(self, since_s: float, job: Sequence[Worker]) -> None:
        """Begin what is due, go on with what lasts, end what is over.

        Parameters
        ----------
        since_s : float
            Time since the start of the job [s].
        job : sequence of Worker
            Its living processes.
        """
        while self._waiting and self._waiting[0].at_s <= since_s:
            incident = self._waiting.pop(0)
            fault, begun_s = self._make(incident), self._clock()
            # Kept before it begins: whatever goes wrong from here on, it is ended.
            self._lasting.append((incident, fault, begun_s))
            fault.begin(job)
        for item in list(self._lasting):
            incident, fault, begun_s = item
            if since_s >= incident.at_s + incident.lasts_s:
                self._end(item)
            else:
                fault.tick(job)

    def close(self) -> None:
        """End what still lasts; what has not begun does not take place."""
        for item in list(self._lasting):
            self._end(item)

    def _end(self, item: tuple[Incident, Fault, float]) -> None:
        incident, fault, begun_s = item
        self._lasting.remove(item)
        fault.end()
        until_s = self._clock() if incident.lasts_s else begun_s
        self.struck.append(Struck(incident.category, begun_s, until_s, fault.absorbed, fault.means))
