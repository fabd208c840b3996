"""Time of one transformer layer for one micro-batch on one GPU, communication inside the layer included."""

from dataclasses import dataclass, replace

from clustersim.step import shape
from clustersim.step.collectives import all_gather_s, all_reduce_s, all_to_all_s, reduce_scatter_s, send_s
from clustersim.step.compute import ELEMENT_BYTES, PassTime, attention_time, elementwise_time, products_time
from clustersim.step.job import Job
from clustersim.step.overlap import exposed_s
from clustersim.workload.shards import layer_unit

ELEMENTWISE_KERNELS = 5.0
"""Kernels of each half of a layer that are not matrix products: norm, residual, rotary or activation, transposes."""

WEIGHT_BYTES = 2.0
"""Weights travel in 16 bits when they are gathered."""

NOTHING = PassTime(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class LayerTime:
    """Where the time of one layer and one micro-batch goes; communication is what computation does not hide."""

    attention: PassTime
    ffn: PassTime
    other: PassTime
    recompute_s: float
    tensor: PassTime
    context: PassTime
    expert: PassTime
    data: PassTime

    @property
    def compute_forward_s(self) -> float:
        """Forward computation [s]."""
        return self.attention.forward_s + self.ffn.forward_s + self.other.forward_s

    @property
    def compute_backward_s(self) -> float:
        """Backward computation with its recomputation [s]."""
        return self.attention.backward_s + self.ffn.backward_s + self.other.backward_s + self.recompute_s

    @property
    def forward_s(self) -> float:
        """Forward pass with its communication [s]."""
        waits_s = self.tensor.forward_s + self.context.forward_s + self.expert.forward_s + self.data.forward_s
        return self.compute_forward_s + waits_s

    @property
    def backward_s(self) -> float:
        """Backward pass with recomputation and communication [s]."""
        waits_s = self.tensor.backward_s + self.context.backward_s + self.expert.backward_s + self.data.backward_s
        return self.compute_backward_s + waits_s

    @property
    def both_s(self) -> float:
        """Forward and backward pass [s]."""
        return self.forward_s + self.backward_s


def layer_time(job: Job, mixture: bool) -> LayerTime:
    """Time of one layer.

    Parameters
    ----------
    job : Job
        The workload on its hardware.
    mixture : bool
        Whether the layer has experts instead of a dense feed-forward block.

    Returns
    -------
    LayerTime
        Forward and backward of one micro-batch [s].
    """
    efficiency = job.efficiency
    core = attention_time(shape.attention_core(job.model, job.layout, job.sequence_length), efficiency)
    compute = _without_waits(job, core, mixture)
    waiting = replace(
        compute,
        tensor=_tensor(job),
        context=_context(job, core),
        expert=_expert(job) if mixture else NOTHING,
    )
    return replace(waiting, data=_sharded_weights(job, waiting, mixture)) if job.layout.zero_stage == 3 else waiting


def _without_waits(job: Job, core: PassTime, mixture: bool) -> LayerTime:
    model, part, efficiency = job.model, job.part, job.efficiency
    products = (
        shape.expert_products(model, part, job.layout.expert_parallel) if mixture else shape.ffn_products(model, part)
    )
    attention = products_time(shape.attention_products(model, part), efficiency) + core
    ffn = products_time(products, replace(efficiency, gemm_flop_s=efficiency.expert_flop_s) if mixture else efficiency)
    elements = shape.attention_elements(model, part) + shape.ffn_elements(
        model, part, shape.active_inner(model, mixture)
    )
    elements += shape.routed_elements(model, part) if mixture else 0.0
    other = elementwise_time(elements, 2.0 * ELEMENTWISE_KERNELS, efficiency)
    recompute_s = {
        "none": 0.0,
        "selective": core.forward_s,
        "full": attention.forward_s + ffn.forward_s + other.forward_s,
    }[job.layout.recompute]
    return LayerTime(attention, ffn, other, recompute_s, NOTHING, NOTHING, NOTHING, NOTHING)


def _tensor(job: Job) -> PassTime:
    """Two exchanges per pass (Shoeybi et al. 2019, arXiv 1909.08053; SP: Korthikanti et al. 2022, sec. 4.2)."""
    size_bytes, place = job.part.tokens * job.model.hidden * ELEMENT_BYTES, job.groups.tensor
    if job.layout.sequence_parallel:
        once_s = all_gather_s(size_bytes, place) + reduce_scatter_s(size_bytes, place)
    else:
        once_s = all_reduce_s(size_bytes, place)
    pass_s = 2.0 * once_s * job.efficiency.tp_exposed
    return PassTime(pass_s, pass_s * (2.0 if job.layout.recompute == "full" else 1.0))


def _context(job: Job, core: PassTime) -> PassTime:
    """Keys and values pass round a ring behind the scores (Liu et al. 2023, arXiv 2310.01889)."""
    ranks = job.layout.context_parallel
    if ranks == 1:
        return NOTHING
    model, latent = job.model, job.model.latent_attention
    tensor = job.layout.tensor_parallel
    width = shape.key_value_width(model, tensor)
    if latent is not None:
        width = model.heads * (latent.nope_head_dim + latent.rope_head_dim + latent.value_head_dim) / tensor
    block_bytes = job.part.tokens * width * ELEMENT_BYTES
    forward_s = (ranks - 1) * send_s(block_bytes, job.groups.context)
    share, slowdown = job.efficiency.cp_exposed, job.efficiency.overlap_slowdown
    again_s = forward_s if job.layout.recompute != "none" else 0.0
    return PassTime(
        _partly(forward_s, core.forward_s, share, slowdown),
        _partly(2.0 * forward_s + again_s, core.backward_s, share, slowdown),
    )


def _partly(communication_s: float, window_s: float, share: float, slowdown: float) -> float:
    return communication_s * share + exposed_s(communication_s * (1.0 - share), window_s, slowdown)


def _expert(job: Job) -> PassTime:
    """Dispatch to the experts and return, in each pass (Lepikhin et al. 2020, arXiv 2006.16668)."""
    mixture = job.model.mixture
    copies = 0 if mixture is None else mixture.experts_per_token
    size_bytes = job.part.normed_tokens * copies * job.model.hidden * ELEMENT_BYTES
    pass_s = 2.0 * all_to_all_s(size_bytes, job.groups.expert) * job.efficiency.ep_exposed
    return PassTime(pass_s, pass_s * (2.0 if job.layout.recompute == "full" else 1.0))


def _sharded_weights(job: Job, layer: LayerTime, mixture: bool) -> PassTime:
    """ZeRO 3: weights gathered in each pass, gradients scattered, one layer ahead (ZeRO, arXiv 1910.02054, 2020)."""
    dense, experts = layer_weights(job, mixture)
    gathered, scattered = data_wire_bytes(job)
    gather_s = all_gather_s(dense * gathered, job.groups.data)
    gather_s += all_gather_s(experts * gathered, job.groups.expert_data)
    scatter_s = reduce_scatter_s(dense * scattered, job.groups.data)
    scatter_s += reduce_scatter_s(experts * scattered, job.groups.expert_data)
    slowdown, usable = job.efficiency.overlap_slowdown, job.efficiency.dp_overlap
    return PassTime(
        exposed_s(gather_s, layer.forward_s * usable, slowdown),
        exposed_s(gather_s + scatter_s, layer.backward_s * usable, slowdown),
    )


def data_wire_bytes(job: Job) -> tuple[float, float]:
    """Bytes per weight gathered and per gradient reduced, swollen by the bandwidth the software fails to reach."""
    share = job.efficiency.data_bandwidth
    return WEIGHT_BYTES / share, job.efficiency.gradient_bytes / share


def layer_weights(job: Job, mixture: bool) -> tuple[float, float]:
    """Weights of one layer on one GPU before sharding: those all replicas share, and the experts'."""
    unit = layer_unit(job.model, job.layout, mixture)
    return unit.dense, unit.expert
