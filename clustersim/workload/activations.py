"""Activations kept for the backward pass, per token and layer, and how many micro-batches keep theirs at once."""

from dataclasses import dataclass
from functools import lru_cache

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, Recompute
from clustersim.workload.habits import MemoryHabits, memory_habits
from clustersim.workload.schedule import most_in_flight


@dataclass(frozen=True, slots=True)
class LayerElements:
    """Elements of one layer on one GPU, per token.

    ``kept`` until the backward pass, under the recomputation of the layout; ``at_work`` beside them while the layer
    runs backward: what it computes again, and the gradients of its widest product. ``scores_kept`` and
    ``scores_at_work`` are those that grow with the sequence, per token of it; 0 with fused attention.
    """

    kept: float
    at_work: float
    scores_kept: float
    scores_at_work: float


def layer_activation_elements(
    model: Model,
    layout: Layout,
    mixture: bool,
    recompute: Recompute,
    *,
    habits: MemoryHabits | None = None,
    narrow: bool = False,
) -> float:
    """Elements that one layer keeps for the backward pass, per token, on one GPU, scores of attention excluded.

    Parameters
    ----------
    model : Model
        The transformer.
    layout : Layout
        Its tensor parallelism and sequence parallelism split activations. Context parallelism splits the tokens
        themselves: multiply by ``sequence_length / context_parallel``.
    mixture : bool
        Whether the layer holds a mixture of experts.
    recompute : {"none", "selective", "full"}
        ``full`` keeps the input of the layer only. ``selective`` computes the core of attention again, which keeps no
        less once attention is fused; software with ``selective_operations`` keeps the results of every second matrix
        product and of attention, and computes the rest of the layer again.
    habits : MemoryHabits, optional
        Of the software; by :func:`~clustersim.workload.habits.memory_habits` when omitted.
    narrow : bool
        Products in fp8 or fp4: their inputs are kept in 8 bits (half an element) where the software does so.

    Returns
    -------
    float
        Elements per token; times 2 bytes in mixed precision.

    Notes
    -----
    The count of Korthikanti et al. for any attention and feed-forward block: inputs of both norms and of both first
    products along the sequence (split by TP only with sequence parallelism), queries, keys, values, attention output
    and the feed-forward block inside (split by TP). For GPT it gives their ``s b h (8 + 24 / t)`` bytes without the
    two dropout masks (``2 s b h``), which only software without fused attention keeps here: models trained since go
    without dropout. In a mixture, tokens are assumed to be spread evenly over the experts.

    References
    ----------
    .. [1] Korthikanti et al. (2022), arXiv 2205.05198, sec. 4, Table 2.
    """
    habits = habits or memory_habits(layout, None)
    narrow = narrow and habits.narrow_inputs
    return _kept(model, layout.tensor_parallel, layout.sequence_parallel, mixture, recompute, habits, narrow)


@lru_cache(maxsize=4096)
def layer_elements(
    model: Model,
    tensor_parallel: int,
    sequence_parallel: bool,
    mixture: bool,
    recompute: Recompute,
    habits: MemoryHabits,
    narrow: bool,
) -> LayerElements:
    """What one layer keeps and needs at work; see :func:`layer_activation_elements` for the count.

    Notes
    -----
    At work are the gradients of the feed-forward block inside (of the activation function's result and argument, or
    of gate and up) and that of the hidden state; those of attention come when the former are gone. Scores: softmax,
    its dropout and a one-byte mask, ``5 a s / t`` bytes a token.

    References
    ----------
    .. [1] Korthikanti et al. (2022), arXiv 2205.05198, sec. 4.1.
    """
    shape = (model, tensor_parallel, sequence_parallel, mixture)
    kept = _kept(*shape, recompute, habits, narrow)
    whole = _kept(*shape, "none", habits, narrow)
    along_sequence = tensor_parallel if sequence_parallel else 1
    gradients = 2 * _inner_width(model, mixture) / tensor_parallel + model.hidden / along_sequence
    scores = 0.0 if habits.fused_attention else model.heads / tensor_parallel
    return LayerElements(
        kept=kept,
        at_work=whole - kept + gradients,
        scores_kept=_SCORE_ELEMENTS * scores if recompute == "none" else 0.0,
        scores_at_work=0.0 if recompute == "none" else _SCORE_ELEMENTS * scores,
    )


_SCORE_ELEMENTS = 2.5
"""Softmax, its dropout and a mask of one byte: 5 bytes (Korthikanti et al. 2022, section 4.1)."""


@lru_cache(maxsize=4096)
def _kept(
    model: Model,
    tensor_parallel: int,
    sequence_parallel: bool,
    mixture: bool,
    recompute: Recompute,
    habits: MemoryHabits,
    narrow: bool,
) -> float:
    along_sequence = tensor_parallel if sequence_parallel else 1
    if recompute == "full":
        return model.hidden / along_sequence
    if recompute == "selective" and habits.selective_operations:
        return _every_second_product(model, tensor_parallel, along_sequence, mixture)
    normed = _normed_width(model)
    masks = 0 if habits.fused_attention else model.hidden
    outside = normed * (1.5 if narrow else 2.0) + masks + (_router_elements(model) if mixture else 0)
    inside = _attention_inside(model, tensor_parallel, narrow) + _ffn_inside(model, mixture, narrow) / tensor_parallel
    return outside / along_sequence + inside


