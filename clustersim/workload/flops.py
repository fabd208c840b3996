"""Floating-point operations per token: forward, backward and recomputation."""

from dataclasses import dataclass
from typing import Literal

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Recompute
from clustersim.workload.parameters import mixture_layers

AttentionConvention = Literal["full", "causal"]

BACKWARD_OVER_FORWARD = 2.0
"""Each forward product needs two in the backward pass (Narayanan et al. 2021, arXiv 2104.04473, appendix)."""


@dataclass(frozen=True, slots=True)
class ForwardFlops:
    """FLOPs of the forward pass per token, over all layers, by kind.

    ``attention_scores`` holds both products with the sequence: queries with keys, and weights with values. ``ffn``
    holds dense blocks and the experts a token visits, shared ones included.
    """

    qkv: float
    attention_scores: float
    output: float
    ffn: float
    router: float
    head: float

    @property
    def layers(self) -> float:
        """FLOPs inside the transformer layers, i.e. without the head."""
        return self.qkv + self.attention_scores + self.output + self.ffn + self.router

    @property
    def total(self) -> float:
        """FLOPs of the whole forward pass."""
        return self.layers + self.head


def forward_flops(model: Model, sequence_length: int, attention: AttentionConvention) -> ForwardFlops:
    """FLOPs of one forward pass per token.

    Parameters
    ----------
    model : Model
        The transformer.
    sequence_length : int
        Tokens per sequence.
    attention : {"full", "causal"}
        Whether the products of attention with the sequence count for every pair of positions (PaLM) or for half of
        them, those a causal mask keeps. Say which whenever a FLOP rate or an MFU is shown: at 128k tokens they differ
        by tens of percent.

    Returns
    -------
    ForwardFlops
        FLOPs per token, summed over layers.

    Notes
    -----
    A multiply-add is two FLOPs. Only matrix products count: the embedding is a look-up and costs none, the output
    head counts, norms, biases, activation functions and softmax do not.

    References
    ----------
    .. [1] Chowdhery et al. (2022), PaLM, arXiv 2204.02311, appendix B (12 L H Q T per token, forward and backward).
    .. [2] Narayanan et al. (2021), arXiv 2104.04473, appendix.
    .. [3] Kaplan et al. (2020), arXiv 2001.08361, Table 1.
    """
    qkv, per_position, output = _attention_macs(model)
    layers = model.layers + model.prediction_layers
    return ForwardFlops(
        qkv=2.0 * layers * qkv,
        attention_scores=2.0 * layers * per_position * _positions(model, sequence_length, attention),
        output=2.0 * layers * output,
        ffn=2.0 * _ffn_macs(model),
        router=2.0 * _mixtures(model) * model.hidden * (model.mixture.experts if model.mixture else 0),
        head=2.0 * model.hidden * model.vocabulary * (1 + model.prediction_layers),
    )


def _positions(model: Model, sequence_length: int, attention: AttentionConvention) -> float:
    """Positions that a query is multiplied with, mean of the layers: every second one may look back a window only."""
    window = min(model.attention_window or sequence_length, sequence_length)
    if attention == "full":
        return (sequence_length + window) / 2.0
    return (sequence_length / 2.0 + window * (1.0 - window / (2.0 * sequence_length))) / 2.0


def _mixtures(model: Model) -> int:
    """Layers with experts; layers of multi-token prediction are of the last kind."""
    return mixture_layers(model) + (model.prediction_layers if model.mixture is not None else 0)


def model_flops_per_token(model: Model, sequence_length: int, attention: AttentionConvention) -> float:
    """FLOPs per token of the forward and backward pass, without recomputation: what MFU counts.

    Parameters
    ----------
    model : Model
        The transformer.
    sequence_length : int
        Tokens per sequence.
    attention : {"full", "causal"}
        See :func:`forward_flops`.

    Returns
    -------
    float
        Three times the forward FLOPs per token.

    References
    ----------
    .. [1] Chowdhery et al. (2022), PaLM, arXiv 2204.02311, appendix B (definition of MFU).
    """
    return (1.0 + BACKWARD_OVER_FORWARD) * forward_flops(model, sequence_length, attention).total


def recompute_flops_per_token(
    model: Model, sequence_length: int, attention: AttentionConvention, recompute: Recompute, share: float = 1.0
) -> float:
    """FLOPs per token that recomputation adds to the backward pass.

    Parameters
    ----------
    model : Model
        The transformer.
    sequence_length : int
        Tokens per sequence.
    attention : {"full", "causal"}
        See :func:`forward_flops`.
    recompute : {"none", "selective", "full"}
        ``selective`` runs the core of attention again, ``full`` the forward pass of every layer (not the head).
    share : float
        Share of the layers that recompute.

    Returns
    -------
    float
        Extra FLOPs per token.

    Notes
    -----
    FlashAttention computes the scores again inside its backward kernel whatever the setting; by custom that is not
    counted as recomputation.

    References
    ----------
    .. [1] Korthikanti et al. (2022), arXiv 2205.05198, sec. 5 and appendix A.
    """
    if recompute == "none":
        return 0.0
    forward = forward_flops(model, sequence_length, attention)
    return share * (forward.layers if recompute == "full" else forward.attention_scores)


def hardware_flops_per_token(
    model: Model, sequence_length: int, attention: AttentionConvention, recompute: Recompute, share: float = 1.0
) -> float:
    """FLOPs per token that the hardware executes, recomputation included: what HFU counts.

    Parameters
    ----------
    model : Model
        The transformer.
    sequence_length : int
        Tokens per sequence.
    attention : {"full", "causal"}
        See :func:`forward_flops`.
    recompute, share
        See :func:`recompute_flops_per_token`.

    Returns
    -------
    float
        FLOPs per token, >= :func:`model_flops_per_token`.

    Notes
    -----
    For GPT with full recomputation this is ``96 s l h^2 (1 + s / 6h + V / 16 l h)`` per sequence of ``s`` tokens
    (Narayanan et al. 2021, equation 3).

    References
    ----------
    .. [1] Korthikanti et al. (2022), arXiv 2205.05198, appendix A (definition of HFU).
    """
    extra = recompute_flops_per_token(model, sequence_length, attention, recompute, share)
    return model_flops_per_token(model, sequence_length, attention) + extra


def _attention_macs(model: Model) -> tuple[int, int, int]:
    """Multiply-adds per token and layer: projections in, products with one other position, projection out."""
    if model.latent_attention is None:
        width = model.heads * model.head_width
        kv_width = model.n_kv_heads * model.head_width
        return model.hidden * (width + 2 * kv_width), 2 * width, width * model.hidden
    latent = model.latent_attention
    key_width = latent.nope_head_dim + latent.rope_head_dim
    compress = model.hidden * (latent.q_lora_rank + latent.kv_lora_rank + latent.rope_head_dim)
    queries = latent.q_lora_rank * model.heads * key_width
    keys_values = latent.kv_lora_rank * model.heads * (latent.nope_head_dim + latent.value_head_dim)
    scores = model.heads * (key_width + latent.value_head_dim)
    return compress + queries + keys_values, scores, model.heads * latent.value_head_dim * model.hidden


def _ffn_macs(model: Model) -> int:
    """Multiply-adds per token of all feed-forward blocks and visited experts."""
    matrices = 3 if model.gated else 2
    n_mixture = _mixtures(model)
    widths = (model.layers + model.prediction_layers - n_mixture) * model.ffn_hidden
    if model.mixture is not None:
        visited = model.mixture.experts_per_token + model.mixture.shared_experts
        widths += n_mixture * visited * model.mixture.expert_ffn_hidden
    return matrices * model.hidden * widths
