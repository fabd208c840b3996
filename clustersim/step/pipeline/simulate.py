"""Runs a schedule: the longest path through its graph."""

from collections.abc import Sequence
from operator import add

from clustersim.step.pipeline.graph import Graph, compile_graph
from clustersim.step.pipeline.periodic import pace_of, shortest
from clustersim.step.pipeline.run import PipelineRun
from clustersim.step.pipeline.schedule import Schedule
from clustersim.step.pipeline.table import blocked_table, compute_table, message_times
from clustersim.step.pipeline.varied import varied_durations
from clustersim.step.pipeline.work import Work

SPARE_ROUNDS = (1, 4, 13, 40)
"""Rounds given to the pipeline to find its pace, try by try; then every micro-batch is simulated."""

WORTH = 2.0
"""Fewer micro-batches are simulated where the schedule has this many times as many."""


def simulate(schedule: Schedule, work: Work, factors: Sequence[float] | None = None) -> PipelineRun:
    """Run one step's micro-batches through a pipeline.

    Parameters
    ----------
    schedule : Schedule
        Its order and size.
    work : Work
        Times of one micro-batch in each chunk of each rank.
    factors : sequence of float, shape (micro_batches,), optional
        Work of each micro-batch relative to that (sequences of unequal length); all 1 when omitted. Messages keep their
        time.

    Returns
    -------
    PipelineRun
        Times of all ranks.

    Raises
    ------
    PipelineDeadlockError
        If the ranks of the schedule wait for each other in a circle.
    ValueError
        If work or factors do not have the shape of the schedule.

    Notes
    -----
    A task starts when its rank is free and its message is there, and ranks keep their order whatever happens. With
    equal micro-batches the steady state is simulated until two rounds of it agree in every task
    (:func:`~clustersim.step.pipeline.periodic.steady_of`); the rounds left out are added.
    """
    if factors is not None:
        if len(factors) != schedule.micro_batches:
            msg = f"{len(factors)} factors for {schedule.micro_batches} micro-batches"
            raise ValueError(msg)
        return run_graph(compile_graph(schedule), work, factors)
    for spare_rounds in SPARE_ROUNDS:
        fewer = shortest(schedule, spare_rounds)
        if schedule.micro_batches < WORTH * fewer:
            break
        run = _extended(schedule, work, fewer)
        if run is not None:
            return run
    return run_graph(compile_graph(schedule), work)


def _extended(schedule: Schedule, work: Work, fewer: int) -> PipelineRun | None:
    """Simulate fewer micro-batches and add the rounds left out; None if they do not show a steady state."""
    run = run_graph(compile_graph(schedule.shortened(fewer)), work)
    pace = None if run.graph.steady is None else pace_of(run.graph.steady, run.finish_s)
    if pace is None:
        return None
    left = schedule.micro_batches - fewer
    odd = left % pace.round.micro_batches
    if odd:
        return _extended(schedule, work, fewer + odd)
    return run.extended(schedule, left // pace.round.micro_batches, pace)


def run_graph(graph: Graph, work: Work, factors: Sequence[float] | None = None) -> PipelineRun:
    """Run every node of a compiled schedule; see :func:`simulate`."""
    table = compute_table(graph.schedule, work)
    if factors is not None:
        compute = varied_durations(graph, table, work, factors)
    blocked = blocked_table(graph, work) if work.blocking else None
    if factors is None:
        durations = graph.durations(table if blocked is None else list(map(add, table, blocked)))
    else:
        durations = compute if blocked is None else tuple(map(add, compute, graph.durations(blocked)))
    messages = message_times(graph.schedule, work)
    finish = finish_times(graph, durations, [(1.0 - work.blocking) * time for time in messages])
    return PipelineRun(graph.schedule, work, graph, finish, durations, blocked, messages, factors is not None)


def finish_times(graph: Graph, durations: Sequence[float], delays: Sequence[float]) -> list[float]:
    """When each node is over [s].

    Parameters
    ----------
    graph : Graph
        What waits for what.
    durations : sequence of float, shape (nodes,)
        Time of each node on its rank [s].
    delays : sequence of float, shape (stages,)
        Time from the end of a node to the arrival of its message, by link [s].

    Returns
    -------
    list of float, shape (nodes + 2,)
        Starts with the two nodes that are no tasks.

    Notes
    -----
    This loop is most of the time of a step prediction, 0.1 us a task, which is why it is bare, and there twice: links
    of one speed, the rule, save a fifth of it.
    """
    finish = [0.0, float("-inf")]
    append = finish.append
    if min(delays) == max(delays):
        delay = delays[0]
        for previous, source, duration in zip(graph.previous, graph.source, durations, strict=True):
            start, arrival = finish[previous], finish[source] + delay
            append((start if start > arrival else arrival) + duration)
        return finish
    by_node = graph.delays(delays)
    for previous, source, duration, delay in zip(graph.previous, graph.source, durations, by_node, strict=True):
        start, arrival = finish[previous], finish[source] + delay
        append((start if start > arrival else arrival) + duration)
    return finish
