"""Which parameters each GPU of a pipeline stage keeps under a parallel layout."""

from dataclasses import dataclass
from functools import lru_cache

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.workload.layout import stage_layers
from clustersim.workload.parameters import (
    embedding_norm_parameters,
    ffn_parameters,
    final_norm_parameters,
    is_mixture_layer,
    layer_parameters,
    position_parameters,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Parameters of one layer, embedding or head on one GPU; ``expert`` are routed experts, ``dense`` all else."""

    dense: float
    expert: float = 0.0

    @property
    def total(self) -> float:
        """All parameters of the unit on one GPU."""
        return self.dense + self.expert


@dataclass(frozen=True, slots=True)
class StageShard:
    """Parameters on each GPU of one pipeline stage, before any ZeRO sharding, unit by unit and in all.

    The replicas of ``dense`` parameters are all data- and context-parallel GPUs; those of ``expert`` (routed experts)
    only the GPUs of one expert-parallel rank. ``largest`` is the number of parameters of the largest unit,
    ``largest_pair`` that of the two largest together.
    """

    units: tuple[Unit, ...]
    dense: float
    expert: float
    largest: float
    largest_pair: float

    @property
    def total(self) -> float:
        """All parameters on one GPU."""
        return self.dense + self.expert


def stage_shards(model: Model, layout: Layout) -> tuple[StageShard, ...]:
    """Parameters on one GPU of each pipeline stage, before ZeRO.

    Parameters
    ----------
    model : Model
        The transformer.
    layout : Layout
        The parallel layout; tensor, expert and pipeline parallelism split parameters.

    Returns
    -------
    tuple[StageShard, ...]
        One entry per stage, first to last.

    Notes
    -----
    Tensor parallelism splits every matrix and the embedding by vocabulary; norms, the router, the low-rank
    compressions of latent attention and a position embedding are whole on every GPU. Key and value heads are copied
    when there are fewer than GPUs in the group. Routed experts are split over the expert-parallel group and each over
    the tensor-parallel group. With more than one stage a shared embedding is kept twice, on the first and last.
    The bias of a row-split product (width ``hidden``) is counted as split: an error below 1e-4.

    References
    ----------
    .. [1] Shoeybi et al. (2019), Megatron-LM, arXiv 1909.08053, sec. 3.
    .. [2] Narayanan et al. (2021), arXiv 2104.04473, sec. 2.3.
    """
    sizes = (layout.tensor_parallel, layout.expert_parallel, layout.pipeline_parallel, layout.virtual_pipeline)
    return _stage_shards(model, *sizes)


@lru_cache(maxsize=4096)
def _stage_shards(model: Model, tensor: int, expert: int, pipeline: int, virtual: int) -> tuple[StageShard, ...]:
    layout = Layout(
        tensor_parallel=tensor,
        expert_parallel=expert,
        pipeline_parallel=pipeline,
        virtual_pipeline=virtual,
        data_parallel=1,
    )
    by_kind = {mixture: layer_unit(model, layout, mixture) for mixture in (False, True)}
    stages = [[by_kind[is_mixture_layer(model, layer)] for layer in layers] for layers in stage_layers(model, layout)]
    stages[-1] += model.prediction_layers * [by_kind[model.mixture is not None]]
    table = model.vocabulary * model.hidden / layout.tensor_parallel
    stages[0].insert(0, Unit(table + position_parameters(model) + embedding_norm_parameters(model)))
    own_head = not model.tied_embeddings or layout.pipeline_parallel > 1
    stages[-1].append(Unit((table if own_head else 0.0) + final_norm_parameters(model)))
    return tuple(_stage(units) for units in stages)


def joined(one: StageShard, other: StageShard) -> StageShard:
    """Two stages on the same GPUs."""
    return _stage([*one.units, *other.units])


def _stage(units: list[Unit]) -> StageShard:
    dense, expert = sum(unit.dense for unit in units), sum(unit.expert for unit in units)
    largest, second = sorted((0.0, *(unit.total for unit in units)), reverse=True)[:2]
    return StageShard(tuple(units), dense, expert, largest, largest + second)


def layer_unit(model: Model, layout: Layout, mixture: bool) -> Unit:
    """Parameters of one layer on one GPU, before ZeRO; see :func:`stage_shards` for what is split and what is whole."""
    return _layer_unit(model, layout.tensor_parallel, layout.expert_parallel, mixture)


@lru_cache(maxsize=4096)
def _layer_unit(model: Model, tp: int, expert_parallel: int, mixture: bool) -> Unit:
    layer = layer_parameters(model, mixture)
    keys_values = _key_value_parameters(model)
    attention = (
        layer.replicated
        + (layer.attention - layer.replicated - keys_values) / tp
        + keys_values / min(tp, model.n_kv_heads)
    )
    routed = _routed_parameters(model) if mixture else 0
    shared = layer.experts - routed
    dense = attention + (layer.ffn + shared) / tp + layer.router + layer.norms
    return Unit(dense, routed / (tp * expert_parallel))


def _key_value_parameters(model: Model) -> int:
    """Parameters of the key and value projections; 0 for latent attention, which splits by query head."""
    if model.latent_attention is not None:
        return 0
    return 2 * model.n_kv_heads * model.head_width * (model.hidden + model.attention_bias)


def _routed_parameters(model: Model) -> int:
    if model.mixture is None:
        return 0
    return model.mixture.experts * ffn_parameters(model, model.mixture.expert_ffn_hidden)
