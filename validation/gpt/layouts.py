"""Spread the model over the processes: pipeline stage, tensor parallelism, then data parallelism."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.nn.parallel import DistributedDataParallel

from validation.gpt.config import JobConfig, Layout
from validation.gpt.initial import build_model, canonical_name
from validation.gpt.model import GPT
from validation.gpt.processes import DATA, PIPELINE, TENSOR, Processes
from validation.gpt.tensor_plan import split_over_tensor_mesh
from validation.gpt.weights import LocalShards, Weight, spread_of


@dataclass(frozen=True, slots=True)
class Trainable:
    """What one process trains.

    ``module`` is called when training, ``probe`` without gradients (DistributedDataParallel wants no calls outside of
    training), ``core`` is the model or stage inside both.
    """

    core: GPT
    module: nn.Module
    probe: nn.Module
    weights: tuple[Weight, ...]

    def answer(self, x: Tensor) -> Tensor:
        """Call the model without leaving gathered weights behind: the next step gathers its own, as any step does."""
        y: Tensor = self.probe(x)
        for part in self.core.modules():
            if isinstance(part, FSDPModule):
                part.reshard()
        return y


def stage_layers(layers: int, stages: int, stage: int) -> range:
    """Layers of one pipeline stage: as even as can be, the first stages take one more.

    Parameters
    ----------
    layers, stages : int
        Of the model, and of the pipeline.
    stage : int
        The stage, counted from 0.
    """
    share, rest = divmod(layers, stages)
    start = stage * share + min(stage, rest)
    return range(start, start + share + (stage < rest))


def residual_dtype(config: JobConfig) -> torch.dtype:
    """Precision of the residual stream, and so of what pipeline stages pass on."""
    return torch.bfloat16 if config.train.precision == "bf16" else torch.float32


def is_sharded(layout: Layout) -> bool:
    """Whether FSDP splits the weights; with one replica there is nothing to split."""
    return layout.data_kind == "fsdp" and layout.data > 1


def build_trainable(config: JobConfig, processes: Processes) -> Trainable:
    """Build this process's part of the model with its initial weights and spread it.

    Notes
    -----
    Weights, gradients as they are reduced, and moments are float32. In bf16, FSDP gathers bf16 copies of the weights
    and reduces float32 gradients; elsewhere autocast casts each matrix where it is used.
    """
    layout = config.parallel
    dtype = residual_dtype(config)
    layers = stage_layers(config.model.layers, layout.pipeline, processes.position(PIPELINE))
    autocast = dtype != torch.float32 and not is_sharded(layout)
    core = build_model(config.model, config.train.seed, layers, dtype, autocast)
    if not is_sharded(layout):
        core.to(processes.device)
    if layout.tensor > 1:
        split_over_tensor_mesh(core, processes.mesh[TENSOR])
    return _data_parallel(core, config, processes)


def _data_parallel(core: GPT, config: JobConfig, processes: Processes) -> Trainable:
    layout = config.parallel
    if layout.data == 1:
        return Trainable(core, core, core, _weights(core, None))
    if layout.data_kind == "fsdp":
        _fully_shard(core, config, processes)
        return Trainable(core, core, core, _weights(core, None))
    shards = LocalShards(core) if layout.tensor > 1 else None
    probe = shards or core
    # Buckets of 25 MiB and their overlap with the backward pass are torch's defaults.
    module = DistributedDataParallel(probe, process_group=processes.group(DATA), gradient_as_bucket_view=True)
    return Trainable(core, module, probe, _weights(core, shards))


def _fully_shard(core: GPT, config: JobConfig, processes: Processes) -> None:
    """Shard layer by layer; embedding, last norm and head are the root's, which stays gathered until its backward."""
    mesh = processes.mesh[DATA]
    policy = MixedPrecisionPolicy()
    if config.train.precision == "bf16":
        policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    reshard = config.parallel.reshard_after_forward
    for layer in core.layers.values():
        fully_shard(layer, mesh=mesh, reshard_after_forward=reshard, mp_policy=policy)
    fully_shard(core, mesh=mesh, reshard_after_forward=False, mp_policy=policy)


def _weights(core: GPT, shards: LocalShards | None) -> tuple[Weight, ...]:
    second_copy = core.tied and not core.is_first
    found = []
    for name, parameter in core.named_parameters():
        spread = shards.spreads.get(parameter) if shards else spread_of(parameter)
        counted = not (second_copy and name == "head.weight")
        found.append(Weight(canonical_name(name, core.tied), parameter, spread, counted))
    return tuple(found)
