"""The tables of durations that a simulation picks from."""

from clustersim.step.pipeline.graph import Graph
from clustersim.step.pipeline.schedule import Schedule
from clustersim.step.pipeline.work import Work


def compute_table(schedule: Schedule, work: Work) -> list[float]:
    """Computation of every kind of task in every chunk [s], in the places of :func:`~.graph.slot`.

    Parameters
    ----------
    schedule : Schedule
        Its ranks and chunks.
    work : Work
        Times of one micro-batch on as many.

    Returns
    -------
    list of float
        By rank, chunk and kind; a zero at the end.

    Raises
    ------
    ValueError
        If the work is that of other ranks or chunks, or lacks the times of weight gradients that the schedule splits
        off.
    """
    check_work(schedule, work)
    if schedule.name in ("gpipe", "1f1b"):
        rows = zip(work.forward_s, work.backward_s, strict=True)
        return [*(time for row in rows for both in zip(*row, strict=True) for time in both), 0.0]
    table: list[float] = []
    for rank, weights in enumerate(work.weight_s or ()):
        for chunk, weight in enumerate(weights):
            table += _split(schedule, work, rank, chunk, weight)
    return [*table, 0.0]


def _split(schedule: Schedule, work: Work, rank: int, chunk: int, weight: float) -> tuple[float, ...]:
    forward, backward = work.forward_s[rank][chunk], work.backward_s[rank][chunk]
    if schedule.name == "zero-bubble":
        return forward, backward - weight, weight
    hidden = work.pair_hidden_s[rank][chunk] if work.pair_hidden_s else 0.0
    return forward, backward, backward - weight, weight, forward + work.backward_s[rank][1 - chunk] - hidden


def check_work(schedule: Schedule, work: Work) -> None:
    """Refuse work of another shape than the schedule; see :func:`compute_table`."""
    given = {len(work.forward_s), len(work.backward_s), *(() if work.weight_s is None else (len(work.weight_s),))}
    if given != {schedule.stages} or {len(work.forward_s[0]), len(work.backward_s[0])} != {schedule.chunks}:
        msg = f"the work is not that of {schedule.stages} ranks with {schedule.chunks} chunks each"
        raise ValueError(msg)
    if work.weight_s is None and schedule.name in ("zero-bubble", "dualpipe"):
        msg = f"{schedule.name} splits the backward pass: give weight_s"
        raise ValueError(msg)
    if not isinstance(work.message_s, float | int) and len(work.message_s) != schedule.stages:
        msg = f"{len(work.message_s)} message times for {schedule.stages} links"
        raise ValueError(msg)


def message_times(schedule: Schedule, work: Work) -> tuple[float, ...]:
    """Time of a message on every link [s], shape (stages,)."""
    if isinstance(work.message_s, float | int):
        return (float(work.message_s),) * schedule.stages
    return work.message_s


def blocked_table(graph: Graph, work: Work) -> list[float]:
    """Time that the sender stands still for the messages of every kind of task [s], in the same places."""
    if isinstance(work.message_s, float | int):
        once_s = work.blocking * work.message_s
        return [once_s * messages for messages in graph.messages]
    held_s = [work.blocking * time for time in work.message_s]
    return [sum(held_s[link] for link in links) for links in graph.sent]
