"""Time of one pipeline stage for one micro-batch, and what it does once a step."""

from collections.abc import Iterator
from dataclasses import dataclass

from clustersim.step.collectives import all_gather_s, all_reduce_s, reduce_scatter_s, send_s
from clustersim.step.compute import (
    ELEMENT_BYTES,
    PassTime,
    elementwise_time,
    loss_time,
    optimizer_s,
    products_time,
)
from clustersim.step.job import Job
from clustersim.step.layer import NOTHING, LayerTime, data_wire_bytes, layer_time, layer_weights
from clustersim.step.overlap import exposed_s, gradient_window_s
from clustersim.step.shape import head_product
from clustersim.workload.layout import stage_layers
from clustersim.workload.parameters import is_mixture_layer


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage and one micro-batch: its layers by kind, its ends, and its messages to the neighbours [s]."""

    dense_layers: int
    mixture_layers: int
    dense: LayerTime | None
    mixture: LayerTime | None
    first: bool
    last: bool
    embedding: PassTime
    head: PassTime
    messages_s: float

    @property
    def layers(self) -> tuple[tuple[int, LayerTime], ...]:
        """Number and time of each kind of layer on the stage."""
        kinds = ((self.dense_layers, self.dense), (self.mixture_layers, self.mixture))
        return tuple((count, time) for count, time in kinds if time is not None and count)

    @property
    def forward_s(self) -> float:
        """Forward pass [s], without messages."""
        layers_s = sum(count * time.forward_s for count, time in self.layers)
        return layers_s + self.embedding.forward_s + self.head.forward_s

    @property
    def backward_s(self) -> float:
        """Backward pass [s], without messages."""
        layers_s = sum(count * time.backward_s for count, time in self.layers)
        return layers_s + self.embedding.backward_s + self.head.backward_s

    @property
    def both_s(self) -> float:
        """One micro-batch, forward and backward, messages included [s]."""
        return self.forward_s + self.backward_s + self.messages_s


def stage_times(job: Job) -> tuple[StageTime, ...]:
    """Time of every pipeline stage for one micro-batch.

    Parameters
    ----------
    job : Job
        The workload on its hardware.

    Returns
    -------
    tuple of StageTime, shape (stages,)
        First stage first. The first holds the embedding, the last the head.
    """
    counts = tuple(_kinds(job))
    dense = layer_time(job, mixture=False) if any(dense for dense, _ in counts) else None
    mixture = layer_time(job, mixture=True) if any(experts for _, experts in counts) else None
    messages_s, last = _messages_s(job), len(counts) - 1
    return tuple(
        StageTime(
            dense_layers=plain,
            mixture_layers=experts,
            dense=dense,
            mixture=mixture,
            first=stage == 0,
            last=stage == last,
            embedding=_embedding_time(job) if stage == 0 else NOTHING,
            head=_head_time(job) if stage == last else NOTHING,
            messages_s=messages_s,
        )
        for stage, (plain, experts) in enumerate(counts)
    )


def _kinds(job: Job) -> Iterator[tuple[int, int]]:
    for layers in stage_layers(job.model, job.layout):
        experts = 0 if job.model.mixture is None else sum(is_mixture_layer(job.model, layer) for layer in layers)
        yield len(layers) - experts, experts


def _messages_s(job: Job) -> float:
    """Activations out and gradients back, once per chunk; sequence parallelism or scatter-gather splits them by TP."""
    layout = job.layout
    if layout.pipeline_parallel == 1:
        return 0.0
    size_bytes = job.part.tokens / layout.tensor_parallel * job.model.hidden * ELEMENT_BYTES
    return 2.0 * layout.virtual_pipeline * send_s(size_bytes, job.groups.pipeline) * job.efficiency.pp_exposed


def _embedding_time(job: Job) -> PassTime:
    return elementwise_time(2.0 * job.part.tokens * job.model.hidden, 2.0, job.efficiency)


def _head_time(job: Job) -> PassTime:
    product = head_product(job.model, job.part)
    return products_time((product,), job.efficiency) + loss_time(product.output_elements, job.efficiency)


def stage_weights(job: Job, stage: StageTime) -> tuple[float, float]:
    """Weights of a stage on one GPU before sharding: those all replicas share, and the experts'."""
    shared = experts = 0.0
    for count, mixture in ((stage.dense_layers, False), (stage.mixture_layers, True)):
        if count:
            part = layer_weights(job, mixture)
            shared, experts = shared + count * part[0], experts + count * part[1]
    table = job.model.vocabulary * job.model.hidden / job.layout.tensor_parallel
    ends = float(stage.first) + float(stage.last and not (job.model.tied_embeddings and stage.first))
    return shared + ends * table, experts


def gradients_s(job: Job, stage: StageTime, micro_batches: int) -> float:
    """Exposed time of the once-a-step reduction of gradients and, with ZeRO, the gathering of weights [s].

    ZeRO 3 moves them in every pass of every layer instead, and leaves nothing to do here.
    """
    layout, slowdown = job.layout, job.efficiency.overlap_slowdown
    if layout.zero_stage == 3:
        return 0.0
    reduce_s, gather_s = _reduction_s(job, stage)
    stages, chunks = layout.pipeline_parallel, layout.virtual_pipeline
    usable = job.efficiency.dp_overlap
    backward_s = gradient_window_s(stage.backward_s, stages, chunks, micro_batches)
    forward_s = gradient_window_s(stage.forward_s, stages, chunks, micro_batches)
    return exposed_s(reduce_s, backward_s * usable, slowdown) + exposed_s(gather_s, forward_s * usable, slowdown)


def _reduction_s(job: Job, stage: StageTime) -> tuple[float, float]:
    gathered, reduced = data_wire_bytes(job)
    pairs = tuple(zip(stage_weights(job, stage), (job.groups.data, job.groups.expert_data), strict=True))
    if job.layout.zero_stage == 0:
        return sum(all_reduce_s(weights * reduced, place) for weights, place in pairs), 0.0
    scatter_s = sum(reduce_scatter_s(weights * reduced, place) for weights, place in pairs)
    return scatter_s, sum(all_gather_s(weights * gathered, place) for weights, place in pairs)


def update_s(job: Job, stage: StageTime) -> float:
    """Optimizer step of a stage [s]; ZeRO shares the parameters out over the replicas."""
    shared, experts = stage_weights(job, stage)
    if job.layout.zero_stage >= 1:
        shared, experts = shared / job.groups.data.ranks, experts / job.groups.expert_data.ranks
    return optimizer_s(shared + experts, job.efficiency)
