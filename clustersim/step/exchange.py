"""What one layer waits for other GPUs: tensor-, context- and sharded-data-parallel communication."""

from clustersim.scenario.schema.training import Layout
from clustersim.step import shape
from clustersim.step.collectives import all_gather_s, all_reduce_s, reduce_scatter_s, send_s
from clustersim.step.compute import PassTime
from clustersim.step.job import Job
from clustersim.step.layer_work import LayerWork, layer_weights
from clustersim.step.overlap import chunked_exposed_s, exposed_s, ring_exposed_s

_NOTHING = PassTime(0.0, 0.0)


def tensor_collectives(layout: Layout) -> int:
    """Collectives of one pass of a layer among tensor-parallel ranks (Korthikanti et al. 2022, section 4.2)."""
    if layout.tensor_parallel == 1:
        return 0
    return 4 if layout.sequence_parallel else 2


def tensor_time(job: Job, work: LayerWork) -> PassTime:
    """Two exchanges per pass (Shoeybi et al. 2019, arXiv 1909.08053; SP: Korthikanti et al. 2022, section 4.2) [s].

    Whole, or in chunks beside the matrix products they feed where the software does so.
    """
    layout, efficiency = job.layout, job.efficiency
    if layout.tensor_parallel == 1:
        return _NOTHING
    place = job.groups.tensor
    size_bytes = job.part.tokens * job.model.hidden * efficiency.element_bytes / efficiency.tensor_bandwidth
    if layout.sequence_parallel:
        once_s = all_gather_s(size_bytes, place) + reduce_scatter_s(size_bytes, place)
    else:
        once_s = all_reduce_s(size_bytes, place)
    forward_s, backward_s = 2.0 * once_s, 2.0 * once_s * (1.0 + _again(job))
    if not (efficiency.chunked_tensor and layout.sequence_parallel):
        return PassTime(forward_s, backward_s)
    chunks, slowdown = layout.tensor_parallel, efficiency.overlap_slowdown
    return PassTime(
        chunked_exposed_s(forward_s, work.products.forward_s, chunks, slowdown),
        chunked_exposed_s(backward_s, work.products.backward_s, chunks, slowdown),
    )


def end_tensor_time(job: Job) -> PassTime:
    """Exchange of the embedding, and as long again of the head, whose tables are split over the vocabulary [s].

    Half of a layer's: with SP a scatter one way and a gather the other, without it one reduction in either pass, here
    shared evenly (Korthikanti et al. 2022, arXiv 2205.05198, section 4.2.2).
    """
    if job.layout.tensor_parallel == 1:
        return _NOTHING
    place = job.groups.tensor
    size_bytes = job.part.tokens * job.model.hidden * job.efficiency.element_bytes / job.efficiency.tensor_bandwidth
    if job.layout.sequence_parallel:
        return PassTime(reduce_scatter_s(size_bytes, place), all_gather_s(size_bytes, place))
    half_s = 0.5 * all_reduce_s(size_bytes, place)
    return PassTime(half_s, half_s)


def context_time(job: Job, core: PassTime) -> PassTime:
    """Keys and values of the other ranks: round a ring beside the scores (Liu et al. 2023, arXiv 2310.01889) [s].

    Or gathered before them and gradients scattered after, where the software does so (Llama 3, arXiv 2407.21783,
    3.3.2).
    """
    ranks = job.layout.context_parallel
    if ranks == 1:
        return _NOTHING
    block_bytes = job.part.tokens * _key_value_width(job) * job.efficiency.element_bytes
    if not job.efficiency.ring_context:
        gather_s = all_gather_s(ranks * block_bytes, job.groups.context_group)
        scatter_s = reduce_scatter_s(ranks * block_bytes, job.groups.context_group)
        return PassTime(gather_s, scatter_s + gather_s * (1.0 + _again(job)))
    sent_s = send_s(block_bytes, job.groups.context)
    slowdown = job.efficiency.overlap_slowdown
    forward_s = ring_exposed_s(sent_s, core.forward_s / ranks, ranks, slowdown)
    backward_s = ring_exposed_s(2.0 * sent_s, core.backward_s / ranks, ranks, slowdown)
    return PassTime(forward_s, backward_s + forward_s * _again(job))


