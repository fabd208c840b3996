"""Where tasks run: in this process, or on local worker processes that may die."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_ATTEMPTS = 3


class Executor(Protocol):
    """Runs a function over tasks and yields results as they come, in any order."""

    workers: int

    def map_unordered(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
        """Yield ``(index of the task, result)``."""
        ...

    def close(self) -> None:
        """End what was started. The executor can still be used, and starts anew."""
        ...


class Serial:
    """One task after the other, here."""

    workers = 1

    def map_unordered(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
        """Yield ``(index of the task, result)``."""
        for index, task in enumerate(tasks):
            yield index, function(task)

    def close(self) -> None:
        """Nothing was started."""


class WorkerLostError(RuntimeError):
    """A task took its worker process down every time it was tried."""


class LocalProcesses:
    """Worker processes of this machine. A worker that dies is replaced and its tasks are tried again.

    Parameters
    ----------
    workers : int
        Number of processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map_unordered(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
        """Yield ``(index of the task, result)``; a failing task raises what it raised."""
        from concurrent.futures import as_completed
        from concurrent.futures.process import BrokenProcessPool

        waiting = list(range(len(tasks)))
        for _attempt in range(_ATTEMPTS):
            pool = self._pool()
            futures = {pool.submit(function, tasks[index]): index for index in waiting}
            try:
                for future in as_completed(futures):
                    index = futures[future]
                    result = future.result()
                    waiting.remove(index)
                    yield index, result
            except BrokenProcessPool:
                continue
            except BaseException:
                # An error or an interrupt: what is queued must not go on behind the user's back.
                pool.shutdown(wait=False, kill_workers=True)
                raise
            return
        message = f"worker processes died {_ATTEMPTS} times; {len(waiting)} of {len(tasks)} tasks were left undone"
        raise WorkerLostError(message)

    def close(self) -> None:
        """Stop the worker processes and wait until they are gone."""
        self._pool().shutdown(wait=True, kill_workers=True)

    def _pool(self) -> Any:
        from loky import get_reusable_executor

        return get_reusable_executor(max_workers=self.workers, timeout=60, env={"OPENBLAS_NUM_THREADS": "1"})


def default_executor(workers: int | None = None) -> Executor:
    """Local processes, one per core, or this process where there is but one.

    Parameters
    ----------
    workers : int, optional
        Number of worker processes; the cores this process may use when omitted.
    """
    count = len(os.sched_getaffinity(0)) if workers is None and hasattr(os, "sched_getaffinity") else workers
    count = count or os.cpu_count() or 1
    return Serial() if count == 1 else LocalProcesses(count)
