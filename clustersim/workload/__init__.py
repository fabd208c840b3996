"""The transformer's arithmetic: parameters, FLOPs and bytes; what a parallel layout divides; memory per GPU."""

from clustersim.workload.activations import chunks_in_flight, layer_activation_elements
from clustersim.workload.flops import (
    AttentionConvention,
    ForwardFlops,
    forward_flops,
    hardware_flops_per_token,
    model_flops_per_token,
    recompute_flops_per_token,
)
from clustersim.workload.habits import MemoryHabits, memory_habits
from clustersim.workload.layout import (
    LayoutProblem,
    layers_per_chunk,
    layout_problems,
    micro_batches,
    stage_layers,
)
from clustersim.workload.memory import MemoryPerGpu, StateBytes, memory_per_gpu, state_bytes
from clustersim.workload.parameters import (
    LayerParameters,
    ParameterCount,
    count_parameters,
    is_mixture_layer,
    layer_parameters,
    mixture_layers,
)
from clustersim.workload.shards import StageShard, Unit, stage_shards

__all__ = [
    "AttentionConvention",
    "ForwardFlops",
    "LayerParameters",
    "LayoutProblem",
    "MemoryHabits",
    "MemoryPerGpu",
    "ParameterCount",
    "StageShard",
    "StateBytes",
    "Unit",
    "chunks_in_flight",
    "count_parameters",
    "forward_flops",
    "hardware_flops_per_token",
    "is_mixture_layer",
    "layer_activation_elements",
    "layer_parameters",
    "layers_per_chunk",
    "layout_problems",
    "memory_habits",
    "memory_per_gpu",
    "micro_batches",
    "mixture_layers",
    "model_flops_per_token",
    "recompute_flops_per_token",
    "stage_layers",
    "stage_shards",
    "state_bytes",
]
