"""What one GPU computes in one layer: matrix products, attention and elementwise traffic of one micro-batch."""

from dataclasses import dataclass

from clustersim.scenario.schema.model import LatentAttention, Model
from clustersim.scenario.schema.training import Layout


@dataclass(frozen=True, slots=True)
class MatrixProduct:
    """A product of an ``(m, k)`` with a ``(k, n)`` matrix, done `count` times (one per expert)."""

    m: float
    n: float
    k: float
    count: float = 1.0

    @property
    def flops(self) -> float:
        """Multiplications and additions, forward."""
        return 2.0 * self.m * self.n * self.k * self.count

    @property
    def for_inputs(self) -> "MatrixProduct":
        """The product that gives the gradient of the left-hand matrix."""
        return MatrixProduct(self.m, self.k, self.n, self.count)

    @property
    def for_weights(self) -> "MatrixProduct":
        """The product that gives the gradient of the right-hand matrix."""
        return MatrixProduct(self.k, self.n, self.m, self.count)

    @property
    def input_elements(self) -> float:
        """Elements of the left-hand matrix, forward."""
        return self.m * self.k * self.count

    @property
    def output_elements(self) -> float:
        """Elements of the result, forward."""
        return self.m * self.n * self.count


@dataclass(frozen=True, slots=True)
class AttentionCore:
    """Scores and values of one micro-batch on one GPU.

    Attributes
    ----------
    flops : float
        Forward FLOPs of the causal half, shared evenly by the context-parallel ranks.
    scores : float
        Elements of the full score matrices on this GPU.
    length : float
        Queries one kernel works on [tokens].
    head_width : int
        Width of one head.
    heads : float
        Heads times sequences on this GPU: score matrices of one kernel.
    """

    flops: float
    scores: float
    length: float
    head_width: int
    heads: float


@dataclass(frozen=True, slots=True)
class Shard:
    """Sizes of one micro-batch on one GPU.

    Attributes
    ----------
    tokens : float
        Tokens that pass through the GPU's matrices.
    normed_tokens : float
        Tokens whose norms and residuals it computes: a share of them under sequence parallelism.
    tensor : int
        Tensor-parallel size.
    """

    tokens: float
    normed_tokens: float
    tensor: int


def shard(layout: Layout, sequence_length: int) -> Shard:
    """Sizes of one micro-batch under a layout."""
    tokens = layout.micro_batch * sequence_length / layout.context_parallel
    spread = layout.tensor_parallel if layout.sequence_parallel else 1
    return Shard(tokens, tokens / spread, layout.tensor_parallel)


def key_value_width(model: Model, tensor: int) -> float:
    """Width of keys and values together on one GPU; heads are copied when there are fewer than GPUs in the group."""
    return 2.0 * model.n_kv_heads * model.head_width / min(tensor, model.n_kv_heads)


def attention_products(model: Model, part: Shard) -> tuple[MatrixProduct, ...]:
    """Projections of the attention block."""
    latent, t, tensor = model.latent_attention, part.tokens, part.tensor
    if latent is None:
        width = model.heads * model.head_width / tensor
        return (
            MatrixProduct(t, width + key_value_width(model, tensor), model.hidden),
            MatrixProduct(t, model.hidden, width),
        )
    query = model.heads * (latent.nope_head_dim + latent.rope_head_dim)
    key_value = model.heads * (latent.nope_head_dim + latent.value_head_dim)
    return (
        MatrixProduct(t, latent.q_lora_rank + latent.kv_lora_rank + latent.rope_head_dim, model.hidden),
        MatrixProduct(t, query / tensor, latent.q_lora_rank),
        MatrixProduct(t, key_value / tensor, latent.kv_lora_rank),
        MatrixProduct(t, model.hidden, model.heads * latent.value_head_dim / tensor),
    )


def attention_core(model: Model, layout: Layout, sequence_length: int) -> AttentionCore:
    """Scores times values. Causal: each query sees half of the sequence on average."""
    latent = model.latent_attention
    widths = 2 * model.head_width
    if latent is not None:
        widths = latent.nope_head_dim + latent.rope_head_dim + latent.value_head_dim
    heads = model.heads / layout.tensor_parallel
    queries = sequence_length / layout.context_parallel
    scores = layout.micro_batch * heads * queries * sequence_length
    return AttentionCore(
        flops=scores * widths * _seen(model, sequence_length),
        scores=scores,
        length=queries,
        head_width=model.head_width,
        heads=layout.micro_batch * heads,
    )


