"""The once-a-step exchange of gradients and weights beside the ends of the pipeline."""

from itertools import pairwise

from clustersim.step.exchange import overlaps
from clustersim.step.job import Job
from clustersim.step.overlap import exposed_s
from clustersim.step.pipeline import PipelineRun, gathering_delay_s, reduction_end_s
from clustersim.step.pipeline.route import Cell, stage_of
from clustersim.step.stage import StageTime, stage_exchange_s, stage_weights

Exchange = tuple[float, float]
"""Time to reduce gradients and to gather weights [s]."""

FIRST_BUCKET_BYTES, BUCKET_BYTES = 2**20, 25 * 2**20
"""Gradients that DDP waits for before it reduces them: the first time, and every other time (``bucket_cap_mb`` of torch
2; Li et al. 2020, arXiv 2006.15704, section 3.2.3)."""


def data_parallel_s(job: Job, stages: tuple[StageTime, ...], run: PipelineRun) -> float:
    """Time by which the exchange of gradients and weights lengthens a step [s].

    Parameters
    ----------
    job : Job
        The workload on its hardware.
    stages : tuple of StageTime, shape (stages,)
        Its stages.
    run : PipelineRun
        Their pipeline. The gradients of a layer are reduced as soon as they are final, one layer after the other (Li et
        al. 2020, arXiv 2006.15704, section 3.2: DDP's buckets; ZeRO, arXiv 1910.02054); weights are gathered from the
        start of the step in the order in which the forward passes need them. Software without overlap does both at the
        end, rank by rank.

    Returns
    -------
    float
        What the slowest rank waits at both ends of the pipeline, and what computation loses to the exchange beside it.
    """
    once = job.layout.zero_stage != 3 or job.efficiency.options.reduce_once
    if not once or job.groups.data.ranks == 1:
        return 0.0
    exchanges, parts = _exchanges(job, stages), buckets(job)
    ends_s, delays_s, whole_s = [], [0.0], [0.0]
    for rank, ready_s in enumerate(run.gradient_ready_s):
        shares = _by_chunk(run, rank, exchanges)
        reduce_s, gather_s = [reduce for reduce, _ in shares], [gather for _, gather in shares]
        exchange_s = sum(reduce_s) + sum(gather_s)
        if overlaps(job):
            passes_s = run.work.backward_s[rank]
            ends_s.append(reduction_end_s(ready_s, reduce_s, passes_s, parts, coarse_buckets(job, stages[rank])))
            delays_s.append(gathering_delay_s(run.first_forward_s[rank], gather_s, run.work.forward_s[rank], parts))
        else:
            ends_s.append(max(ready_s) + exchange_s)
        whole_s.append(exchange_s)
    if waits_for_reduction(job, run):
        ends_s = _one_after_the_other(ends_s, [max(ready_s) for ready_s in run.gradient_ready_s])
    waited_s = max(0.0, max(ends_s) - run.total_s) + max(delays_s)
    beside_s = max(0.0, max(whole_s) - waited_s) if overlaps(job) else 0.0
    return waited_s + job.efficiency.overlap_slowdown * beside_s + _earlier_rounds_s(job, exchanges, run)


def waits_for_reduction(job: Job, run: PipelineRun) -> bool:
    """Whether a stage sends its last gradients of activations only once those of its weights are reduced.

    DDP ends a backward pass with the wait for its buckets (Li et al. 2020, arXiv 2006.15704, section 4.2), and a stage
    of ``torch.distributed.pipelining`` sends when the pass has ended.
    """
    return job.stack == "pytorch" and job.layout.zero_stage == 0 and run.schedule.chunks == 1


def _one_after_the_other(ends_s: list[float], ready_s: list[float]) -> list[float]:
    """Ends of the reductions where each stage waits for those of the stages behind it [s]."""
    late_s, found = 0.0, []
    for end_s, final_s in zip(reversed(ends_s), reversed(ready_s), strict=True):
        found.append(end_s + late_s)
        late_s += end_s - final_s
    return found[::-1]


def _earlier_rounds_s(job: Job, exchanges: list[Exchange], run: PipelineRun) -> float:
    """What the reductions before the last one cost under ZeRO 2, whose gradients are sharded all the time [s].

    A chunk's gradients are summed over the micro-batches that pass it in a row and scattered before the next chunk's:
    one per stage when interleaved (Llama 3, arXiv 2407.21783, section 3.3.2), a single one otherwise. Without a
    pipeline each layer does so in its own pass.
    """
    schedule, layout = run.schedule, job.layout
    if layout.zero_stage != 2 or layout.pipeline_parallel == 1 or job.efficiency.options.reduce_once:
        return 0.0
    in_a_row = schedule.stages if schedule.chunks > 1 and schedule.name != "dualpipe" else 1
    rounds = -(-schedule.micro_batches // in_a_row)
    window_s = max(run.busy_s) / rounds if job.efficiency.data_overlap else 0.0
    reduce_s = max(reduce for reduce, _ in exchanges)
    return (rounds - 1) * exposed_s(reduce_s, window_s, job.efficiency.overlap_slowdown)


def buckets(job: Job) -> int:
    """Parts of a model chunk whose gradients are reduced, and weights gathered, on their own: its layers."""
    return max(1, -(-job.stage_depth // job.layout.virtual_pipeline))


def coarse_buckets(job: Job, stage: StageTime) -> tuple[float, ...]:
    """Shares of a stage's gradients in DDP's buckets, in the order in which they become final.

    Empty where layers are the larger parts: a model of some size, or software that reduces parameter by parameter.
    """
    if job.layout.zero_stage != 0 or job.stack != "pytorch":
        return ()
    gradients_bytes = sum(stage_weights(job, stage)) * job.gradient_bytes
    if gradients_bytes > BUCKET_BYTES * buckets(job):
        return ()
    ends = [FIRST_BUCKET_BYTES]
    while ends[-1] < gradients_bytes:
        ends.append(ends[-1] + BUCKET_BYTES)
    reached = [0.0, *(min(1.0, end / gradients_bytes) for end in ends)]
    return tuple(after - before for before, after in pairwise(reached))


def last_share(job: Job, stage: StageTime) -> float:
    """Share of the gradients of a stage, or of each of its chunks, that are reduced last."""
    coarse = coarse_buckets(job, stage)
    return coarse[-1] if coarse else 1.0 / buckets(job)


def _exchanges(job: Job, stages: tuple[StageTime, ...]) -> list[Exchange]:
    """Reduction and gathering of each stage; stages with the same weights take the same time."""
    known: dict[tuple[int, int, bool, bool], Exchange] = {}
    found: list[Exchange] = []
    for stage in stages:
        weights = (stage.dense_layers, stage.mixture_layers, stage.first, stage.last)
        if weights not in known:
            known[weights] = stage_exchange_s(job, stage)
        found.append(known[weights])
    if not job.groups.data_stages:
        return found
    return [(pace * one[0], pace * one[1]) for pace, one in zip(job.groups.data_stages, found, strict=True)]


def _by_chunk(run: PipelineRun, rank: int, exchanges: list[Exchange]) -> list[Exchange]:
    """Reduction and gathering of each chunk of a rank; the interleaved chunks of a stage share its time."""
    schedule = run.schedule
    if schedule.name == "dualpipe":
        return [exchanges[stage_of(schedule, Cell(rank, chunk))] for chunk in range(schedule.chunks)]
    reduce_s, gather_s = exchanges[rank]
    return [(reduce_s / schedule.chunks, gather_s / schedule.chunks)] * schedule.chunks
