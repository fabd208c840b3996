"""Every task of a pipeline with its beginning and its end, for people who want to look at it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clustersim.step.pipeline.graph import compile_graph
from clustersim.step.pipeline.route import Cell, stage_of
from clustersim.step.pipeline.run import PipelineRun
from clustersim.step.pipeline.schedule import Schedule
from clustersim.step.pipeline.simulate import run_graph
from clustersim.step.pipeline.tasks import Kind, Task
from clustersim.step.pipeline.work import Work


@dataclass(frozen=True, slots=True)
class Slice:
    """One task on its rank.

    Attributes
    ----------
    rank, stage : int
        Pipeline rank, and position of the chunk in the model, from 0 at the embedding.
    task : Task
        What it is.
    arrival_wait_s : float
        Time just before ``start_s`` that the rank waited for a message on its way [s].
    start_s, end_s : float
        Computation [s].
    send_s : float
        Time after ``end_s`` that the rank stands still for its own message [s].
    """

    rank: int
    stage: int
    task: Task
    arrival_wait_s: float
    start_s: float
    end_s: float
    send_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """All tasks of a step, rank by rank, each rank's in time order."""

    schedule: Schedule
    ranks: tuple[tuple[Slice, ...], ...]
    total_s: float


def timeline(schedule: Schedule, work: Work, factors: Sequence[float] | None = None) -> Timeline:
    """Every task of a step.

    Parameters
    ----------
    schedule, work, factors
        As in :func:`~clustersim.step.pipeline.simulate.simulate`.

    Returns
    -------
    Timeline
        All micro-batches are simulated, however many: meant for one step, not for a search.
    """
    run = run_graph(compile_graph(schedule), work, factors)
    ranks = tuple(tuple(_slices(run, rank)) for rank in range(schedule.stages))
    return Timeline(schedule, ranks, run.total_s)


def _slices(run: PipelineRun, rank: int) -> Iterator[Slice]:
    waited = 0.0
    for node, task in run.graph.ranks[rank]:
        waited += run.message_wait_s(node)
        if task is None:
            continue
        held, end = run.held_s(node), run.finish_s[node]
        yield Slice(
            rank=rank,
            stage=stage_of(run.schedule, Cell(rank, task.chunk)),
            task=task,
            arrival_wait_s=waited,
            start_s=end - run.durations_s[run.graph.index(node)],
            end_s=end - held,
            send_s=held,
        )
        waited = 0.0


def in_flight(slices: Sequence[Slice]) -> list[tuple[float, int]]:
    """How many micro-batches of a rank keep their activations, counted once for each chunk.

    Parameters
    ----------
    slices : sequence of Slice
        Tasks of one rank.

    Returns
    -------
    list of (float, int)
        Time [s] of each change and the number from then on. Activations are there from the start of a forward pass to
        the end of the backward pass, of its part for the weights where it is split.
    """
    changes: list[tuple[float, int]] = []
    for piece in slices:
        if piece.task.kind in (Kind.FORWARD, Kind.PAIR):
            changes.append((piece.start_s, 1))
        if piece.task.kind in (Kind.BACKWARD, Kind.WEIGHT, Kind.PAIR):
            changes.append((piece.end_s, -1))
    changes.sort()
    count, counted = 0, []
    for time, change in changes:
        count += change
        counted.append((time, count))
    return counted