def _seen(model: Model, sequence_length: int) -> float:
    """Scores left by a sliding window on every second layer, over those of full attention, mean of the layers."""
    window = min(model.attention_window or sequence_length, sequence_length)
    share = window / sequence_length
    return (1.0 + share * (2.0 - share)) / 2.0


def ffn_products(model: Model, part: Shard) -> tuple[MatrixProduct, ...]:
    """Dense feed-forward block."""
    return _ffn(model, part.tokens, model.ffn_hidden / part.tensor, 1.0)


def expert_products(model: Model, part: Shard, expert_parallel: int) -> tuple[MatrixProduct, ...]:
    """Routed and shared experts and the router, tokens spread evenly over the experts."""
    mixture = model.mixture
    if mixture is None:
        return ffn_products(model, part)
    local = mixture.experts / expert_parallel
    rows = part.tokens * mixture.experts_per_token / local
    products = _ffn(model, rows, mixture.expert_ffn_hidden / part.tensor, local)
    if mixture.shared_experts:
        products += _ffn(model, part.tokens, mixture.shared_experts * mixture.expert_ffn_hidden / part.tensor, 1.0)
    return (*products, MatrixProduct(part.normed_tokens, mixture.experts, model.hidden))


def _ffn(model: Model, rows: float, inner: float, count: float) -> tuple[MatrixProduct, ...]:
    up = 2.0 * inner if model.gated else inner
    return (MatrixProduct(rows, up, model.hidden, count), MatrixProduct(rows, model.hidden, inner, count))


def head_product(model: Model, part: Shard) -> MatrixProduct:
    """Output layer, split over the vocabulary."""
    return MatrixProduct(part.tokens, model.vocabulary / part.tensor, model.hidden)


def attention_elements(model: Model, part: Shard) -> float:
    """Elements that elementwise kernels of the attention half read or write, forward: norm, residual, rotary."""
    rotary = 2.0 * model.heads * model.head_width / part.tensor + key_value_width(model, part.tensor)
    if model.latent_attention is not None:
        rotary = latent_elements(model.latent_attention) * model.heads / part.tensor
    return part.normed_tokens * 5.0 * model.hidden + part.tokens * (rotary if model.position == "rotary" else 0.0)


def latent_elements(latent: LatentAttention) -> float:
    """Elements per token and head to turn the rotary part of queries, read keys and values, and write both whole."""
    read = latent.rope_head_dim + latent.nope_head_dim + latent.value_head_dim
    written = latent.rope_head_dim + latent.nope_head_dim + latent.rope_head_dim + latent.value_head_dim
    return float(read + written)


def ffn_elements(model: Model, part: Shard, inner: float) -> float:
    """Elements that elementwise kernels of the feed-forward half read or write, forward: norm, residual, activation."""
    activation = (3.0 if model.gated else 2.0) * inner / part.tensor
    return part.normed_tokens * 5.0 * model.hidden + part.tokens * activation


def module_elements(model: Model, part: Shard, inner: float) -> float:
    """Elements that norms and the activation read or write, forward: what recomputing them moves again."""
    activation = (3.0 if model.gated else 2.0) * inner / part.tensor
    return part.normed_tokens * 4.0 * model.hidden + part.tokens * activation


def up_projections(model: Model, part: Shard) -> tuple[MatrixProduct, ...]:
    """Products that make queries, keys and values of the latents of latent attention; none without."""
    return () if model.latent_attention is None else attention_products(model, part)[1:3]


def routed_elements(model: Model, part: Shard, passes: float) -> float:
    """Elements that sorting tokens by expert, exchanging them and putting them back reads or writes, forward."""
    if model.mixture is None:
        return 0.0
    return passes * part.normed_tokens * model.mixture.experts_per_token * model.hidden


def active_inner(model: Model, mixture_layer: bool) -> float:
    """Inner width of the feed-forward block that one token passes, over all its experts."""
    mixture = model.mixture
    if mixture is None or not mixture_layer:
        return float(model.ffn_hidden)
    return float((mixture.experts_per_token + mixture.shared_experts) * mixture.expert_ffn_hidden)