def chunks_in_flight(layout: Layout, stage: int, micro_batches: int | None) -> float:
    """Model chunks of one stage that keep activations at the peak of the schedule.

    Parameters
    ----------
    layout : Layout
        Its pipeline stages and virtual stages.
    stage : int
        Pipeline stage, from 0.
    micro_batches : int, optional
        Micro-batches per step and replica; as many as fill the schedule when omitted.

    Returns
    -------
    float
        Chunks, counted once per micro-batch: ``p - stage`` under 1F1B [1]_; on the first of ``p`` stages with ``v``
        chunks each ``p v (1 + (p - 1) / (p v))`` [2]_. GPipe keeps all micro-batches [3]_. ZB-H1 keeps ``p`` on every
        stage, the peak of 1F1B, until their weight gradients are done [4]_; DualPipe ``p + 1`` [5]_.

    References
    ----------
    .. [1] Narayanan et al. (2021), arXiv 2104.04473, sec. 2.2.
    .. [2] Korthikanti et al. (2022), arXiv 2205.05198, sec. 4.2.3.
    .. [3] Huang et al. (2019), arXiv 1811.06965, sec. 2.3.
    .. [4] Qi et al. (2024), arXiv 2401.10241, sec. 2.1.
    .. [5] DeepSeek-AI (2024), arXiv 2412.19437, table 2. It also holds two copies of the weights:
       :func:`clustersim.workload.schedule.weight_copies`.
    """
    schedule = most_in_flight(layout, stage, micro_batches)
    return schedule if micro_batches is None else min(schedule, micro_batches * layout.virtual_pipeline)


def _normed_width(model: Model) -> int:
    """Elements per token that the norms of a layer take in, and give to the products after them."""
    latent = model.latent_attention
    return 2 * model.hidden + (0 if latent is None else latent.q_lora_rank + latent.kv_lora_rank)


def _attention_inside(model: Model, tensor_parallel: int, narrow: bool) -> float:
    """Queries, keys, values and the attention output, per token on one GPU.

    The output is kept by attention itself; in 8 bits the product after it keeps its own copy.
    """
    again = 0.5 if narrow else 0.0
    latent = model.latent_attention
    if latent is not None:
        key_width = latent.nope_head_dim + latent.rope_head_dim
        return model.heads * (2 * key_width + (2 + again) * latent.value_head_dim) / tensor_parallel
    queries = (2 + again) * model.heads * model.head_width
    keys_values = 2 * model.n_kv_heads * model.head_width
    return queries / tensor_parallel + keys_values / min(tensor_parallel, model.n_kv_heads)


def _ffn_inside(model: Model, mixture: bool, narrow: bool) -> float:
    """Elements per token inside the feed-forward block or the visited experts, before the tensor-parallel split."""
    kept = (2 if model.gated else 1) + (0.5 if narrow else 1)
    inner = kept * _inner_width(model, mixture)
    if model.mixture is None or not mixture:
        return inner
    # Each visited expert keeps its copy of the token; what it gives is added up at once and not kept.
    return model.mixture.experts_per_token * model.hidden * (0.5 if narrow else 1.0) + inner


def _inner_width(model: Model, mixture: bool) -> int:
    """Width of the feed-forward block, or of all the experts a token visits."""
    if model.mixture is None or not mixture:
        return model.ffn_hidden
    return (model.mixture.experts_per_token + model.mixture.shared_experts) * model.mixture.expert_ffn_hidden


def _every_second_product(model: Model, tensor_parallel: int, along_sequence: int, mixture: bool) -> float:
    """Input of the layer and results of queries, values, attention, gate (or up) and the last product.

    torchtitan keeps every second matrix product in order of execution (queries, keys, values, output, gate, up, down)
    and the fused attention.
    """
    along = 2 * model.hidden / along_sequence
    latent = model.latent_attention
    if latent is None:
        values = model.n_kv_heads * model.head_width / min(tensor_parallel, model.n_kv_heads)
        attention = 2 * model.heads * model.head_width / tensor_parallel + values
    else:
        key_width = latent.nope_head_dim + latent.rope_head_dim
        attention = model.heads * (key_width + 2 * latent.value_head_dim) / tensor_parallel
    if model.mixture is None or not mixture:
        return along + attention + model.ffn_hidden / tensor_parallel
    copies = model.mixture.experts_per_token * model.hidden
    return along + attention + (copies + _inner_width(model, mixture)) / tensor_parallel


def _router_elements(model: Model) -> int:
    """Elements of the router's scores, kept in fp32: two 16-bit elements each."""
    return 2 * model.mixture.experts if model.mixture is not None else 0
