"""Puts what was measured on an accelerator in the place of what is calibrated for its kind."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from clustersim.scenario.schema.hardware import Accelerator, Cluster, Measured, Precision
from clustersim.scenario.schema.measured import Range
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.step.efficiency import Efficiency
from clustersim.step.extrapolation import Extrapolation


def measured_efficiency(
    efficiency: Efficiency, cluster: Cluster, layout: Layout, precision: Precision, micro_batches: int | None = None
) -> Efficiency:
    """Efficiencies of a job on hardware that may have been measured.

    Parameters
    ----------
    efficiency : Efficiency
        What is calibrated for the kind of accelerator and the class of software.
    cluster : Cluster
        The machines; ``node.accelerator.measured`` says what was measured, if anything.
    layout : Layout
        How many accelerators work at a time.
    precision : str
        Number format of the matrix products.
    micro_batches : int, optional
        Of each replica and step. Stages of a pipeline wait for each other all the more the fewer there are; when
        omitted, they never work at the same time.

    Returns
    -------
    Efficiency
        The same where nothing was measured. Work on a node that is full takes ``contention`` times as long as that of
        one accelerator alone; in between the loss grows with the others that work meanwhile.
    """
    measured = cluster.node.accelerator.measured
    if measured is None:
        return efficiency
    known = replace(efficiency, **_given(measured, efficiency, precision))
    return _crowded(known, _slowdown(measured, cluster, layout, micro_batches))


def _given(measured: Measured, efficiency: Efficiency, precision: Precision) -> dict[str, Any]:
    rate = getattr(measured.matrix, precision)
    wide = measured.matrix.bf16 or measured.matrix.fp16 or measured.matrix.fp32
    values = {
        "gemm_flop_s": rate,
        "expert_flop_s": rate * efficiency.expert_flop_s / efficiency.gemm_flop_s if rate else None,
        "wide_flop_s": wide,
        "gemm_half_size": measured.matrix_half_size,
        "wide_half_size": measured.matrix_half_size,
        "multiprocessors": None if measured.matrix_half_size is None else 0,
        "attention_flop_s": measured.attention,
        "attention_half_length": measured.attention_half_length,
        "attention_backward": measured.attention_backward,
        "memory_bytes_s": measured.memory,
        "elementwise_traffic": measured.elementwise_traffic,
        "loss_traffic": measured.loss_traffic,
        "optimizer_bytes": measured.optimizer_bytes,
        "kernel_gap_s": measured.kernel_gap,
        "launch_s": measured.launch,
        "host_s": measured.host,
        "host_collective_s": measured.host_collective,
        "data_overlap": measured.overlap,
        "blocking_launch": measured.synchronous,
        "data_bandwidth": None if measured.collectives is None else 1.0,
        "tensor_bandwidth": None if measured.collectives is None else 1.0,
    }
    return {name: value for name, value in values.items() if value is not None}


def _slowdown(measured: Measured, cluster: Cluster, layout: Layout, micro_batches: int | None) -> float:
    others = cluster.node.gpus - 1
    if measured.contention is None or others == 0:
        return 1.0
    return 1.0 + (measured.contention - 1.0) * _others_at_work(layout, cluster.node.gpus, micro_batches) / others


def _others_at_work(layout: Layout, node_gpus: int, micro_batches: int | None) -> float:
    """Other accelerators of the node that work while one does, on average.

    Those of its own stage do; those of other stages but for the bubble, (p-1)/m of the work (Narayanan et al. 2021,
    arXiv 2104.04473, section 2.2.1).
    """
    busy, stages = min(layout.gpus, node_gpus), layout.pipeline_parallel
    ranks = layout.gpus // stages
    if layout.rank_order == "tp-cp-pp-dp":
        ranks = layout.tensor_parallel * layout.context_parallel
    own = min(busy, ranks)
    meanwhile = 0.0 if micro_batches is None else max(0.0, 1.0 - (stages - 1) / micro_batches)
    return own - 1 + (busy - own) * meanwhile


def _crowded(efficiency: Efficiency, slowdown: float) -> Efficiency:
    if slowdown == 1.0:
        return efficiency
    return replace(
        efficiency,
        gemm_flop_s=efficiency.gemm_flop_s / slowdown,
        expert_flop_s=efficiency.expert_flop_s / slowdown,
        wide_flop_s=efficiency.wide_flop_s / slowdown,
        attention_flop_s=efficiency.attention_flop_s / slowdown,
        memory_bytes_s=efficiency.memory_bytes_s / slowdown,
    )


def measured_sigma(accelerator: Accelerator) -> float | None:
    """Spread of the log error of step times measured on it and left out of its fit; None where there is none."""
    return None if accelerator.measured is None else accelerator.measured.spread


def measured_extrapolations(
    covers: Range, model: Model, layout: Layout, sequence_length: int
) -> Iterator[Extrapolation]:
    """What of a workload lies outside the measured step times; each doubling beyond widens the spread by 2 %."""
    tokens = layout.micro_batch * sequence_length / layout.context_parallel
    for what, ratio in (
        (f"job of {layout.gpus:,} accelerators", layout.gpus / covers.gpus),
        (f"micro-batch of {tokens:,.0f} tokens", tokens / covers.tokens),
        (f"hidden size of {model.hidden:,}", model.hidden / covers.hidden_max),
        (f"hidden size of {model.hidden:,}", covers.hidden_min / model.hidden),
    ):
        if ratio > 1.0:
            text = f"{what} is {ratio:.3g} times beyond what was measured on this hardware"
            yield Extrapolation(text, 0.02 * math.log2(ratio))
    if model.mixture is not None:
        yield Extrapolation("mixtures of experts were not measured on this hardware", 0.10)
