"""From the times of stages to the work of a pipeline: chunk by chunk, with messages and weight gradients."""

from clustersim.step.collectives import send_s
from clustersim.step.compute import ELEMENT_BYTES, PassTime
from clustersim.step.experts import NOTHING
from clustersim.step.job import Job
from clustersim.step.layer import LayerTime
from clustersim.step.pipeline import Schedule, Work
from clustersim.step.pipeline.work import Grid
from clustersim.step.stage import StageTime
from clustersim.workload.layout import layers_per_chunk
from clustersim.workload.parameters import is_mixture_layer


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
    counts, last = _chunk_layers(job), len(stages) * job.layout.virtual_pipeline - 1
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
    size_bytes = job.part.tokens / job.layout.tensor_parallel * job.model.hidden * ELEMENT_BYTES
    return send_s(size_bytes, job.groups.pipeline)


def weight_s(stage: StageTime) -> float:
    """Part of the backward pass of a stage that only the gradients of its weights need [s].

    As long as the forward pass of its matrix products: each has one product for the inputs and one for the weights. Of
    attention that is three times its forward less its backward pass, since the backward pass of products takes twice
    their forward pass and that of fused attention about three times (2.5 times the FLOPs at 0.8 of the rate, Dao et al.
    2022, arXiv 2205.14135).
    """
    layers_s = sum(count * _layer_weight_s(time) for count, time in stage.layers)
    return layers_s + (_bounded(stage.head) if stage.head is not NOTHING else 0.0)


def _layer_weight_s(layer: LayerTime) -> float:
    attention_s = min(layer.attention.forward_s, 3.0 * layer.attention.forward_s - layer.attention.backward_s)
    return max(0.0, attention_s) + _bounded(layer.ffn)


def _bounded(part: PassTime) -> float:
    return min(part.forward_s, 0.5 * part.backward_s)


def _chunk_layers(job: Job) -> list[tuple[int, int]]:
    """Dense and mixture layers of each chunk, from the embedding to the head."""
    model, first = job.model, 0
    counts: list[tuple[int, int]] = []
    for layers in layers_per_chunk(model, job.layout):
        experts = 0
        if model.mixture is not None:
            experts = sum(is_mixture_layer(model, layer) for layer in range(first, first + layers))
        counts.append((layers - experts, experts))
        first += layers
    further, (dense, experts) = model.prediction_layers, counts[-1]
    counts[-1] = (dense + further, experts) if model.mixture is None else (dense, experts + further)
    return counts


def _hidden(stages: tuple[StageTime, ...]) -> Grid:
    """Exchange of the forward pass here and of the backward pass in the other chunk, under DualPipe."""
    forward_s = [sum(count * time.expert.forward_s for count, time in stage.layers) for stage in stages]
    backward_s = [sum(count * time.expert.backward_s for count, time in stage.layers) for stage in stages]
    mirrored = zip(forward_s, reversed(backward_s), reversed(forward_s), backward_s, strict=True)
    return tuple((ahead + back, other_ahead + other_back) for ahead, back, other_ahead, other_back in mirrored)
