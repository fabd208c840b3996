"""Exact parameter counts of a decoder-only transformer, by kind and by layer."""

from dataclasses import dataclass

from clustersim.scenario.schema.model import LatentAttention, Model


@dataclass(frozen=True, slots=True)
class LayerParameters:
    """Parameters of one transformer layer.

    ``replicated`` is the part of ``attention`` that every tensor-parallel GPU keeps whole (low-rank compressions of
    latent attention).
    """

    attention: int
    replicated: int
    ffn: int
    experts: int
    router: int
    norms: int

    @property
    def total(self) -> int:
        """All parameters of the layer."""
        return self.attention + self.ffn + self.experts + self.router + self.norms


@dataclass(frozen=True, slots=True)
class ParameterCount:
    """Parameters of a whole model by kind.

    ``experts`` holds routed and shared experts; ``experts_visited`` the part of it that one token passes through.
    ``head`` is 0 when the output layer shares the embedding.
    """

    embedding: int
    position: int
    attention: int
    ffn: int
    experts: int
    experts_visited: int
    router: int
    norms: int
    head: int

    @property
    def total(self) -> int:
        """All parameters, shared ones once."""
        return self.active + self.experts - self.experts_visited

    @property
    def active(self) -> int:
        """Parameters that one token passes through, embedding and head included (as Mixtral and DeepSeek count)."""
        blocks = self.attention + self.ffn + self.experts_visited + self.router + self.norms
        return self.embedding + self.position + blocks + self.head


def is_mixture_layer(model: Model, layer: int) -> bool:
    """Whether a layer (counted from 0) holds a mixture of experts.

    After ``dense_layers`` leading layers every ``layer_period``-th layer is a mixture, the last of each period first
    (Llama 4 Maverick: 1, 3, 5, ...; DeepSeek-V3 with three dense layers: 3, 4, 5, ...).
    """
    if model.mixture is None or layer < model.mixture.dense_layers:
        return False
    return (layer - model.mixture.dense_layers + 1) % model.mixture.layer_period == 0


def mixture_layers(model: Model) -> int:
    """Number of layers that hold a mixture of experts."""
    if model.mixture is None:
        return 0
    return (model.layers - model.mixture.dense_layers) // model.mixture.layer_period


def ffn_parameters(model: Model, inner_width: int) -> int:
    """Parameters of one feed-forward block or expert with the given inner width."""
    matrices = 3 if model.gated else 2
    biases = (matrices - 1) * inner_width + model.hidden if model.ffn_bias else 0
    return matrices * model.hidden * inner_width + biases


def layer_parameters(model: Model, mixture: bool) -> LayerParameters:
    """Parameters of one layer.

    Parameters
    ----------
    model : Model
        The transformer.
    mixture : bool
        Whether the layer holds a mixture of experts (see :func:`is_mixture_layer`) or a dense feed-forward block.
    """
    attention, replicated = _attention(model)
    return LayerParameters(
        attention=attention,
        replicated=replicated,
        ffn=0 if mixture else ffn_parameters(model, model.ffn_hidden),
        experts=_experts(model, visited_only=False) if mixture else 0,
        router=_router(model) if mixture else 0,
        norms=_layer_norms(model),
    )


def final_norm_parameters(model: Model) -> int:
    """Parameters of the norm before the output head."""
    return _norm(model, model.hidden)


def embedding_norm_parameters(model: Model) -> int:
    """Parameters of the norm after the embedding (BLOOM); 0 without one."""
    return _norm(model, model.hidden) if model.embedding_norm else 0


def position_parameters(model: Model) -> int:
    """Parameters of a learned position embedding; 0 for rotary positions and ALiBi."""
    return (model.max_positions or 0) * model.hidden if model.position == "learned" else 0


