"""How a parallel layout divides a model, and what is wrong with a layout that does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.workload.schedule import schedule_faults


@dataclass(frozen=True, slots=True)
class LayoutProblem:
    """One reason why a layout is impossible; ``field`` is the setting of the layout or phase to change."""

    field: str
    message: str


def micro_batches(layout: Layout, global_batch: int) -> int:
    """Micro-batches that each replica runs in one optimizer step.

    Parameters
    ----------
    layout : Layout
        The parallel layout.
    global_batch : int
        Sequences per optimizer step, over all replicas.

    Returns
    -------
    int
        ``global_batch / (data_parallel * micro_batch)``.

    Raises
    ------
    ValueError
        If the batch is not a whole number of micro-batches; :func:`layout_problems` says so first.
    """
    per_round = layout.data_parallel * layout.micro_batch
    if global_batch % per_round:
        msg = f"global_batch {global_batch} is not a multiple of data_parallel x micro_batch = {per_round}"
        raise ValueError(msg)
    return global_batch // per_round


def layers_per_chunk(model: Model, layout: Layout) -> tuple[int, ...]:
    """Transformer layers of each model chunk, first to last.

    There are ``pipeline_parallel * virtual_pipeline`` chunks; chunk ``c`` lives on stage ``c % pipeline_parallel``.

    Parameters
    ----------
    model : Model
        The transformer.
    layout : Layout
        The parallel layout.

    Returns
    -------
    tuple[int, ...]
        Layers per chunk; sums to ``model.layers``.

    Raises
    ------
    ValueError
        If there are more chunks than layers plus two; :func:`layout_problems` says so first.

    Notes
    -----
    Chunks are equal when the layers divide. Otherwise the embedding and the head take a slot each, as in the runs
    of BLOOM (70 layers on 12 stages: 5, 6, ..., 6, 5) and Llama 3 405B (126 layers on 16 stages: 7, 8, ..., 8, 7),
    and ``layers + 2`` slots are dealt so that chunks differ by at most one, the earlier ones taking more. Megatron-LM
    calls this ``--account-for-embedding-in-pipeline-split`` and ``--account-for-loss-in-pipeline-split``. A layer of
    multi-token prediction sits on the last chunk and takes two slots, one for its use of the head: DeepSeek-V3 in
    Megatron Bridge (2025) lays 61 layers on 16 chunks as 4, ..., 4, 1 and on 32 as 1, 2, ..., 2, 0.

    References
    ----------
    .. [1] BigScience (2022), arXiv 2211.05100, sec. 3.2.
    .. [2] Llama Team (2024), arXiv 2407.21783, sec. 3.3.2: one layer less on the first and the last stage.
    """
    chunks = layout.pipeline_parallel * layout.virtual_pipeline
    if model.layers % chunks == 0 and not model.prediction_layers:
        return (model.layers // chunks,) * chunks
    if chunks > model.layers + 2:
        msg = f"{model.layers} layers do not fill {chunks} pipeline chunks"
        raise ValueError(msg)
    last = 1 + 2 * model.prediction_layers
    slots, extra = divmod(model.layers + 1 + last, chunks)
    dealt = [slots + (chunk < extra) for chunk in range(chunks)]
    dealt[0] = max(0, dealt[0] - 1)
    dealt[-1] = max(0, dealt[-1] - last)
    # What the ends could not give up comes off the fullest chunks, the earliest first.
    while sum(dealt) > model.layers:
        dealt[dealt.index(max(dealt))] -= 1
    return tuple(dealt)


def chunk_kinds(model: Model, layout: Layout) -> tuple[tuple[int, int], ...]:
    """Dense and mixture layers of each model chunk, from the embedding to the head.

    Layers of multi-token prediction are further layers of the last kind on the last chunk (DeepSeek-V3, arXiv
    2412.19437, section 2.2).
    """
    mixture = model.mixture
    kinds = (0, 0) if mixture is None else (mixture.dense_layers, mixture.layer_period)
    stages, virtual = layout.pipeline_parallel, layout.virtual_pipeline
    return _chunk_kinds(model.layers, model.prediction_layers, kinds, mixture is not None, stages, virtual)


@lru_cache(maxsize=4096)
def _chunk_kinds(
    layers: int, further: int, kinds: tuple[int, int], mixed: bool, stages: int, virtual: int
) -> tuple[tuple[int, int], ...]:
    model = Model.model_construct(layers=layers, prediction_layers=further)
    chunks = layers_per_chunk(model, Layout(pipeline_parallel=stages, virtual_pipeline=virtual, data_parallel=1))
    leading, period = kinds
    found, first = [], 0
    for count in chunks:
        places = range(first, first + count)
        experts = sum(place >= leading and (place - leading + 1) % period == 0 for place in places) if mixed else 0
        found.append((count - experts, experts))
        first += count
    dense, experts = found[-1]
    found[-1] = (dense, experts + further) if mixed else (dense + further, experts)
    return tuple(found)


def deepest_stage(model: Model, layout: Layout) -> int:
    """Layers of the deepest pipeline stage, those of multi-token prediction included."""
    return _deepest(model.layers, model.prediction_layers, layout.pipeline_parallel, layout.virtual_pipeline)


@lru_cache(maxsize=4096)
def _deepest(layers: int, further: int, stages: int, virtual: int) -> int:
    model = Model.model_construct(layers=layers, prediction_layers=further)
    chunks = layers_per_chunk(model, Layout(pipeline_parallel=stages, virtual_pipeline=virtual, data_parallel=1))
    depths = [sum(chunks[stage::stages]) for stage in range(stages)]
    depths[-1] += further
    return max(1, *depths)


def stage_layers(model: Model, layout: Layout) -> tuple[tuple[int, ...], ...]:
    """Indices of the layers (from 0) on each pipeline stage, with the stage's chunks joined."""
    stages: list[list[int]] = [[] for _ in range(layout.pipeline_parallel)]
    first = 0
    for chunk, layers in enumerate(layers_per_chunk(model, layout)):
        stages[chunk % layout.pipeline_parallel].extend(range(first, first + layers))
        first += layers
    return tuple(tuple(layers) for layers in stages)


