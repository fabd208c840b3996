"""In which order the ranks of a pipeline work, one schedule a file."""

from clustersim.step.pipeline.orders.dualpipe import dualpipe_order
from clustersim.step.pipeline.orders.gpipe import gpipe_order
from clustersim.step.pipeline.orders.interleaved import interleaved_order
from clustersim.step.pipeline.orders.one_f_one_b import one_f_one_b_order
from clustersim.step.pipeline.orders.zero_bubble import zero_bubble_order
from clustersim.step.pipeline.schedule import Schedule
from clustersim.step.pipeline.tasks import RankOrder

__all__ = ["rank_orders"]


def rank_orders(schedule: Schedule) -> tuple[RankOrder, ...]:
    """Tasks of every rank in the order it does them.

    Parameters
    ----------
    schedule : Schedule
        The schedule and its size.

    Returns
    -------
    tuple of RankOrder, shape (stages,)
        First rank first.
    """
    stages, count = schedule.stages, schedule.micro_batches
    if schedule.name == "gpipe":
        return tuple(gpipe_order(count) for _ in range(stages))
    if schedule.name == "zero-bubble":
        return tuple(zero_bubble_order(stages, rank, count) for rank in range(stages))
    if schedule.name == "dualpipe":
        return tuple(dualpipe_order(stages, rank, count) for rank in range(stages))
    if schedule.chunks == 1:
        return tuple(one_f_one_b_order(stages, rank, count) for rank in range(stages))
    return tuple(interleaved_order(stages, rank, schedule.chunks, count, schedule.group) for rank in range(stages))
