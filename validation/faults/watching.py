"""What the driver sees of a job from outside: when its processes came and went, and whether it still says something."""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validation.faults.processes import Worker, workers

START_LIMIT_S = 60.0
"""Silence of a job that has not yet taken a step after which it is taken for hung [s]."""

_TRAINING = ("step", "checkpoint", "checkpoint_failed", "end")
"""Last words of a job that trains; after any other it is still starting."""

_TAIL_BYTES = 1 << 14
"""More than the longest line of a log."""


@dataclass(slots=True)
class Attempt:
    """One life of the job's processes.

    Attributes
    ----------
    number : int
        How often torchrun restarted them before.
    started_s : float
        Unix time at which the first of them was started [s].
    gone_s : float
        Unix time at which the last of them was seen to be gone [s]; infinite as long as one lives.
    """

    number: int
    started_s: float
    gone_s: float


class Watcher:
    """Follows the processes of an agent from attempt to attempt.

    Parameters
    ----------
    agent : int
        Process number of torchrun.

    Attributes
    ----------
    attempts : list of Attempt
        Seen so far.
    """

    def __init__(self, agent: int) -> None:
        self.attempts: list[Attempt] = []
        self._agent = agent
        self._known: dict[int, Worker] = {}

    def look(self) -> list[Worker]:
        """Look once; returns the processes that live."""
        for worker in workers(self._agent):
            if worker.pid not in self._known:
                self._known[worker.pid] = worker
                self._belongs(worker)
        living = [worker for worker in self._known.values() if worker.alive]
        self._known = {worker.pid: worker for worker in living}
        for attempt in self.attempts:
            if attempt.gone_s == float("inf") and all(worker.attempt != attempt.number for worker in living):
                attempt.gone_s = time.time()
        return living

    @property
    def started_s(self) -> float | None:
        """Unix time at which the job's first process was started [s]; None before."""
        return self.attempts[0].started_s if self.attempts else None

    def _belongs(self, worker: Worker) -> None:
        for attempt in self.attempts:
            if attempt.number == worker.attempt:
                attempt.started_s = min(attempt.started_s, worker.started_s)
                attempt.gone_s = float("inf")
                return
        self.attempts.append(Attempt(worker.attempt, worker.started_s, float("inf")))


class Heartbeat:
    """Kills a job whose log has been silent for too long, as the health check of a cluster does.

    The job's own collectives give up only after ten minutes; torchrun then restarts what was killed.

    Parameters
    ----------
    log : Path
        The job's log.
    timeout_s : float
        Silence that is too long once the job trains [s].

    Attributes
    ----------
    kills : list of float
        Unix times at which it killed the job [s].
    """

    def __init__(self, log: Path, timeout_s: float) -> None:
        self.kills: list[float] = []
        self._log, self._timeout_s = log, timeout_s
        self._read_bytes = 0
        self._last: dict[str, Any] = {}

    @property
    def completed(self) -> bool:
        """Whether the log says that the last step is done: what strikes now finds nothing to disturb."""
        self._read()
        return self._last.get("event") == "end" and self._last.get("reason") == "completed"

    def tick(self, attempt: Attempt, job: Sequence[Worker]) -> None:
        """Look at the log, and kill the processes of the job if it has been silent."""
        self._read()
        now_s = time.time()
        word_s = self._last.get("time_s", 0.0)
        trains = word_s > attempt.started_s and self._last["event"] in _TRAINING
        silent_s = now_s - max(word_s, attempt.started_s, self.kills[-1] if self.kills else 0.0)
        if job and silent_s > (self._timeout_s if trains else START_LIMIT_S):
            for worker in job:
                worker.kill()
            self.kills.append(now_s)

    def _read(self) -> None:
        """Read the last whole line of the log if it has grown."""
        with suppress(OSError):
            size = self._log.stat().st_size
            if size == self._read_bytes:
                return
            with self._log.open("rb") as file:
                file.seek(max(0, size - _TAIL_BYTES))
                lines = file.read().split(b"\n")
            self._read_bytes = size
            if len(lines) > 1:
                self._last = json.loads(lines[-2])
