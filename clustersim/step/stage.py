"""Time of one pipeline stage for one micro-batch, and what it does once a step."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from clustersim.step.collectives import all_gather_s, all_reduce_s, reduce_scatter_s
from clustersim.step.compute import (
    PassTime,
    elementwise_time,
    loss_time,
    optimizer_s,
    products_time,
)
from clustersim.step.exchange import data_wire_bytes, scatters_each_micro_batch
from clustersim.step.experts import NOTHING
from clustersim.step.job import Job
from clustersim.step.launch import launch_bound_s
from clustersim.step.layer import LayerTime, layer_time
from clustersim.step.layer_work import layer_weights
from clustersim.step.offload import host_update_s
from clustersim.step.shape import head_product
from clustersim.workload.layout import stage_layers
from clustersim.workload.parameters import is_mixture_layer

END_LAUNCH = 0.5
"""Host time of the embedding or the head over that of a pass of a layer. On one A100 node both ends together take about
as long to launch as a layer (fit rows of vTrain, MICRO 2024)."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage and one micro-batch: its layers by kind, and its ends [s].

    ``blocking`` says whether the device waits for the host after each kernel.
    """

    dense_layers: int
    mixture_layers: int
    dense: LayerTime | None
    mixture: LayerTime | None
    first: bool
    last: bool
    embedding: PassTime
    head: PassTime
    blocking: bool

    @property
    def layers(self) -> tuple[tuple[int, LayerTime], ...]:
        """Number and time of each kind of layer on the stage."""
        kinds = ((self.dense_layers, self.dense), (self.mixture_layers, self.mixture))
        return tuple((count, time) for count, time in kinds if time is not None and count)

    def pass_time(self, dense_layers: int, mixture_layers: int, *, first: bool, last: bool) -> PassTime:
        """Time of some of the stage's layers, of the embedding if `first` and of the head if `last` [s].

        A model chunk, or with all of them the stage itself. No shorter than the host takes to launch it.
        """
        forward_s = backward_s = launch_forward_s = launch_backward_s = once_s = 0.0
        for count, time in ((dense_layers, self.dense), (mixture_layers, self.mixture)):
            if time is not None and count:
                forward_s += count * time.forward_s
                backward_s += count * time.backward_s
                launch_forward_s += count * time.host.forward_s
                launch_backward_s += count * time.host.backward_s
                once_s = max(once_s, END_LAUNCH * time.host.forward_s)
        for here, end in ((first, self.embedding), (last, self.head)):
            if here:
                forward_s, backward_s = forward_s + end.forward_s, backward_s + end.backward_s
                launch_forward_s, launch_backward_s = launch_forward_s + once_s, launch_backward_s + once_s
        return PassTime(
            launch_bound_s(forward_s, launch_forward_s, blocking=self.blocking),
            launch_bound_s(backward_s, launch_backward_s, blocking=self.blocking),
        )


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
    counts = _with_prediction(job, tuple(_kinds(job)))
    dense = layer_time(job, mixture=False) if any(dense for dense, _ in counts) else None
    mixture = layer_time(job, mixture=True) if any(experts for _, experts in counts) else None
    last = len(counts) - 1
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
            blocking=job.efficiency.blocking_launch,
        )
        for stage, (plain, experts) in enumerate(counts)
    )


def _kinds(job: Job) -> Iterator[tuple[int, int]]:
    for layers in stage_layers(job.model, job.layout):
        experts = 0 if job.model.mixture is None else sum(is_mixture_layer(job.model, layer) for layer in layers)
        yield len(layers) - experts, experts


def _with_prediction(job: Job, counts: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Layers of multi-token prediction are further layers of the last kind on the last stage (arXiv 2412.19437)."""
    further, (dense, experts) = job.model.prediction_layers, counts[-1]
    last = (dense + further, experts) if job.model.mixture is None else (dense, experts + further)
    return (*counts[:-1], last)


def _embedding_time(job: Job) -> PassTime:
    return elementwise_time(2.0 * job.part.tokens * job.model.hidden, 2.0, job.efficiency)


def _head_time(job: Job) -> PassTime:
    """Output layer and loss; once more for each layer of multi-token prediction."""
    product, efficiency = head_product(job.model, job.part), job.efficiency.of_head
    if job.layout.tensor_parallel == 1:
        efficiency = replace(efficiency, gemm_flop_s=efficiency.gemm_flop_s * efficiency.unsplit_head)
    once = products_time((product,), efficiency) + loss_time(product.output_elements, job.layout.loss, efficiency)
    uses = 1 + job.model.prediction_layers
    return PassTime(uses * once.forward_s, uses * once.backward_s)


def stage_weights(job: Job, stage: StageTime) -> tuple[float, float]:
    """Weights of a stage on one GPU before sharding: those all replicas share, and the experts'."""
    shared = experts = 0.0
    for count, mixture in ((stage.dense_layers, False), (stage.mixture_layers, True)):
        if count:
            part = layer_weights(job, mixture)
            shared, experts = shared + count * part[0], experts + count * part[1]
    return shared + _end_weights(job, stage), experts


def _end_weights(job: Job, stage: StageTime) -> float:
    """Weights of the embedding and the output layer on one GPU, where the stage holds them."""
    table = job.model.vocabulary * job.model.hidden / job.layout.tensor_parallel
    ends = float(stage.first) + float(stage.last and not (job.model.tied_embeddings and stage.first))
    return ends * table


def stage_exchange_s(job: Job, stage: StageTime) -> tuple[float, float]:
    """Once a step: time to reduce the gradients of a stage and, with ZeRO, to gather its weights again [s].

    ZeRO 3 moves them in every pass of every layer instead, and leaves nothing to do here; ZeRO 2 without a pipeline
    leaves the gradients of embedding and head, having reduced those of layers after each micro-batch.
    """
    if job.layout.zero_stage == 3:
        return 0.0, 0.0
    gathered, reduced = data_wire_bytes(job)
    pairs = tuple(zip(stage_weights(job, stage), (job.groups.data, job.groups.expert_data), strict=True))
    if job.layout.zero_stage == 0:
        return sum(all_reduce_s(weights * reduced, place) for weights, place in pairs), 0.0
    if scatters_each_micro_batch(job.layout):
        scatter_s = reduce_scatter_s(_end_weights(job, stage) * reduced, job.groups.data)
    else:
        scatter_s = sum(reduce_scatter_s(weights * reduced, place) for weights, place in pairs)
    return scatter_s, sum(all_gather_s(weights * gathered, place) for weights, place in pairs)


def update_s(job: Job, stage: StageTime) -> float:
    """Optimizer step of a stage [s]; ZeRO shares the parameters out over the replicas."""
    shared, experts = stage_weights(job, stage)
    if job.layout.zero_stage >= 1:
        shared, experts = shared / job.groups.data.ranks, experts / job.groups.expert_data.ranks
    if job.layout.offload == "optimizer":
        return host_update_s(shared + experts, job)
    return optimizer_s(shared + experts, job.efficiency)
