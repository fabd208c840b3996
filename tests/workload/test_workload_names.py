"""The public names of the workload."""

import clustersim.workload

PUBLIC = """
AttentionConvention
ForwardFlops
LayerParameters
LayoutProblem
MemoryHabits
MemoryPerGpu
ParameterCount
StageShard
StateBytes
Unit
chunks_in_flight
count_parameters
forward_flops
hardware_flops_per_token
is_mixture_layer
layer_activation_elements
layer_parameters
layers_per_chunk
layout_problems
memory_habits
memory_per_gpu
micro_batches
mixture_layers
model_flops_per_token
recompute_flops_per_token
stage_layers
stage_shards
state_bytes
"""


def test_public_names_are_frozen() -> None:
    assert PUBLIC.split() == clustersim.workload.__all__


def test_public_names_exist() -> None:
    assert all(hasattr(clustersim.workload, name) for name in clustersim.workload.__all__)
