"""What is kept of one simulated run: its metrics, read off its records in the worker that made them."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from clustersim.run import metrics
from clustersim.run.engine import drawn_phases, drawn_rate_factor, simulate
from clustersim.run.parts import time_by_part_s
from clustersim.run.plan import RunPlan, ideal_s
from clustersim.run.records import Records
from clustersim.run.sizes import full_size_time, time_by_size_s

PROGRESS_POINTS = 121
"""Evenly spaced moments of a run at which its progress is kept for the figure."""


@dataclass(frozen=True, slots=True)
class WindowMetrics:
    """Metrics of one reported window."""

    effective_training_time: float
    unexpected: int
    planned: int
    manual: int
    tokens: float
    """Tokens trained in it that count in the end."""
    by_category: dict[str, int]
    covered: bool
    """The run lasted until the end of the window."""
    node_s: float
    """Node-seconds of the job in it."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Where time of the job went."""

    total_s: float
    by_state_s: dict[str, float]
    parts_by_state_s: dict[str, dict[str, float]]
    lost_by_cause_s: dict[str, float]
    by_phase_and_state_s: tuple[tuple[float, ...], ...]
    """Rows are phases, columns states."""

    def phase_s(self, phase: int) -> float:
        """Of a phase [s]."""
        return sum(self.by_phase_and_state_s[phase])

    def main_s(self, main: Sequence[bool]) -> float:
        """Of the phases that count as the main run [s]."""
        return sum(self.phase_s(phase) for phase, counts in enumerate(main) if counts)


@dataclass(frozen=True, slots=True)
class Replication:
    """Metrics of one run."""

    number: int
    finished: bool
    wall_s: float
    tokens: float
    wall: Spent
    """By the clock on the wall."""
    full_size: Spent
    """GPU time: the seconds in which the job at its largest has as many node-seconds."""
    time_by_size_s: dict[int, float]
    """By the nodes that the job has."""
    interruptions: dict[str, int]
    unexpected: int
    planned: int
    manual: int
    recovery_s: float
    """Time from unexpected interruptions to the first step after them, all together."""
    checkpoints: int
    windows: tuple[WindowMetrics, ...]
    progress_tokens: tuple[float, ...]
    step_time_factor: float
    failure_rate_factor: float
    repairs: int

    @property
    def effective_training_time(self) -> float:
        """Productive over wall time."""
        return self.wall.by_state_s["productive"] / self.wall_s


@dataclass(frozen=True, slots=True)
class Task:
    """A few replications for one worker."""

    plan: RunPlan
    seed: int
    numbers: tuple[int, ...]
    windows: tuple[metrics.Window, ...]


def replicate(task: Task) -> list[Replication]:
    """Simulate the replications of a task and read their metrics."""
    with _no_garbage_collection():
        return [_replicate(task, number) for number in task.numbers]


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Put the collector off: a run drops its many small records all at once, and is a quarter faster without it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
            # All that was made meanwhile is in the youngest generation; what was there before need not be searched.
            gc.collect(0)


def _replicate(task: Task, number: int) -> Replication:
    plan = task.plan
    records = simulate(plan, task.seed, number)
    unexpected, planned = metrics.interruptions(records)
    times_s = np.linspace(0.0, records.end_s, PROGRESS_POINTS)
    at_full_size, wall = full_size_time(records, plan.job_nodes), _spent(records)
    return Replication(
        number=number,
        finished=records.finished,
        wall_s=records.end_s,
        tokens=metrics.tokens_trained(records),
        wall=wall,
        full_size=wall if at_full_size is records else _spent(at_full_size),
        time_by_size_s=time_by_size_s(records),
        interruptions=metrics.interruptions_by_category(records),
        unexpected=unexpected,
        planned=planned,
        manual=metrics.manual_interventions(records),
        recovery_s=metrics.recovery_time_s(records),
        checkpoints=metrics.checkpoints_taken(records),
        windows=tuple(
            WindowMetrics(
                metrics.effective_training_time(records, window),
                *metrics.interruptions(records, window),
                metrics.manual_interventions(records, window),
                metrics.tokens_in(records, window),
                metrics.interruptions_by_category(records, window),
                records.end_s >= window.end_s,
                sum(nodes * length_s for nodes, length_s in time_by_size_s(records, window).items()),
            )
            for window in task.windows
        ),
        progress_tokens=tuple(metrics.tokens_at_s(records, times_s).tolist()),
        step_time_factor=_step_time_factor(plan, task.seed, number),
        failure_rate_factor=_failure_rate_factor(plan, task.seed, number),
        repairs=len(records.repairs["end_s"]),
    )


def _spent(records: Records) -> Spent:
    return Spent(
        total_s=records.end_s,
        by_state_s=metrics.time_by_state_s(records),
        parts_by_state_s=time_by_part_s(records),
        lost_by_cause_s=metrics.time_lost_by_cause_s(records),
        by_phase_and_state_s=tuple(map(tuple, metrics.time_by_phase_and_state_s(records).tolist())),
    )


def _step_time_factor(plan: RunPlan, seed: int, number: int) -> float:
    """Training time without disturbance in this run, over its median."""
    drawn_s = sum(phase.steps * phase.step_time_s for phase in drawn_phases(plan, seed, number))
    return drawn_s / ideal_s(plan.phases)


def _failure_rate_factor(plan: RunPlan, seed: int, number: int) -> float:
    """Total failure rate in this run, over its nominal value."""
    nominal_s = sum(category.rate_s for category in plan.categories)
    if nominal_s == 0.0:
        return 1.0
    drawn_s = sum(c.rate_s * drawn_rate_factor(plan, c, seed, number) for c in plan.categories)
    return drawn_s / nominal_s