def _key_value_width(job: Job) -> float:
    latent, tensor = job.model.latent_attention, job.layout.tensor_parallel
    if latent is None:
        return shape.key_value_width(job.model, tensor)
    return job.model.heads * (latent.nope_head_dim + latent.rope_head_dim + latent.value_head_dim) / tensor


def _again(job: Job) -> float:
    """Share of layers whose exchanges of the forward pass come again in the backward pass."""
    return job.recomputed if job.layout.recompute == "full" else 0.0


def sharded_time(job: Job, forward_s: float, backward_s: float, mixture: bool) -> PassTime:
    """Sharded weights and gradients, one layer ahead of the computation they belong to [s].

    Parameters
    ----------
    job : Job
        The workload on its hardware.
    forward_s, backward_s : float
        Passes of the layer that the exchange can hide behind [s].
    mixture : bool
        Whether the layer has experts.

    Notes
    -----
    ZeRO 3 gathers weights in each pass and scatters gradients (ZeRO, arXiv 1910.02054, 2020); FSDP prefetches the next
    layer (Zhao et al. 2023, arXiv 2304.11277, section 3.3). ZeRO 2 scatters gradients after every micro-batch
    (DeepSpeed; FSDP ``SHARD_GRAD_OP``); with a pipeline :mod:`clustersim.step.data_parallel` does.
    """
    efficiency = job.efficiency
    if not moves_each_micro_batch(job) or job.groups.data.ranks == 1:
        return _NOTHING
    dense, experts = layer_weights(job, mixture)
    gathered, scattered = data_wire_bytes(job)
    scatter_s = gather_s = 0.0
    if scatters_each_micro_batch(job):
        scatter_s = reduce_scatter_s(dense * scattered, job.groups.data)
        scatter_s += reduce_scatter_s(experts * scattered, job.groups.expert_data)
    if job.layout.zero_stage == 3:
        gather_s = all_gather_s(dense * gathered, job.groups.data)
        gather_s += all_gather_s(experts * gathered, job.groups.expert_data)
    again_s = 0.0 if efficiency.options.keep_gathered else gather_s
    slowdown, usable = efficiency.overlap_slowdown, float(overlaps(job))
    return PassTime(
        exposed_s(gather_s, forward_s * usable, slowdown),
        exposed_s(again_s + scatter_s, backward_s * usable, slowdown),
    )


def overlaps(job: Job) -> bool:
    """Whether gradients and sharded weights move beside computation.

    FSDP needs streams of the device for that (Zhao et al. 2023, arXiv 2304.11277, section 3.3): where every kernel ends
    before the next is launched, as on a CPU, its collectives are waited for. DDP reduces from threads of its own.
    """
    efficiency = job.efficiency
    return efficiency.data_overlap and not (job.layout.zero_stage == 3 and efficiency.blocking_launch)


def scatters_each_micro_batch(job: Job) -> bool:
    """Whether gradients of layers are reduced after every micro-batch rather than once a step."""
    layout = job.layout
    sharded = layout.zero_stage == 3 or (layout.zero_stage == 2 and layout.pipeline_parallel == 1)
    return sharded and not job.efficiency.options.reduce_once


def moves_each_micro_batch(job: Job) -> bool:
    """Whether weights or gradients of layers travel between replicas in every micro-batch."""
    return job.layout.zero_stage == 3 or scatters_each_micro_batch(job)


def data_wire_bytes(job: Job) -> tuple[float, float]:
    """Bytes per weight gathered and per gradient reduced, swollen by the bandwidth the software fails to reach."""
    share = job.efficiency.data_bandwidth
    return job.efficiency.element_bytes / share, job.gradient_bytes / share
