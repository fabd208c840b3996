"""1F1B: one forward pass, one backward pass, once the pipeline is full."""

from clustersim.step.pipeline.tasks import Kind, RankOrder, Task


def one_f_one_b_order(stages: int, rank: int, micro_batches: int) -> RankOrder:
    """Tasks of a rank under 1F1B.

    Parameters
    ----------
    stages, rank : int
        Pipeline stages, and this one.
    micro_batches : int
        Micro-batches per step.

    Returns
    -------
    RankOrder
        As many forward passes first as stages follow, then both in turn (PipeDream-Flush; Narayanan et al. 2021, arXiv
        2104.04473, section 2.2).
    """
    warmup = min(stages - rank - 1, micro_batches)
    tasks = [Task(Kind.FORWARD, 0, index) for index in range(warmup)]
    for index in range(micro_batches - warmup):
        tasks += (Task(Kind.FORWARD, 0, warmup + index), Task(Kind.BACKWARD, 0, index))
    tasks += [Task(Kind.BACKWARD, 0, index) for index in range(micro_batches - warmup, micro_batches)]
    return RankOrder(tuple(tasks), warmup=warmup, unit=2, beats=micro_batches - warmup)
