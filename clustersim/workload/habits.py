"""What classes of training software keep in device memory beyond what the arithmetic of the model needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clustersim.scenario.schema.training import Layout, Software


@dataclass(frozen=True, slots=True)
class MemoryHabits:
    """Where software differs in device memory.

    Attributes
    ----------
    fused_attention : bool
        Scores stay on chip (FlashAttention, arXiv 2205.14135, 2022). Without it the softmax, its dropout and the mask
        of that are kept, ``5 a s^2 b / t`` bytes a layer, and two dropout masks beside (Korthikanti et al. 2022).
    selective_operations : bool
        ``recompute: selective`` keeps every second matrix product and the attention, and does the rest of the layer
        again (torchtitan, ``selective_ac_option = "op"``, 2024), rather than the core of attention alone
        (Megatron-Core, ``--recompute-granularity selective``, 2024).
    narrow_inputs : bool
        With fp8 and fp4 products, their inputs are kept in 8 bits (NVIDIA Transformer Engine 2.0, 2025); torchao keeps
        them in 16 (``Float8Linear``, 2024).
    sharded_copy : bool
        ZeRO 3 keeps a 16-bit shard of the weights beside the master weights (DeepSpeed, Megatron-FSDP); PyTorch's FSDP
        casts from the master weights when it gathers (arXiv 2304.11277, 2023, section 4.4).
    stage_outputs : bool
        A pipeline stage keeps the output of each micro-batch in flight (DeepSpeed ``PipelineEngine.pipe_buffers``,
        2022); Megatron-Core frees it (``deallocate_pipeline_outputs``).
    gradient_bytes_fp16, gradient_bytes_bf16 : float
        Bytes of gradient per parameter between micro-batches. bf16 in Megatron-DeepSpeed: a 16-bit gradient and its
        fp32 sum (BigScience chronicles, 2022: "additional memory usage is 4bytes x params and it's not sharded"), and
        16 bits more as the sum is cast whole to be reduced (``engine.allreduce_bucket``, 2022).
    update_bytes : float
        Bytes per updated parameter of gradient copies that the optimizer makes: DeepSpeed's ZeRO flattens its
        partition in 16 bits and casts it to fp32 (``stage_1_and_2.py``, 2022).
    bucket_elements : float
        Gradients gathered up before each reduction, whole (DeepSpeed ``reduce_bucket_size``, 5e8).
    live_elements : float
        Weights that ZeRO 3 lets stay whole while it gathers matrix by matrix (DeepSpeed
        ``stage3_max_live_parameters``, 1e9), rather than layer by layer (0).
    """

    fused_attention: bool = True
    selective_operations: bool = False
    narrow_inputs: bool = False
    sharded_copy: bool = False
    stage_outputs: bool = False
    gradient_bytes_fp16: float = 2.0
    gradient_bytes_bf16: float = 4.0
    update_bytes: float = 0.0
    bucket_elements: float = 0.0
    live_elements: float = 0.0


HABITS: Mapping[Software, MemoryHabits] = MappingProxyType(
    {
        "megatron": MemoryHabits(narrow_inputs=True, sharded_copy=True),
        "pytorch": MemoryHabits(selective_operations=True),
        "composer": MemoryHabits(),
        "xla": MemoryHabits(),
        "paxml": MemoryHabits(),
        "megatron-2021": MemoryHabits(fused_attention=False),
        "megatron-deepspeed": MemoryHabits(
            fused_attention=False,
            stage_outputs=True,
            gradient_bytes_bf16=8.0,
            update_bytes=6.0,
            bucket_elements=5e8,
        ),
        "megatron-deepspeed-2023": MemoryHabits(
            fused_attention=False,
            stage_outputs=True,
            gradient_bytes_bf16=8.0,
            update_bytes=6.0,
            bucket_elements=5e8,
        ),
        "deepspeed-zero3": MemoryHabits(
            fused_attention=False,
            sharded_copy=True,
            gradient_bytes_bf16=2.0,
            bucket_elements=5e8,
            live_elements=1e9,
        ),
    }
)
"""Habits by software class."""


def memory_habits(layout: Layout, software: Software | None) -> MemoryHabits:
    """Habits of a software class; when it is not said, PyTorch's for ZeRO 2 and 3 and Megatron's otherwise."""
    if software is None:
        software = "pytorch" if layout.zero_stage >= 2 else "megatron"
    return HABITS[software]
