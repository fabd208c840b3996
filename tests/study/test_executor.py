"""Executors: same results anywhere, and workers that die."""

import os
import signal
import time
from pathlib import Path

import pytest

from clustersim.study.executor import LocalProcesses, Serial, WorkerLostError, default_executor


def square(number: int) -> int:
    return number * number


def die_once(task: tuple[int, Path]) -> int:
    """Task 3 takes its worker down the first time it is tried."""
    number, marker = task
    if number == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_always(number: int) -> int:
    if number == 1:
        # Let the others finish, so that what is left is known.
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fail(number: int) -> int:
    if number == 2:
        message = f"no {number}"
        raise ArithmeticError(message)
    return number


@pytest.mark.parametrize("executor", [Serial(), LocalProcesses(1), LocalProcesses(2)])
def test_every_task_once_with_its_index(executor: Serial | LocalProcesses) -> None:
    results = list(executor.map_unordered(square, range(20)))
    assert sorted(results) == [(number, number * number) for number in range(20)]


def test_no_tasks() -> None:
    assert list(LocalProcesses(2).map_unordered(square, [])) == []
    assert list(Serial().map_unordered(square, [])) == []


def test_serial_is_lazy_and_in_order() -> None:
    results = Serial().map_unordered(square, [3, 4])
    assert next(results) == (0, 9)
    assert list(results) == [(1, 16)]


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    marker = tmp_path / "died"
    tasks = [(number, marker) for number in range(8)]
    results = list(LocalProcesses(2).map_unordered(die_once, tasks))
    assert marker.exists()
    assert sorted(results) == [(number, number) for number in range(8)], "each result comes once, whatever was redone"


def test_a_task_that_always_kills_is_given_up() -> None:
    got: list[tuple[int, int]] = []
    results = LocalProcesses(2).map_unordered(die_always, range(4))
    with pytest.raises(WorkerLostError, match=r"worker processes died 3 times; \d of 4 tasks were left undone"):
        got.extend(results)
    assert (1, 1) not in got
    assert len(got) == len(set(got))
    # The next call starts with healthy workers.
    assert len(list(LocalProcesses(2).map_unordered(square, range(3)))) == 3


@pytest.mark.parametrize("executor", [Serial(), LocalProcesses(2)])
def test_an_error_in_a_task_is_raised_here(executor: Serial | LocalProcesses) -> None:
    with pytest.raises(ArithmeticError, match="no 2"):
        list(executor.map_unordered(fail, range(5)))


def test_a_caller_that_stops_early_leaves_nothing_running() -> None:
    results = LocalProcesses(2).map_unordered(square, range(50))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert list(results) == []


def test_default_executor() -> None:
    assert isinstance(default_executor(1), Serial)
    three = default_executor(3)
    assert isinstance(three, LocalProcesses)
    assert three.workers == 3
    assert default_executor().workers == (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