def count_parameters(model: Model) -> ParameterCount:
    """Count the parameters of a model exactly.

    Parameters
    ----------
    model : Model
        The transformer. Its ``vocabulary`` counts as given: with the padding of a tensor-parallel layout, the
        padding is counted.

    Returns
    -------
    ParameterCount
        Parameters by kind; ``total`` and ``active`` (per token) are properties.

    Notes
    -----
    Two norms a layer and one before the head; norms inside the attention of each head (Qwen 3), extra norms after a
    block (Gemma 2) and single-norm parallel blocks (GPT-J) are not described by the schema and off by < 0.01 %.
    Multi-token-prediction modules (DeepSeek-V3: 14B more) are not counted.

    References
    ----------
    .. [1] Radford et al. (2019), Language Models are Unsupervised Multitask Learners (GPT-2).
    .. [2] Llama Team (2024), arXiv 2407.21783, Table 3.
    .. [3] BigScience (2022), arXiv 2211.05100 (BLOOM).
    .. [4] Jiang et al. (2024), arXiv 2401.04088 (Mixtral).
    .. [5] DeepSeek-AI (2024), arXiv 2412.19437, sec. 2.1 and 4.2.
    """
    dense, mixture = layer_parameters(model, mixture=False), layer_parameters(model, mixture=True)
    n_mixture = mixture_layers(model)
    n_dense = model.layers - n_mixture
    embedding = model.vocabulary * model.hidden
    return ParameterCount(
        embedding=embedding,
        position=position_parameters(model),
        attention=model.layers * dense.attention,
        ffn=n_dense * dense.ffn,
        experts=n_mixture * mixture.experts,
        experts_visited=n_mixture * _experts(model, visited_only=True),
        router=n_mixture * mixture.router,
        norms=model.layers * dense.norms + final_norm_parameters(model) + embedding_norm_parameters(model),
        head=0 if model.tied_embeddings else embedding,
    )


def _attention(model: Model) -> tuple[int, int]:
    """Parameters of one attention block, norms excluded, and those of them that tensor parallelism does not split."""
    if model.latent_attention is not None:
        return _latent_attention(model, model.latent_attention)
    queries = model.heads * model.head_width
    keys_values = 2 * model.n_kv_heads * model.head_width
    weights = model.hidden * (2 * queries + keys_values)
    biases = queries + keys_values if model.attention_bias else 0
    output_bias = model.hidden if model.attention_output_bias else 0
    return weights + biases + output_bias, output_bias


def _latent_attention(model: Model, latent: LatentAttention) -> tuple[int, int]:
    compress = model.hidden * (latent.q_lora_rank + latent.kv_lora_rank + latent.rope_head_dim)
    queries = latent.q_lora_rank * model.heads * (latent.nope_head_dim + latent.rope_head_dim)
    keys_values = latent.kv_lora_rank * model.heads * (latent.nope_head_dim + latent.value_head_dim)
    output = model.heads * latent.value_head_dim * model.hidden
    biases = latent.q_lora_rank + latent.kv_lora_rank + latent.rope_head_dim if model.attention_bias else 0
    output_bias = model.hidden if model.attention_output_bias else 0
    return compress + queries + keys_values + output + biases + output_bias, compress + biases + output_bias


def _experts(model: Model, visited_only: bool) -> int:
    if model.mixture is None:
        return 0
    routed = model.mixture.experts_per_token if visited_only else model.mixture.experts
    return (routed + model.mixture.shared_experts) * ffn_parameters(model, model.mixture.expert_ffn_hidden)


def _router(model: Model) -> int:
    if model.mixture is None:
        return 0
    return model.mixture.experts * (model.hidden + model.mixture.router_bias)


def _norm(model: Model, width: int) -> int:
    return 2 * width if model.norm_bias else width


def _layer_norms(model: Model) -> int:
    count = 2 * _norm(model, model.hidden)
    if model.latent_attention is not None:
        latent = model.latent_attention
        count += _norm(model, latent.q_lora_rank) + _norm(model, latent.kv_lora_rank)
    return count
