"""What one GPU computes in one layer: products, attention, elementwise work, and what it computes again."""

from dataclasses import dataclass, replace

from clustersim.step import shape
from clustersim.step.compute import PassTime, accumulate_s, elementwise_time, products_time
from clustersim.step.efficiency import Efficiency
from clustersim.step.experts import FUSED_CASTS, biased_elements
from clustersim.step.job import Job
from clustersim.workload.shards import layer_unit

ELEMENTWISE_KERNELS = 5.0
"""Kernels of each half of a layer that are not matrix products: norm, residual, rotary or activation, transposes."""


@dataclass(frozen=True, slots=True)
class LayerWork:
    """Computation of one layer and one micro-batch [s]; ``products`` are the matrix products within."""

    attention: PassTime
    ffn: PassTime
    other: PassTime
    products: PassTime
    recompute_s: float


def layer_work(job: Job, core: PassTime, mixture: bool) -> LayerWork:
    """Computation of one layer.

    Parameters
    ----------
    job : Job
        The workload on its hardware.
    core : PassTime
        Scores, softmax and values.
    mixture : bool
        Whether the layer has experts instead of a dense feed-forward block.
    """
    model, part, efficiency = job.model, job.part, job.efficiency
    projections = shape.attention_products(model, part)
    blocks = (
        shape.expert_products(model, part, job.layout.expert_parallel) if mixture else shape.ffn_products(model, part)
    )
    expert = _expert_efficiency(efficiency) if mixture else efficiency
    attention, ffn = products_time(projections, efficiency), products_time(blocks, expert)
    other = elementwise_time(_elements(job, mixture), 2.0 * ELEMENTWISE_KERNELS, efficiency)
    gradients = PassTime(0.0, accumulate_s(sum(layer_weights(job, mixture)), job.gradient_bytes, efficiency))
    whole = LayerWork(attention + core, ffn, other + gradients, attention + ffn, 0.0)
    skipped_s = products_time(blocks[1:2], expert).forward_s if efficiency.stops_early and not mixture else 0.0
    again_s = {
        "none": 0.0,
        "selective": _selective_s(job, whole, core, mixture),
        "full": whole.attention.forward_s + ffn.forward_s + other.forward_s - skipped_s,
    }[job.layout.recompute]
    return replace(whole, recompute_s=again_s * job.recomputed)


def _selective_s(job: Job, whole: LayerWork, core: PassTime, mixture: bool) -> float:
    """Selective recomputation: the core of attention, or what the software takes it to be.

    Megatron-Core does the core again (Korthikanti et al. 2022, arXiv 2205.05198, section 5), or norms, activations and
    the up-projections of latent attention where its recipe lists modules. torchtitan keeps the output of attention and
    of every second product (``selective_ac_option = "op"``, 2024), so half of the products and all elementwise
    work come again.
    """
    efficiency, model, part = job.efficiency, job.model, job.part
    if efficiency.selective_operations:
        return 0.5 * whole.products.forward_s + whole.other.forward_s
    if not efficiency.options.modules:
        return core.forward_s
    elements = shape.module_elements(model, part, shape.active_inner(model, mixture))
    again = products_time(shape.up_projections(model, part), efficiency)
    return again.forward_s + elementwise_time(elements, ELEMENTWISE_KERNELS, efficiency).forward_s


def _elements(job: Job, mixture: bool) -> float:
    model, part = job.model, job.part
    efficiency = job.efficiency
    inner = 0.0 if efficiency.options.fused_experts and mixture else shape.active_inner(model, mixture)
    elements = shape.attention_elements(model, part) + shape.ffn_elements(model, part, inner)
    if mixture:
        elements += shape.routed_elements(model, part, efficiency.routed_passes)
        elements += biased_elements(model, part, efficiency.biased_experts)
    return elements


def _expert_efficiency(efficiency: Efficiency) -> Efficiency:
    """Rates of the experts' grouped products."""
    casts = efficiency.cast_traffic * (FUSED_CASTS if efficiency.options.fused_experts else 1.0)
    return replace(efficiency, gemm_flop_s=efficiency.expert_flop_s, cast_traffic=casts)


def layer_weights(job: Job, mixture: bool) -> tuple[float, float]:
    """Weights of one layer on one GPU before sharding: those all replicas share, and the experts'."""
    unit = layer_unit(job.model, job.layout, mixture)
    return unit.dense, unit.expert
