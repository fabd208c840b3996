"""Many replications of one plan."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clustersim.run.metrics import Window
from clustersim.run.plan import RunPlan
from clustersim.study.executor import Executor
from clustersim.study.replication import Replication, Task, WindowMetrics, replicate

Progress = Callable[[int, int], None]
"""Called with the replications done and the total."""

_TASKS_PER_WORKER = 8
_LARGEST_TASK = 10
"""Replications in a task: what an interrupt can cost."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Replications in the order of their numbers, whatever order they came in.

    ``interrupted`` says that not all that were asked for were simulated.
    """

    plan: RunPlan
    seed: int
    replications: tuple[Replication, ...]
    interrupted: bool = False

    def median_replication(self) -> Replication:
        """The finished run, or failing that any run, whose wall time is nearest the median."""
        runs = [run for run in self.replications if run.finished] or list(self.replications)
        by_wall_time = sorted(runs, key=lambda run: (run.wall_s, run.number))
        return by_wall_time[(len(by_wall_time) - 1) // 2]

    def windows(self, index: int) -> list[WindowMetrics]:
        """Metrics of one window in the runs that lasted beyond its end; none if fewer than two did."""
        covered = [run.windows[index] for run in self.replications if run.windows[index].covered]
        return covered if len(covered) > 1 else []


def run_ensemble(
    plan: RunPlan,
    seed: int,
    replications: int,
    executor: Executor,
    windows: Sequence[Window] = (),
    on_progress: Progress | None = None,
) -> Ensemble:
    """Simulate a plan many times.

    Parameters
    ----------
    plan : RunPlan
        What to run.
    seed : int
        Seed of the study. Replication ``i`` is the same whatever the executor and the number of workers.
    replications : int
        How many runs.
    executor : Executor
        Where to run them.
    windows : sequence of Window
        Stretches of wall time that get metrics of their own.
    on_progress : callable, optional
        Called with the replications done so far and their total.

    Notes
    -----
    A keyboard interrupt keeps what is done, once two replications are; before that it is raised.
    """
    parts = max(executor.workers * _TASKS_PER_WORKER, -(-replications // _LARGEST_TASK))
    tasks = [Task(plan, seed, numbers, tuple(windows)) for numbers in _split(replications, parts)]
    done: list[Replication] = []
    interrupted = False
    try:
        for _index, runs in executor.map_unordered(replicate, tasks):
            done.extend(runs)
            if on_progress is not None:
                on_progress(len(done), replications)
    except KeyboardInterrupt:
        if len(done) < 2:
            raise
        interrupted = True
    done.sort(key=lambda run: run.number)
    return Ensemble(plan, seed, tuple(done), interrupted)


def _split(replications: int, parts: int) -> list[tuple[int, ...]]:
    """Numbers of the replications in at most so many tasks of nearly equal size."""
    parts = min(parts, replications)
    return [tuple(range(part, replications, parts)) for part in range(parts)]
