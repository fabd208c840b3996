"""Ensembles: the same whatever runs them, and what an interrupt keeps."""

from collections.abc import Callable

import pytest

from clustersim.run import simulate
from clustersim.run.metrics import Window
from clustersim.study.ensemble import Ensemble, run_ensemble
from clustersim.study.executor import LocalProcesses, Serial
from clustersim.study.replication import Task, replicate
from tests.run.plans import DAY_S, SPARES
from tests.run.test_determinism import busy_plan

PLAN = busy_plan(SPARES)
WINDOWS = (Window(0.0, 2 * DAY_S), Window(DAY_S, 30 * DAY_S))


def test_replications_do_not_depend_on_the_executor() -> None:
    alone = run_ensemble(PLAN, 3, 20, Serial(), WINDOWS)
    for workers in (1, 2):
        together = run_ensemble(PLAN, 3, 20, LocalProcesses(workers), WINDOWS)
        assert together.replications == alone.replications
    assert [run.number for run in alone.replications] == list(range(20))
    assert len({run.tokens for run in alone.replications}) == 20, "each replication has its own chance"
    assert not alone.interrupted


def test_a_replication_does_not_depend_on_how_many_there_are() -> None:
    few, many = (run_ensemble(PLAN, 3, count, Serial(), WINDOWS) for count in (3, 11))
    assert few.replications == many.replications[:3]


def test_replication_is_the_metrics_of_its_records() -> None:
    (run,) = replicate(Task(PLAN, 3, (7,), WINDOWS))
    records = simulate(PLAN, 3, 7)
    assert run.number == 7
    assert run.wall_s == records.end_s
    assert run.finished == records.finished
    assert run.checkpoints == len(records.checkpoints["step"])
    assert run.repairs == len(records.repairs["end_s"]) == 0
    assert sum(run.wall.by_state_s.values()) == pytest.approx(records.end_s)
    assert sum(map(sum, run.wall.by_phase_and_state_s)) == pytest.approx(records.end_s)
    assert sum(run.wall.lost_by_cause_s.values()) == pytest.approx(records.end_s - run.wall.by_state_s["productive"])
    assert sum(run.interruptions.values()) == run.unexpected + run.planned
    assert run.progress_tokens[0] == 0.0
    assert list(run.progress_tokens) == sorted(run.progress_tokens)
    assert run.progress_tokens[-1] == pytest.approx(run.tokens)
    assert (run.step_time_factor, run.failure_rate_factor) == (1.0, 1.0)
    assert [window.covered for window in run.windows] == [True, False]
    assert run.windows[0].unexpected == sum(run.windows[0].by_category.values())


def test_progress_counts_up() -> None:
    seen: list[tuple[int, int]] = []
    run_ensemble(PLAN, 3, 10, Serial(), on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10, 10)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def interrupt_after(count: int) -> Callable[[int, int], None]:
    def on_progress(done: int, _total: int) -> None:
        if done >= count:
            raise KeyboardInterrupt

    return on_progress


@pytest.mark.parametrize("executor", [Serial(), LocalProcesses(2)])
def test_an_interrupt_keeps_what_is_done(executor: Serial | LocalProcesses) -> None:
    part = run_ensemble(PLAN, 3, 32, executor, on_progress=interrupt_after(8))
    assert part.interrupted
    assert 8 <= len(part.replications) < 32
    whole = {run.number: run for run in run_ensemble(PLAN, 3, 32, Serial()).replications}
    assert all(run == whole[run.number] for run in part.replications)


def test_an_interrupt_at_once_keeps_nothing() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_ensemble(PLAN, 3, 8, Serial(), on_progress=interrupt_after(1))


def test_median_replication_is_a_finished_one_if_there_is_one() -> None:
    runs = run_ensemble(PLAN, 3, 5, Serial()).replications
    from dataclasses import replace

    walls_s = (50.0, 10.0, 40.0, 20.0, 30.0)
    mixed = tuple(
        replace(run, wall_s=wall_s, finished=wall_s < 35.0) for run, wall_s in zip(runs, walls_s, strict=True)
    )
    assert Ensemble(PLAN, 3, mixed, 1.0).median_replication().wall_s == 20.0
    none = tuple(replace(run, finished=False) for run in mixed)
    assert Ensemble(PLAN, 3, none, 1.0).median_replication().wall_s == 30.0
