"""The processes of a benchmark, seen from the one that conducts it."""

import multiprocessing
import random
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from validation.bench.case import Case
from validation.bench.rounds import CaseError
from validation.bench.sampling import Counts
from validation.bench.worker import Failure, Place, Ready, Work, work

REPLY_TIMEOUT_S = 300.0
"""Longest wait for an answer [s]: above the time of the largest case on a slow disk, a choice."""

GRACE_S = 30.0
"""Longest wait for the other answers once one process has failed [s]: they may hang in a collective that it left; a
choice."""

END_TIMEOUT_S = 5.0
"""Time for a worker to end by itself before it is killed [s]; a choice."""

PORTS = 16_384, 32_768
"""Where the processes meet: the first port, and the one after the last; a choice."""


class CrewError(Exception):
    """A worker has ended, could not start or does not answer: none of them can go on."""


class Crew:
    """Fresh processes that do one section's cases, together or one of them alone.

    Parameters
    ----------
    duty : Work
        What they do.
    place : Place
        What they may use: its rank and port are replaced by those of each process.
    from_nothing : bool
        Whether each process begins as a new interpreter, as a job's do, and imports torch by itself. Otherwise they
        come from a server that has imported it, which starts them in milliseconds.
    reply_timeout_s : float
        Longest wait for an answer [s].

    Attributes
    ----------
    ready : list of Ready
        What each of them said once it had started.
    started_s : float
        Time from the launch of the first until all had started [s].
    """

    def __init__(
        self, duty: Work, place: Place, from_nothing: bool = False, reply_timeout_s: float = REPLY_TIMEOUT_S
    ) -> None:
        self._duty = duty
        self._place = place
        self._context: SpawnContext | ForkServerContext = multiprocessing.get_context("spawn")
        if not from_nothing:
            self._context = multiprocessing.get_context("forkserver")
            self._context.set_forkserver_preload(["torch"])
        self._timeout_s = reply_timeout_s
        self._processes: list[BaseProcess] = []
        self._connections: list[Connection] = []
        self.ready: list[Ready] = []
        self.started_s = 0.0

    def __enter__(self) -> Self:
        began_s = time.perf_counter()
        port = _free_port()
        try:
            for rank in range(self._place.size):
                self._launch(replace(self._place, rank=rank, port=port))
            self.ready = self._answers(range(self._place.size))
        except CaseError as failure:
            self._kill()
            raise CrewError(*failure.args) from None
        except BaseException:
            self._kill()
            raise
        self.started_s = time.perf_counter() - began_s
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            with suppress(OSError):  # a worker that has ended already needs no telling
                for connection in self._connections:
                    connection.send(None)
            for process in self._processes:
                process.join(END_TIMEOUT_S)
        self._kill()

    def prepare(self, case: Case) -> None:
        """Make the inputs of a case in each of its processes.

        Parameters
        ----------
        case : Case
            What to prepare.

        Raises
        ------
        CaseError
            When one of them could not.
        CrewError
            When one of them has ended or does not answer.
        """
        self._tell(range(case.processes), case)
        self._answers(range(case.processes))

    def sample(self, case: Case, counts: Counts) -> list[list[float]]:
        """Time the prepared case in all of its processes at once.

        Parameters
        ----------
        case : Case
            The case that was prepared last.
        counts : Counts
            The size of the turn, the same for each process.

        Returns
        -------
        list of list of float
            Samples [s] of each process. They begin within about 0.1 ms of each other: as soon as each is told.

        Raises
        ------
        CaseError, CrewError
            As :meth:`prepare`.
        """
        self._tell(range(case.processes), counts)
        return self._answers(range(case.processes))

    def _launch(self, place: Place) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(self._duty, place, theirs), daemon=True)
        process.start()
        theirs.close()
        self._processes.append(process)
        self._connections.append(ours)

    def _tell(self, ranks: Sequence[int], message: Case | Counts) -> None:
        for rank in ranks:
            try:
                self._connections[rank].send(message)
            except OSError:
                raise CrewError(_end_of(rank, self._processes[rank])) from None

    def _answers(self, ranks: Sequence[int]) -> list[Any]:
        """One answer of each of these processes, in the order of their ranks."""
        answers: dict[int, Any] = {}
        problem, deadline_s = "", time.monotonic() + self._timeout_s
        while len(answers) < len(ranks):
            missing = {self._connections[rank]: rank for rank in ranks if rank not in answers}
            arrived = [link for link in wait(list(missing), max(0.0, deadline_s - time.monotonic())) if link in missing]
            if not arrived:
                raise CrewError(problem or f"no answer within {self._timeout_s:g} s")
            for rank in (missing[link] for link in arrived):
                answers[rank] = answer = self._answer(rank)
                if isinstance(answer, Failure):
                    problem = problem or answer.problem
                    deadline_s = min(deadline_s, time.monotonic() + GRACE_S)
        if problem:
            raise CaseError(problem)
        return [answers[rank] for rank in ranks]

    def _answer(self, rank: int) -> Any:
        try:
            return self._connections[rank].recv()
        except (EOFError, OSError):
            raise CrewError(_end_of(rank, self._processes[rank])) from None

    def _kill(self) -> None:
        for process in self._processes:
            process.kill()
            process.join()
            process.close()
        for connection in self._connections:
            connection.close()
        self._processes, self._connections = [], []


def _end_of(rank: int, process: BaseProcess) -> str:
    process.join(END_TIMEOUT_S)
    return f"worker {rank} ended with exit code {process.exitcode} (a negative one is the signal that killed it)"


def _free_port() -> int:
    """A port below those that the system gives to outgoing connections, one of which might take it before its use."""
    order = random.SystemRandom()
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", order.randrange(*PORTS)))
            return int(probe.getsockname()[1])
