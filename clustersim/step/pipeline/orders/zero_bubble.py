"""ZB-H1: 1F1B whose weight gradients wait until the rank would be idle."""

from collections.abc import Iterator

from clustersim.step.pipeline.tasks import Kind, RankOrder, Task


def zero_bubble_order(stages: int, rank: int, micro_batches: int) -> RankOrder:
    """Tasks of a rank under the hand-made zero-bubble schedule ZB-H1.

    Parameters
    ----------
    stages, rank : int
        Pipeline stages, and this one.
    micro_batches : int
        Micro-batches per step.

    Returns
    -------
    RankOrder
        1F1B with the backward pass for the weights split off. Rank ``r`` does it ``r`` micro-batches late, so that
        every rank holds the activations of as many micro-batches as there are stages: the peak of 1F1B.

    References
    ----------
    .. [1] Qi et al. (2024), Zero Bubble Pipeline Parallelism, arXiv 2401.10241, section 2.1 and figure 2.
    """
    ahead = min(stages - rank - 1, micro_batches)
    tasks = [Task(Kind.FORWARD, 0, index) for index in range(ahead)]
    filling = min(rank, micro_batches - ahead)
    for index in range(micro_batches):
        if ahead + index < micro_batches:
            tasks.append(Task(Kind.FORWARD, 0, ahead + index))
        tasks.append(Task(Kind.INPUT, 0, index))
        tasks += _weights(index - rank, index - rank + 1)
    tasks += _weights(max(0, micro_batches - rank), micro_batches)
    return RankOrder(tuple(tasks), warmup=ahead + 2 * filling, unit=3, beats=micro_batches - ahead - filling)


def _weights(first: int, last: int) -> Iterator[Task]:
    return (Task(Kind.WEIGHT, 0, index) for index in range(max(0, first), last))
