"""Interleaved 1F1B: every rank holds several chunks of the model and turns from one to the next."""

from clustersim.step.pipeline.tasks import Kind, RankOrder, Task


def interleaved_order(stages: int, rank: int, chunks: int, micro_batches: int, group: int) -> RankOrder:
    """Tasks of a rank under interleaved 1F1B, as Megatron-LM orders them.

    Parameters
    ----------
    stages, rank : int
        Pipeline stages, and this one.
    chunks : int
        Model chunks per stage.
    micro_batches : int
        Micro-batches per step.
    group : int
        Micro-batches that pass through a chunk before the rank turns to the next.

    Returns
    -------
    RankOrder
        ``2 (stages - rank - 1) + (chunks - 1) group`` forward passes first, all of them if there are no more, then
        forward and backward in turn.

    References
    ----------
    .. [1] Narayanan et al. (2021), arXiv 2104.04473, section 2.2.
    .. [2] Megatron-Core (2024), ``get_pp_rank_microbatches`` and ``get_schedule_table`` in
       ``pipeline_parallel/schedules.py``.
    """
    passes = _passes(chunks, micro_batches, group)
    forward = [Task(Kind.FORWARD, chunk, index) for chunk, index in passes]
    backward = [Task(Kind.BACKWARD, chunks - 1 - chunk, index) for chunk, index in passes]
    warmup = min(2 * (stages - rank - 1) + (chunks - 1) * group, len(passes))
    steady = len(passes) - warmup
    tasks = forward[:warmup]
    for pair in zip(forward[warmup:], backward, strict=False):
        tasks += pair
    return RankOrder(tuple(tasks + backward[steady:]), warmup=warmup, unit=2, beats=steady)


def _passes(chunks: int, micro_batches: int, group: int) -> list[tuple[int, int]]:
    return [
        (chunk, index)
        for first in range(0, micro_batches, group)
        for chunk in range(chunks)
        for index in range(first, min(first + group, micro_batches))
    ]
