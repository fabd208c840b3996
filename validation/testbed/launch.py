"""Runs a command in every host of a testbed, passes on what it writes, and leaves nothing running."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from validation.testbed.testbed import Testbed

GRACE_S = 5.0
"""How long a job of which one process failed gets to end by itself, and a process that is asked to end."""

LAST_LINES = 20
"""Of what a failed process wrote, in a message about it."""

Write = Callable[[str, str], None]
"""Takes a host and a line, with its end, that the process there wrote."""

Process = subprocess.Popen[str]

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Failure:
    """The process of a job that failed first: its host, and its exit code, 128 + n where signal n ended it."""

    host: str
    code: int


class Stopped(BaseException):
    """A signal asked this command to stop."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into :class:`Stopped` inside the block, so that what holds a testbed takes it down."""

    def stopped(number: int, _frame: FrameType | None) -> None:
        raise Stopped(number)

    before = {number: signal.signal(number, stopped) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_everywhere(bed: Testbed, command: Sequence[str], write: Write) -> Failure | None:
    """Run a command in every host at once and wait for all of them.

    Parameters
    ----------
    bed : Testbed
        Hosts that are up.
    command : sequence of str
        Program and arguments, the same everywhere; :meth:`Testbed.environment` tells the processes apart.
    write : callable
        Gets the output, from several threads but never at the same time.

    Returns
    -------
    Failure or None
        None if all succeed.
    """
    processes: dict[str, Process] = {}
    readers: list[threading.Thread] = []
    lock = threading.Lock()
    try:
        for host in bed.topology.hosts:
            processes[host] = start(bed, host, command)
            readers.append(threading.Thread(target=_pass_on, args=(host, processes[host], write, lock), daemon=True))
            readers[-1].start()
        return _first_failure(processes)
    finally:
        stop(list(processes.values()))
        for reader in readers:
            reader.join(GRACE_S)


def run_or_explain(bed: Testbed, command: Sequence[str]) -> str:
    """Run a command in every host for its results.

    Returns
    -------
    str
        Empty if all succeed, else which host failed first, how, and the end of what it wrote.
    """
    lines: dict[str, list[str]] = {}
    failure = run_everywhere(bed, command, lambda host, line: lines.setdefault(host, []).append(line))
    if failure is None:
        return ""
    end = "".join(lines.get(failure.host, [])[-LAST_LINES:])
    return f"{failure.host} failed with exit code {failure.code}:\n{end}"


def start(bed: Testbed, host: str, command: Sequence[str], stdin: int = subprocess.DEVNULL) -> Process:
    """Start a command in a host, in a session of its own; its two outputs are one pipe of text."""
    variables = {**os.environ, "PYTHONUNBUFFERED": "1", **bed.environment(host)}
    return subprocess.Popen(
        bed.inside(host, command),
        env=variables,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def stop(processes: Sequence[Process]) -> None:
    """Ask those that still run to end, and kill those that do not."""
    for process in processes:
        _send(process, signal.SIGTERM)
    deadline_s = time.monotonic() + GRACE_S
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline_s - time.monotonic()))
        _send(process, signal.SIGKILL)
        process.wait()


def python_module(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of this checkout with this interpreter, from any folder."""
    folders = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return ("env", f"PYTHONPATH={os.pathsep.join(filter(None, folders))}", sys.executable, "-m", module, *arguments)


def to_terminal(host: str, line: str) -> None:
    """Write a line to standard output behind the name of its host."""
    sys.stdout.write(f"{host} | {line}")
    sys.stdout.flush()


def _first_failure(processes: Mapping[str, Process]) -> Failure | None:
    failure = None
    deadline_s = float("inf")
    running = dict(processes)
    while running and time.monotonic() < deadline_s:
        time.sleep(_POLL_S)
        for host, code in [(host, process.poll()) for host, process in running.items()]:
            if code is None:
                continue
            del running[host]
            if code != 0 and failure is None:
                failure = Failure(host, 128 - code if code < 0 else code)
                deadline_s = time.monotonic() + GRACE_S
    return failure


def _send(process: Process, number: int) -> None:
    # Not the group of a process that was waited for: the kernel may have given its number away.
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _pass_on(host: str, process: Process, write: Write, lock: threading.Lock) -> None:
    if process.stdout is None:
        return
    with process.stdout as lines:
        for line in lines:
            with lock, suppress(OSError, ValueError):  # A closed terminal must not block the job behind a full pipe.
                write(host, line if line.endswith("\n") else f"{line}\n")
