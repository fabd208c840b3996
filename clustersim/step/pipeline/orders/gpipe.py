"""GPipe: all forward passes, then all backward passes."""

from clustersim.step.pipeline.tasks import Kind, RankOrder, Task


def gpipe_order(micro_batches: int) -> RankOrder:
    """Tasks of any rank under GPipe.

    Parameters
    ----------
    micro_batches : int
        Micro-batches per step.

    Returns
    -------
    RankOrder
        Backward passes start with the last micro-batch (Huang et al. 2019, arXiv 1811.06965, figure 2c).
    """
    forward = [Task(Kind.FORWARD, 0, index) for index in range(micro_batches)]
    backward = [Task(Kind.BACKWARD, 0, index) for index in reversed(range(micro_batches))]
    return RankOrder(tuple(forward + backward), warmup=0, unit=1, beats=0)