def layout_problems(
    model: Model, layout: Layout, global_batch: int, gpus_per_node: int, sequence_length: int
) -> list[LayoutProblem]:
    """Everything that makes a layout impossible for a model and a batch.

    Parameters
    ----------
    model : Model
        The transformer.
    layout : Layout
        The parallel layout.
    global_batch : int
        Sequences per optimizer step, over all replicas.
    gpus_per_node : int
        GPUs in one node.
    sequence_length : int
        Tokens per sequence.

    Returns
    -------
    list[LayoutProblem]
        Empty for a possible layout. Each message names the number that breaks and one that would not.

    Notes
    -----
    Not problems: a number of micro-batches that is no multiple of the stages (the schedule of Llama 3, arXiv
    2407.21783 sec. 3.3.2, takes any), ZeRO stages 2 and 3 together with pipeline stages (Llama 3 does so), and tensor
    parallelism across nodes (slow, not impossible).
    """
    return [
        *_pipeline_problems(model, layout),
        *_partial_problems(model, layout),
        *_schedule_problems(layout, global_batch),
        *_tensor_problems(model, layout),
        *_expert_problems(model, layout),
        *_sequence_problems(model, layout, sequence_length),
        *_batch_problems(layout, global_batch),
        *_node_problems(layout, gpus_per_node),
    ]


def _pipeline_problems(model: Model, layout: Layout) -> Iterator[LayoutProblem]:
    stages, virtual = layout.pipeline_parallel, layout.virtual_pipeline
    if virtual > 1 and stages == 1:
        message = f"virtual_pipeline {virtual} needs pipeline_parallel above 1; set it to 1"
        yield LayoutProblem("virtual_pipeline", message)
    elif stages > model.layers + 2:
        message = (
            f"{model.layers} layers do not fill {stages} pipeline stages;"
            f" use pipeline_parallel {_largest_divisor(model.layers, stages)} or at most {model.layers + 2}"
        )
        yield LayoutProblem("pipeline_parallel", message)
    elif stages * virtual > model.layers + 2:
        message = (
            f"{model.layers} layers do not fill pipeline_parallel {stages} x virtual_pipeline {virtual} ="
            f" {stages * virtual} chunks; use virtual_pipeline {(model.layers + 2) // stages} or less"
        )
        yield LayoutProblem("virtual_pipeline", message)


def _schedule_problems(layout: Layout, global_batch: int) -> Iterator[LayoutProblem]:
    whole = global_batch % (layout.data_parallel * layout.micro_batch) == 0
    faults = schedule_faults(layout, micro_batches(layout, global_batch) if whole else None)
    return (LayoutProblem(field, message) for field, message in faults)


