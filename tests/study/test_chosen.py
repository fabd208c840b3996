"""Which replication is meant, and that simulating it again gives what it was."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from clustersim.run import simulate
from clustersim.study.chosen import chosen_number, records_of
from clustersim.study.ensemble import Ensemble
from clustersim.study.replication import Replication, Task, replicate
from tests.run.plans import digest, small_plan

PLAN = small_plan(categories=())
RUN = replicate(Task(PLAN, 0, (0,), ()))[0]


def ensemble(*runs: Replication) -> Ensemble:
    return Ensemble(PLAN, 0, runs)


def made(number: int, wall_s: float, *, finished: bool = True) -> Replication:
    return replace(RUN, number=number, wall_s=wall_s, finished=finished)


def test_words_go_by_wall_time() -> None:
    runs = ensemble(made(0, 30.0), made(1, 10.0), made(2, 20.0))
    assert [chosen_number(runs, word) for word in ("fastest", "median", "slowest")] == [1, 2, 0]
    assert chosen_number(runs, 7) == 7


def test_a_run_that_did_not_finish_is_the_slowest() -> None:
    runs = ensemble(made(0, 30.0), made(1, 25.0, finished=False), made(2, 20.0))
    assert (chosen_number(runs, "fastest"), chosen_number(runs, "slowest")) == (2, 1)


def test_another_replication_is_simulated_again() -> None:
    plan = small_plan(steps=400, restart_between=True)
    runs = tuple(replicate(Task(plan, 5, (0, 1, 2), ())))
    whole = Ensemble(plan, 5, runs)
    kept: Any = object()
    forecast: Any = SimpleNamespace(ensemble=whole, records=kept)
    assert records_of(forecast, whole.median_replication().number) is kept
    other = next(run.number for run in runs if run is not whole.median_replication())
    assert digest(records_of(forecast, other)) == digest(simulate(plan, 5, other))
