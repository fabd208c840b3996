"""Hardware without losses, to work out times by hand, and jobs on it."""

from dataclasses import replace
from typing import Any

from clustersim.hardware.contention import bandwidth_shares
from clustersim.hardware.fabric import fabric_of
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Software
from clustersim.step.efficiency import ADAM_BYTES, CLIPPING_BYTES, FLASH_BACKWARD, FLASH_BACKWARD_RATE, Efficiency
from clustersim.step.groups import groups_of
from clustersim.step.job import Job
from clustersim.step.options import Options
from clustersim.step.shape import shard
from clustersim.workload.layout import deepest_stage
from tests.step import step_cases as cases

GEMM_FLOP_S = 1e15
ATTENTION_FLOP_S = 5e14
MEMORY_BYTES_S = 3e12

IDEAL = Efficiency(
    gemm_flop_s=GEMM_FLOP_S,
    expert_flop_s=GEMM_FLOP_S,
    wide_flop_s=GEMM_FLOP_S,
    wide_half_size=0.0,
    multiprocessors=0,
    gemm_half_size=0.0,
    attention_flop_s=ATTENTION_FLOP_S,
    attention_half_length=0.0,
    attention_backward=FLASH_BACKWARD / FLASH_BACKWARD_RATE,
    fused_attention=True,
    memory_bytes_s=MEMORY_BYTES_S,
    elementwise_traffic=1.0,
    loss_traffic=1.0,
    optimizer_bytes=ADAM_BYTES + CLIPPING_BYTES,
    kernel_gap_s=0.0,
    score_traffic=1.0,
    misaligned=1.0,
    element_bytes=2.0,
    unsplit_head=1.0,
    stops_early=False,
    selective_operations=False,
    cast_traffic=0.0,
    chunked_tensor=False,
    ring_context=True,
    ep_exposed=1.0,
    message_overlap=True,
    data_overlap=True,
    overlap_slowdown=0.0,
    tensor_bandwidth=1.0,
    data_bandwidth=1.0,
    gradient_bytes=4.0,
    straggle=0.0,
    blocking_launch=False,
    launch_s=0.0,
    host_collective_s=0.0,
    host_s=0.0,
    routed_passes=0.0,
    biased_experts=0.0,
    options=Options(),
)


def ideal(**changes: Any) -> Efficiency:
    """The ideal with some values changed."""
    return replace(IDEAL, **changes)


def ideal_job(
    model: Model = cases.LLAMA3_8B,
    sequence_length: int = 4096,
    efficiency: Efficiency = IDEAL,
    cluster: Cluster | None = None,
    stack: Software = "megatron",
    **sizes: Any,
) -> Job:
    """A workload on given efficiencies; the layout from its sizes."""
    machines, layout = cluster or cases.cluster(), cases.layout(**sizes)
    return Job(
        model=model,
        layout=layout,
        sequence_length=sequence_length,
        precision="bf16",
        efficiency=efficiency,
        groups=groups_of(fabric_of(machines), layout, bandwidth_shares(machines, layout)),
        part=shard(layout, sequence_length),
        stack=stack,
        stage_depth=deepest_stage(model, layout),
        host_link_bytes_s=machines.node.accelerator.host_link_bandwidth,
    )
