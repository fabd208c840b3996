"""Time of one pipeline stage for one micro-batch, and what it does once a step."""

from dataclasses import dataclass, replace

from clustersim.step.collectives import all_gather_s, all_reduce_s, reduce_scatter_s
from clustersim.step.compute import (
    PassTime,
    accumulate_s,
    elementwise_time,
    loss_time,
    optimizer_s,
    products_time,
)
from clustersim.step.exchange import data_wire_bytes, end_tensor_time, scatters_each_micro_batch
from clustersim.step.experts import NOTHING
from clustersim.step.job import Job
from clustersim.step.launch import launch_bound_s
from clustersim.step.layer import LayerTime, layer_time
from clustersim.step.layer_work import layer_weights
from clustersim.step.offload import host_update_s
from clustersim.step.shape import head_product
from clustersim.workload.layout import chunk_kinds

END_LAUNCH = 0.5
"""Host time of the embedding or the head over that of a pass of a layer. On one A100 node both ends together take about
as long to launch as a layer (fit rows of vTrain, MICRO 2024)."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage and one micro-batch: its layers by kind, and its ends [s].

    ``tables`` is what the first stage waits for its sharded embedding, ``ends_tensor`` what the embedding and the head
    each wait for the tensor-parallel ranks, ``blocking`` whether the device waits for the host after each kernel.
    """

    dense_layers: int
    mixture_layers: int
    dense: LayerTime | None
    mixture: LayerTime | None
    first: bool
    last: bool
    embedding: PassTime
    head: PassTime
    tables: PassTime
    ends_tensor: PassTime
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
        if first:
            forward_s, backward_s = forward_s + self.tables.forward_s, backward_s + self.tables.backward_s
        for here, end in ((first, self.embedding), (last, self.head)):
            if here:
                whole = end + self.ends_tensor
                forward_s, backward_s = forward_s + whole.forward_s, backward_s + whole.backward_s
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
    counts = _kinds(job)
    dense = layer_time(job, mixture=False) if any(dense for dense, _ in counts) else None
    mixture = layer_time(job, mixture=True) if any(experts for _, experts in counts) else None
    last, ends = len(counts) - 1, end_tensor_time(job)
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
            tables=_tables_time(job, first=stage == 0),
            ends_tensor=ends,
            blocking=job.efficiency.blocking_launch,
        )
        for stage, (plain, experts) in enumerate(counts)
    )


def _kinds(job: Job) -> list[tuple[int, int]]:
    """Dense and mixture layers of each stage, its chunks joined."""
    chunks, stages = chunk_kinds(job.model, job.layout), job.layout.pipeline_parallel
    if len(chunks) == stages:
        return list(chunks)
    parts = [chunks[stage::stages] for stage in range(stages)]
    return [(sum(dense for dense, _ in part), sum(experts for _, experts in part)) for part in parts]


def _embedding_time(job: Job) -> PassTime:
    once = elementwise_time(2.0 * job.part.tokens * job.model.hidden, 2.0, job.efficiency)
    return once + _table_gradients(job)


def _table_gradients(job: Job) -> PassTime:
    """Adding the gradients of the embedding or the head to their sum over the micro-batches."""
    table = job.model.vocabulary * job.model.hidden / job.layout.tensor_parallel
    return PassTime(0.0, accumulate_s(table, job.gradient_bytes, job.efficiency))


def _head_time(job: Job) -> PassTime:
    """Output layer and loss; once more for each layer of multi-token prediction."""
    product, efficiency = head_product(job.model, job.part), job.efficiency.of_head
    if job.layout.tensor_parallel == 1:
        efficiency = replace(efficiency, gemm_flop_s=efficiency.gemm_flop_s * efficiency.unsplit_head)
    once = products_time((product,), efficiency) + loss_time(product.output_elements, job.layout.loss, efficiency)
    uses = 1 + job.model.prediction_layers
    return PassTime(uses * once.forward_s, uses * once.backward_s) + _table_gradients(job)


def _tables_time(job: Job, *, first: bool) -> PassTime:
    """Gathering and scattering of the embedding under ZeRO 3 [s].

    Nothing runs beside the gathering of the first weights and the scattering of the last gradients, those of the
    embedding; the head's hide behind the layers before it (FSDP, Zhao et al. 2023, arXiv 2304.11277, section 3.3).
    """
    if job.layout.zero_stage != 3 or not first:
        return NOTHING
    table = job.model.vocabulary * job.model.hidden / job.layout.tensor_parallel
    gathered, scattered = data_wire_bytes(job)
    place = job.groups.data
    scatter_s = reduce_scatter_s(table * scattered, place) if scatters_each_micro_batch(job) else 0.0
    return PassTime(all_gather_s(table * gathered, place), scatter_s)


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

    ZeRO 3 moves them in every pass of every layer instead, and leaves nothing to do here but the gradients where they
    are reduced once; ZeRO 2 without a pipeline leaves the gradients of embedding and head, having reduced those of
    layers after each micro-batch.
    """
    if job.layout.zero_stage == 3 and not job.efficiency.options.reduce_once:
        return 0.0, 0.0
    gathered, reduced = data_wire_bytes(job)
    pairs = tuple(zip(stage_weights(job, stage), (job.groups.data, job.groups.expert_data), strict=True))
    if job.layout.zero_stage == 0:
        return sum(all_reduce_s(weights * reduced, place) for weights, place in pairs), 0.0
    if scatters_each_micro_batch(job):
        scatter_s = reduce_scatter_s(_end_weights(job, stage) * reduced, job.groups.data)
    else:
        scatter_s = sum(reduce_scatter_s(weights * reduced, place) for weights, place in pairs)
    if job.layout.zero_stage == 3:
        return scatter_s, 0.0
    return scatter_s, sum(all_gather_s(weights * gathered, place) for weights, place in pairs)


def update_s(job: Job, stage: StageTime) -> float:
    """Optimizer step of a stage [s]; ZeRO shares the parameters out over the replicas."""
    shared, experts = stage_weights(job, stage)
    if job.layout.zero_stage >= 1:
        shared, experts = shared / job.groups.data.ranks, experts / job.groups.expert_data.ranks
    if job.layout.offload == "optimizer":
        return host_update_s(shared + experts, job)
    return optimizer_s(shared + experts, job.efficiency)
