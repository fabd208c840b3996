"""Durations where micro-batches differ."""

from collections.abc import Sequence

from clustersim.step.pipeline.graph import Graph
from clustersim.step.pipeline.tasks import Kind, Task
from clustersim.step.pipeline.work import Work


def varied_durations(graph: Graph, table: Sequence[float], work: Work, factors: Sequence[float]) -> tuple[float, ...]:
    """Computation of every node when micro-batches take different times.

    Parameters
    ----------
    graph : Graph
        The compiled schedule.
    table : sequence of float
        Durations of an ordinary micro-batch [s].
    work : Work
        Where they come from; a pair is made of two micro-batches.
    factors : sequence of float, shape (micro_batches,)
        Relative work of each micro-batch.

    Returns
    -------
    tuple of float, shape (nodes,)
        Seconds. What a pair hides shrinks with the smaller of its two.
    """
    durations = [0.0] * len(graph.slots)
    for rank, row in enumerate(graph.ranks):
        for node, task in row:
            if task is None:
                continue
            index = graph.index(node)
            if task.kind is Kind.PAIR:
                durations[index] = _pair_s(work, rank, task, factors)
            else:
                durations[index] = factors[task.micro_batch] * table[graph.slots[index]]
    return tuple(durations)


def _pair_s(work: Work, rank: int, task: Task, factors: Sequence[float]) -> float:
    one, other = factors[task.micro_batch], factors[task.paired]
    hidden = work.pair_hidden_s[rank][task.chunk] if work.pair_hidden_s else 0.0
    forward, backward = work.forward_s[rank][task.chunk], work.backward_s[rank][1 - task.chunk]
    return one * forward + other * backward - min(one, other) * hidden
