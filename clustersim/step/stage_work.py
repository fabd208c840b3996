"""From the times of stages to the work of a pipeline: chunk by chunk, with messages and weight gradients."""

from clustersim.step.collectives import send_s
from clustersim.step.compute import PassTime
from clustersim.step.experts import NOTHING
from clustersim.step.job import Job
from clustersim.step.launch import launch_bound_s
from clustersim.step.pipeline import Schedule, Work
from clustersim.step.pipeline.work import Grid
from clustersim.step.stage import StageTime
from clustersim.workload.layout import chunk_kinds


def pipeline_work(job: Job, stages: tuple[StageTime, ...], schedule: Schedule) -> Work:
    """Work of one micro-batch in every chunk of every pipeline rank.

    Parameters
    ----------
    job : Job
        The workload on its hardware.
    stages : tuple of StageTime, shape (stages,)
        Its stages.
    schedule : Schedule
        The schedule; DualPipe puts two stages on each rank.

    Returns
    -------
    Work
        The first chunk has the embedding and the last the head. Senders stand still for their messages, unless the
        software sends beside computation, which it does between interleaved chunks.

    Notes
    -----
    A chunk has the layers that :func:`~clustersim.workload.layout.layers_per_chunk` deals it. Under DualPipe a pair of
    a forward and a backward pass hides the expert-parallel exchange of both (DeepSeek-V3, arXiv 2412.19437, section
    3.2.1), and saves nothing else.
    """
    forward_s, backward_s = _chunk_times(job, stages)
    split, both_ways = schedule.name in ("zero-bubble", "dualpipe"), schedule.name == "dualpipe"
    weights_s = [weight_s(stage) for stage in stages] if split else []
    return Work(
        forward_s=_by_rank(schedule, forward_s),
        backward_s=_by_rank(schedule, backward_s),
        weight_s=_by_rank(schedule, weights_s) if split else None,
        message_s=message_s(job),
        blocking=0.0 if job.efficiency.message_overlap and job.layout.virtual_pipeline > 1 else 1.0,
        pair_hidden_s=_hidden(stages) if both_ways else None,
    )


def _by_rank(schedule: Schedule, times: list[float]) -> Grid:
    """Times of chunks on the way of a micro-batch, dealt to the ranks that hold them."""
    if schedule.name == "dualpipe":
        return tuple(zip(times, reversed(times), strict=True))
    return tuple(tuple(times[rank :: schedule.stages]) for rank in range(schedule.stages))


def _chunk_times(job: Job, stages: tuple[StageTime, ...]) -> tuple[list[float], list[float]]:
    """Forward and backward time of every chunk, from the embedding to the head [s]."""
    counts = chunk_kinds(job.model, job.layout)
    last = len(counts) - 1
    times: dict[tuple[int, int, bool, bool], PassTime] = {}
    chosen: list[PassTime] = []
    for chunk, (dense, mixture) in enumerate(counts):
        key = (dense, mixture, chunk == 0, chunk == last)
        if key not in times:
            stage = stages[chunk % len(stages)]
            times[key] = stage.pass_time(dense, mixture, first=key[2], last=key[3])
        chosen.append(times[key])
    return [time.forward_s for time in chosen], [time.backward_s for time in chosen]


def message_s(job: Job) -> float:
    """Time of one message between neighbouring ranks [s].

    Activations on or gradients back; sequence parallelism or scatter-gather splits them by TP.
    """
    if job.layout.pipeline_parallel == 1:
        return 0.0
    size_bytes = job.part.tokens / job.layout.tensor_parallel * job.model.hidden * job.efficiency.element_bytes
    return send_s(size_bytes, job.groups.pipeline)


def weight_s(stage: StageTime) -> float:
    """Part of the backward pass of a stage that only the gradients of its weights need [s].

    Half of the backward pass of the matrix products: each has one product for the inputs and one for the weights (Qi et
    al. 2024, arXiv 2401.10241, section 2). Where the host sets the pace, it does so for them as for the rest of the
    pass.
    """
    layers = stage.layers
    weights_s = sum(count * time.weight_s for count, time in layers)
    weights_s += _bounded(stage.head) if stage.head is not NOTHING else 0.0
    compute_s = stage.embedding.backward_s + stage.head.backward_s
    compute_s += sum(count * time.compute_backward_s for count, time in layers)
    host_s = sum(count * time.host.backward_s for count, time in layers)
    if compute_s <= 0.0:
        return weights_s
    return weights_s * launch_bound_s(compute_s, host_s, blocking=stage.blocking) / compute_s


def _bounded(part: PassTime) -> float:
    return min(part.forward_s, 0.5 * part.backward_s)


def _hidden(stages: tuple[StageTime, ...]) -> Grid:
    """Exchange of the forward pass here and of the backward pass in the other chunk, under DualPipe.

    No more of either than the computation of the other that it runs beside.
    """
    pairs = list(zip(stages, reversed(stages), strict=True))
    here = [_beside(stage, other) for stage, other in pairs]
    there = [_beside(other, stage) for stage, other in pairs]
    return tuple(zip(here, there, strict=True))


def _beside(ahead: StageTime, back: StageTime) -> float:
    """Exchange that a forward pass of one stage and a backward pass of another hide for each other [s]."""
    sent_s = sum(count * time.expert.forward_s for count, time in ahead.layers)
    work_s = sum(count * time.compute_forward_s for count, time in ahead.layers)
    returned_s = sum(count * time.expert.backward_s for count, time in back.layers)
    undone_s = sum(count * time.compute_backward_s for count, time in back.layers)
    return min(sent_s, undone_s) + min(returned_s, work_s)