def _partial_problems(model: Model, layout: Layout) -> Iterator[LayoutProblem]:
    """Settings that speak of some layers of a stage: recomputation and offloading."""
    if layout.recompute == "none" and layout.recompute_layers is not None:
        message = f"recompute_layers {layout.recompute_layers} needs recompute selective or full; leave it out"
        yield LayoutProblem("recompute_layers", message)
    if layout.offload != "activations" and layout.offload_layers is not None:
        message = f"offload_layers {layout.offload_layers} needs offload activations; leave it out"
        yield LayoutProblem("offload_layers", message)
    most = -(-(model.layers + 2) // layout.pipeline_parallel)
    for field in ("recompute_layers", "offload_layers"):
        layers = getattr(layout, field)
        if layers is not None and layers > most:
            message = (
                f"{field} {layers} is more than the {most} layers of a pipeline stage; leave it out for all of them"
            )
            yield LayoutProblem(field, message)


def _tensor_problems(model: Model, layout: Layout) -> Iterator[LayoutProblem]:
    tp = layout.tensor_parallel
    divided = {"heads": model.heads, "hidden": model.hidden}
    if model.mixture is None or model.mixture.dense_layers or model.mixture.layer_period > 1:
        divided["ffn_hidden"] = model.ffn_hidden
    if model.mixture is not None:
        divided["mixture.expert_ffn_hidden"] = model.mixture.expert_ffn_hidden
    for name, size in divided.items():
        if size % tp:
            message = f"tensor_parallel {tp} does not divide the model's {name} {size}; use {_divisors(size, tp)}"
            yield LayoutProblem("tensor_parallel", message)
    if model.vocabulary % tp:
        padded = _round_up(model.vocabulary, 128 * tp)
        message = (
            f"tensor_parallel {tp} does not divide the vocabulary {model.vocabulary};"
            f" pad the vocabulary to {padded} (a multiple of 128 x {tp}, as Megatron-LM does)"
        )
        yield LayoutProblem("tensor_parallel", message)
    yield from _kv_head_problems(model, tp)


def _kv_head_problems(model: Model, tp: int) -> Iterator[LayoutProblem]:
    kv_heads = model.n_kv_heads
    if model.latent_attention is not None or max(tp, kv_heads) % min(tp, kv_heads) == 0 or model.heads % tp:
        return
    message = (
        f"kv_heads {kv_heads} can be neither split over nor copied evenly to tensor_parallel {tp};"
        f" use {_divisors(kv_heads, tp)} or a multiple of {kv_heads}"
    )
    yield LayoutProblem("tensor_parallel", message)


def _expert_problems(model: Model, layout: Layout) -> Iterator[LayoutProblem]:
    ep = layout.expert_parallel
    if ep == 1:
        return
    if model.mixture is None:
        message = f"expert_parallel {ep} needs a model with a mixture of experts; set it to 1"
        yield LayoutProblem("expert_parallel", message)
        return
    if model.mixture.experts % ep:
        message = (
            f"expert_parallel {ep} does not divide the model's {model.mixture.experts} experts;"
            f" use {_divisors(model.mixture.experts, ep)}"
        )
        yield LayoutProblem("expert_parallel", message)
    group = layout.data_parallel * layout.context_parallel
    if group % ep:
        message = (
            f"expert_parallel {ep} does not divide data_parallel x context_parallel = {group};"
            f" use {_divisors(group, ep)}"
        )
        yield LayoutProblem("expert_parallel", message)


def _sequence_problems(model: Model, layout: Layout, sequence_length: int) -> Iterator[LayoutProblem]:
    cp, tp = layout.context_parallel, layout.tensor_parallel
    # Each context rank takes one early and one late piece of the sequence, so that causal work is balanced.
    pieces = 2 * cp if cp > 1 else 1
    if sequence_length % pieces:
        message = (
            f"sequence_length {sequence_length} is not a multiple of 2 x context_parallel = {pieces};"
            f" use {_round_up(sequence_length, pieces)}"
        )
        yield LayoutProblem("context_parallel", message)
    elif layout.sequence_parallel and sequence_length // cp % tp:
        message = (
            f"sequence_length / context_parallel = {sequence_length // cp} is not a multiple of tensor_parallel {tp},"
            f" which sequence_parallel needs; use sequence_length {_round_up(sequence_length, pieces * tp)}"
        )
        yield LayoutProblem("sequence_parallel", message)
    if model.position == "learned" and model.max_positions is not None and sequence_length > model.max_positions:
        message = f"sequence_length {sequence_length} exceeds the model's {model.max_positions} learned positions"
        yield LayoutProblem("sequence_length", message)


def _batch_problems(layout: Layout, global_batch: int) -> Iterator[LayoutProblem]:
    per_round = layout.data_parallel * layout.micro_batch
    if global_batch % per_round == 0:
        return
    above = _round_up(global_batch, per_round)
    below = above - per_round
    message = (
        f"global_batch {global_batch} is not a multiple of data_parallel {layout.data_parallel} x micro_batch"
        f" {layout.micro_batch} = {per_round}; use {f'{below} or {above}' if below else above}"
    )
    yield LayoutProblem("global_batch", message)


def _node_problems(layout: Layout, gpus_per_node: int) -> Iterator[LayoutProblem]:
    gpus = layout.gpus
    if gpus <= gpus_per_node or gpus % gpus_per_node == 0:
        return
    message = (
        f"TP {layout.tensor_parallel} x CP {layout.context_parallel} x PP {layout.pipeline_parallel} x DP"
        f" {layout.data_parallel} = {gpus} GPUs is not a whole number of nodes of {gpus_per_node};"
        f" use {_round_up(gpus, gpus_per_node) - gpus_per_node} or {_round_up(gpus, gpus_per_node)} GPUs"
    )
    yield LayoutProblem("data_parallel", message)


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _largest_divisor(number: int, limit: int) -> int:
    return next(divisor for divisor in range(min(limit, number), 0, -1) if number % divisor == 0)


def _divisors(number: int, near: int) -> str:
    """The divisors of ``number`` just below and above ``near``, in words."""
    below = _largest_divisor(number, near)
    above = next((divisor for divisor in range(near + 1, number + 1) if number % divisor == 0), None)
    return str(below) if above is None else f"{below} or {above}"
