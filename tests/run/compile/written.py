"""A plan as a user writes it, in lines that tests add to."""

from collections.abc import Callable

from clustersim.run import RunPlan

PLAN = """\
name: A plan
model: llama3-8b
cluster: {node: dgx-h100, nodes: 40}
spares: {hot: 1, warm: 2, cold: 3, warm_swap: 70 s, repair_hands: 5}
training:
  start: 2027-01-11
  layout: {data_parallel: 256}
  phases:
    - {name: first, tokens: 1001M tokens, sequence_length: 1000, global_batch: 1000, step_time: 2 s}
    - {name: second, tokens: 100M tokens, sequence_length: 1000, global_batch: 100, step_time: 3 s}
    - {name: third, tokens: 1M tokens, sequence_length: 1000, global_batch: 100, step_time: 4 s, main: false,
       layout: {data_parallel: 64, tensor_parallel: 4}}
checkpoint: {kind: blocking, interval: 10 min, write_bandwidth: 10 GB/s, bytes_per_parameter: 10}
failures:
  categories:
"""

GPU = "    x: {component: gpu, rate: 1 per 1000 gpu-hours"

Compile = Callable[..., RunPlan]
