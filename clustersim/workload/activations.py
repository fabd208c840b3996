"""Activations kept for the backward pass, per token and layer, and how many micro-batches keep theirs at once."""

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, Recompute


def layer_activation_elements(model: Model, layout: Layout, mixture: bool, recompute: Recompute) -> float:
    """Elements that one layer keeps for the backward pass, per token, on one GPU.

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
        ``full`` keeps the input of the layer only. ``selective`` does again what needs no matrix product: norms and
        the activation function (and the core of attention, which is never kept here).

    Returns
    -------
    float
        Elements per token; times 2 bytes in mixed precision.

    Notes
    -----
    The count of Korthikanti et al. for any attention and feed-forward block: inputs of both norms and of both first
    products along the sequence (split by TP only with sequence parallelism), queries, keys, values, attention output
    and the feed-forward block inside (split by TP). For GPT it gives their ``s b h (8 + 24 / t)`` bytes without the
    two dropout masks (``2 s b h``): models of the kind simulated here train without dropout. Scores are never kept
    (their ``5 a s^2 b / t``): FlashAttention (arXiv 2205.14135) has replaced that, so ``none`` here is *their*
    selective recomputation and ``selective`` here is that of Megatron-Core with the modules ``core_attn``,
    ``layernorm`` and ``mlp``-activation. In a mixture, tokens are assumed to be spread evenly over the experts.
    Low-precision training keeps 16-bit activations.

    References
    ----------
    .. [1] Korthikanti et al. (2022), arXiv 2205.05198, sec. 4, Table 2.
    """
    along_sequence = layout.tensor_parallel if layout.sequence_parallel else 1
    if recompute == "full":
        return model.hidden / along_sequence
    redo = recompute == "selective"
    outside = _outside(model, redo) + (_router_elements(model) if mixture else 0)
    inside = _attention_inside(model, layout) + _ffn_inside(model, mixture, redo) / layout.tensor_parallel
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
        Chunks, counted once per micro-batch: ``p - stage`` under 1F1B; on the first of ``p`` stages with ``v`` chunks
        each ``p v (1 + (p - 1) / (p v))``.

    References
    ----------
    .. [1] Narayanan et al. (2021), arXiv 2104.04473, sec. 2.2.
    .. [2] Korthikanti et al. (2022), arXiv 2205.05198, sec. 4.2.3.
    """
    stages, virtual = layout.pipeline_parallel, layout.virtual_pipeline
    later = stages - stage - 1
    schedule = later + 1 if virtual == 1 else 2 * later + (virtual - 1) * stages + 1
    return schedule if micro_batches is None else min(schedule, micro_batches * virtual)


def _outside(model: Model, redo: bool) -> int:
    """Elements per token along the sequence: what norms take in and, unless done again, what they give."""
    elements = 2 * model.hidden
    if model.latent_attention is not None:
        elements += model.latent_attention.q_lora_rank + model.latent_attention.kv_lora_rank
    return elements if redo else 2 * elements


def _attention_inside(model: Model, layout: Layout) -> float:
    """Queries, keys, values and the attention output, per token on one GPU."""
    tp = layout.tensor_parallel
    latent = model.latent_attention
    if latent is not None:
        key_width = latent.nope_head_dim + latent.rope_head_dim
        return 2 * model.heads * (key_width + latent.value_head_dim) / tp
    queries = 2 * model.heads * model.head_width
    keys_values = 2 * model.n_kv_heads * model.head_width
    return queries / tp + keys_values / min(tp, model.n_kv_heads)


def _ffn_inside(model: Model, mixture: bool, redo: bool) -> int:
    """Elements per token inside the feed-forward block or the visited experts, before the tensor-parallel split."""
    kept = (2 if model.gated else 1) + (0 if redo else 1)
    if model.mixture is None or not mixture:
        return kept * model.ffn_hidden
    visited = model.mixture.experts_per_token
    # Each visited expert keeps its copy of the token; what it gives is added up at once and not kept.
    copies = visited * model.hidden
    return copies + kept * (visited + model.mixture.shared_experts) * model.mixture.expert_ffn_hidden


def _router_elements(model: Model) -> int:
    """Elements of the router's scores, kept in fp32: two 16-bit elements each."""
    return 2 * model.mixture.experts if model.mixture is not None else 0
