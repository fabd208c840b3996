"""The processes of a job as the system shows them: who they are, whether they live, and how all of them are ended."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

MARK = "VALIDATION_FAULTS_RUN"
"""Environment variable that every process of a run inherits, wherever it moves in the tree of processes."""

_STATE, _STARTED = 0, 19
"""Fields of ``/proc/PID/stat`` behind the name (proc(5): numbers 3 and 22)."""

_END_S = 10.0
"""Time that killed processes get to disappear [s]."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of the job.

    Attributes
    ----------
    pid : int
        Its number, and that of its process group: torchrun starts each in a session of its own.
    rank : int
        Its rank.
    attempt : int
        How often torchrun restarted the job before.
    started_s : float
        When it was started, in unix time to the hundredth [s].
    """

    pid: int
    rank: int
    attempt: int
    started_s: float

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to its process group; nothing if that is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    @property
    def alive(self) -> bool:
        """Whether it has not ended: a process that nobody has waited for yet has."""
        fields = _stat(self.pid)
        return fields is not None and fields[_STATE] not in "ZX" and abs(_started_s(fields) - self.started_s) < 1.0


def workers(agent: int) -> list[Worker]:
    """The job's processes among the children of torchrun's agent, by rank."""
    found = (_worker(pid) for pid in _children(agent))
    return sorted((worker for worker in found if worker is not None), key=lambda worker: worker.rank)


def end_all(mark: str) -> None:
    """Kill every process that carries the mark in its environment, and wait until none is left.

    Raises
    ------
    RuntimeError
        If some are still there after ten seconds.
    """
    until_s = time.monotonic() + _END_S
    while left := list(marked(mark)):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > until_s:
            message = f"processes {', '.join(map(str, left))} do not end; end them by hand"
            raise RuntimeError(message)
        time.sleep(0.05)


def marked(mark: str) -> Iterator[int]:
    """Living processes that carry the mark, this one aside."""
    wanted = f"{MARK}={mark}".encode()
    for folder in PROC.iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid() and wanted in _environment(int(folder.name)):
            yield int(folder.name)


def _worker(pid: int) -> Worker | None:
    """What a child of the agent is to the job; None if it is no process of it, or gone."""
    told = dict(entry.partition(b"=")[::2] for entry in _environment(pid))
    fields = _stat(pid)
    if fields is None or b"RANK" not in told or b"TORCHELASTIC_RESTART_COUNT" not in told:
        return None
    return Worker(pid, int(told[b"RANK"]), int(told[b"TORCHELASTIC_RESTART_COUNT"]), _started_s(fields))


def _children(pid: int) -> Iterator[int]:
    """Children of all threads of a process."""
    try:
        threads = list((PROC / str(pid) / "task").iterdir())
    except OSError:
        return
    for thread in threads:
        with suppress(OSError):
            yield from map(int, (thread / "children").read_text("ascii").split())


def _environment(pid: int) -> list[bytes]:
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _stat(pid: int) -> list[str] | None:
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _started_s(fields: list[str]) -> float:
    """Unix time at which a process was started, from the ticks since the machine was [s]."""
    since_boot_s = int(fields[_STARTED]) / os.sysconf("SC_CLK_TCK")
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + since_boot_s
