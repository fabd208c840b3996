"""What each pipeline stage of a layout has to hold: parameters, and elements of activations per token."""

from dataclasses import dataclass
from functools import lru_cache

from clustersim.scenario.schema.hardware import Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, Recompute
from clustersim.workload.activations import LayerElements, layer_elements
from clustersim.workload.habits import MemoryHabits
from clustersim.workload.layout import stage_layers
from clustersim.workload.parameters import is_mixture_layer
from clustersim.workload.shards import StageShard, joined, stage_shards


@dataclass(frozen=True, slots=True)
class StageNeeds:
    """One stage on one GPU.

    ``kept`` are elements per token that a chunk in flight keeps on the device, ``offloaded`` those that wait in host
    memory, ``heaviest`` those of the heaviest offloaded layer; ``output`` is what the stage itself keeps. Each of the
    three pairs is elements per token, and elements per token and token of the sequence (scores of attention).
    """

    shard: StageShard
    kept: tuple[float, float]
    offloaded: tuple[float, float]
    heaviest: tuple[float, float]
    output: float


@dataclass(frozen=True, slots=True)
class LayoutNeeds:
    """All stages, and per token what the backward pass of the heaviest layer needs beside; ``hidden`` is one state."""

    stages: tuple[StageNeeds, ...]
    at_work: float
    scores_at_work: float
    hidden: float


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a layout and its software decides the needs."""

    tensor: int
    sequence_parallel: bool
    pipeline: int
    virtual: int
    expert: int
    recompute: Recompute
    again: int
    away: int
    both_directions: bool
    narrow: bool
    habits: MemoryHabits


def layout_needs(model: Model, layout: Layout, precision: Precision, habits: MemoryHabits) -> LayoutNeeds:
    """What each stage of a layout has to hold, whatever its batch, sequence length and sharding of the state.

    Parameters
    ----------
    model : Model
        The transformer.
    layout : Layout
        The parallel layout. With ``recompute_layers`` the first layers of each stage recompute and the others keep
        everything, with ``offload_layers`` the first are offloaded; under ``dualpipe`` the GPUs of a stage also hold
        the stage opposite (DeepSeek-V3, arXiv 2412.19437, 2024, section 3.2.1).
    precision : str
        Number format of the matrix products.
    habits : MemoryHabits
        Of the software.

    Returns
    -------
    LayoutNeeds
        Remembered for the layouts asked for before: a search asks for the same one with many batches and shardings.
    """
    every = model.layers + model.prediction_layers
    again = 0 if layout.recompute == "none" else layout.recompute_layers or every
    away = 0 if layout.offload != "activations" else layout.offload_layers or every
    narrow = habits.narrow_inputs and precision in ("fp8", "fp4")
    return _layout_needs(
        model,
        layout.tensor_parallel,
        layout.sequence_parallel,
        layout.pipeline_parallel,
        layout.virtual_pipeline,
        layout.expert_parallel,
        layout.recompute,
        again,
        away,
        layout.schedule == "dualpipe",
        narrow,
        habits,
    )


@lru_cache(maxsize=8192)
def _layout_needs(model: Model, *settings: object) -> LayoutNeeds:
    shape = _Shape(*settings)  # type: ignore[arg-type]
    layout = Layout(
        tensor_parallel=shape.tensor,
        sequence_parallel=shape.sequence_parallel,
        pipeline_parallel=shape.pipeline,
        virtual_pipeline=shape.virtual,
        expert_parallel=shape.expert,
        data_parallel=1,
    )
    hidden = model.hidden / (shape.tensor if shape.sequence_parallel else 1)
    output = hidden if shape.habits.stage_outputs and shape.pipeline > 1 else 0.0
    kinds = [_kinds(model, layers, shape.again) for layers in stage_layers(model, layout)]
    further, dealt = model.mixture is not None, len(kinds[-1])
    kinds[-1] += [(further, dealt + place < shape.again) for place in range(model.prediction_layers)]
    elements = {kind: _elements(model, shape, *kind) for kind in {kind for stage in kinds for kind in stage}}
    shards = stage_shards(model, layout)
    if shape.both_directions:
        shards = tuple(map(joined, shards, reversed(shards)))
    return LayoutNeeds(
        tuple(
            _stage(shard, [elements[kind] for kind in stage], shape, output)
            for shard, stage in zip(shards, kinds, strict=True)
        ),
        max(each.at_work for each in elements.values()),
        max(each.scores_at_work for each in elements.values()),
        hidden,
    )


def _kinds(model: Model, layers: tuple[int, ...], again: int) -> list[tuple[bool, bool]]:
    """Whether each layer of a stage is a mixture, and whether it recomputes."""
    return [(is_mixture_layer(model, layer), place < again) for place, layer in enumerate(layers)]


def _elements(model: Model, shape: _Shape, mixture: bool, again: bool) -> LayerElements:
    recompute: Recompute = shape.recompute if again else "none"
    return layer_elements(model, shape.tensor, shape.sequence_parallel, mixture, recompute, shape.habits, shape.narrow)


def _stage(shard: StageShard, layers: list[LayerElements], shape: _Shape, output: float) -> StageNeeds:
    away, here = layers[: shape.away], layers[shape.away :]
    return StageNeeds(
        shard,
        (sum(layer.kept for layer in here) / shape.virtual, sum(layer.scores_kept for layer in here) / shape.virtual),
        (sum(layer.kept for layer in away) / shape.virtual, sum(layer.scores_kept for layer in away) / shape.virtual),
        (max((layer.kept for layer in away), default=0.0), max((layer.scores_kept for layer in away), default=0.0)),
        output,
    )
