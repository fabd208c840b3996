"""The transformer: RMSNorm, rotary positions, grouped-query attention, SwiGLU - as in Llama.

Names of its parameters are the same whether a process holds the whole model or one pipeline stage of it. Shapes in
this file: B sequences, L tokens, H hidden width, V vocabulary.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from validation.gpt.config import ModelShape
from validation.gpt.rotary import rotary_table, rotate

NORM_EPSILON = 1e-5
"""Of RMSNorm in Llama 2 and 3 (reference code of Meta, 2023)."""


class RMSNorm(nn.Module):
    """Divide by the root mean square and scale, computed in float32 (Zhang and Sennrich 2019, arXiv 1910.07467)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., H) to (..., H)."""
        return functional.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), NORM_EPSILON)


class Attention(nn.Module):
    """Causal attention in which groups of query heads share a key-value head (Ainslie et al. 2023, arXiv 2305.13245).

    The number of heads is read from the widths of the projections, so that a tensor-parallel process, which holds some
    of the heads, runs the same code.
    """

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.head_width, self.theta = shape.head_width, shape.rope_theta
        keys = shape.kv_heads * shape.head_width
        self.query = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.key = nn.Linear(shape.hidden, keys, bias=False)
        self.value = nn.Linear(shape.hidden, keys, bias=False)
        self.output = nn.Linear(shape.hidden, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, H) to (B, L, H)."""
        q, k, v = self._heads(self.query(x)), self._heads(self.key(x)), self._heads(self.value(x))
        table = rotary_table(q.shape[2], self.head_width, self.theta, q.device)
        q, k = rotate(q, table), rotate(k, table)
        shared = q.shape[1] != k.shape[1]
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=shared)
        return self.output(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def _heads(self, x: Tensor) -> Tensor:
        """Map (B, L, heads x width) to (B, heads, L, width)."""
        return x.view(*x.shape[:2], -1, self.head_width).transpose(1, 2)


class FeedForward(nn.Module):
    """SwiGLU: ``down(silu(gate(x)) * up(x))`` (Shazeer 2020, arXiv 2002.05202)."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.gate = nn.Linear(shape.hidden, shape.ffn_hidden, bias=False)
        self.up = nn.Linear(shape.hidden, shape.ffn_hidden, bias=False)
        self.down = nn.Linear(shape.ffn_hidden, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, H) to (B, L, H)."""
        return self.down(functional.silu(self.gate(x)) * self.up(x))  # type: ignore[no-any-return]


class Block(nn.Module):
    """One layer: attention and feed-forward, each behind a norm and beside a residual path."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(shape.hidden)
        self.attention = Attention(shape)
        self.feed_forward_norm = RMSNorm(shape.hidden)
        self.feed_forward = FeedForward(shape)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, H) to (B, L, H)."""
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(self.feed_forward_norm(x))  # type: ignore[no-any-return]


class GPT(nn.Module):
    """The model, or the stage of it that holds some of its layers.

    Parameters
    ----------
    shape : ModelShape
        Shape of the whole model.
    layers : sequence of int, optional
        Layers that are held, counted from 0; all of them when omitted. Whoever holds the first also holds the
        embedding, whoever holds the last the final norm and the head.
    dtype : torch.dtype
        Precision of the residual stream.
    autocast : bool
        Whether matrix products are cast to ``dtype`` here. FSDP casts the weights itself.

    Notes
    -----
    With a tied head, ``head.weight`` is the embedding's parameter; a last stage without the embedding holds its own
    copy under that name.
    """

    def __init__(
        self,
        shape: ModelShape,
        layers: Sequence[int] | None = None,
        dtype: torch.dtype = torch.float32,
        autocast: bool = False,
    ) -> None:
        super().__init__()
        held = range(shape.layers) if layers is None else layers
        self.dtype, self.autocast = dtype, autocast
        self.is_first, self.is_last = 0 in held, shape.layers - 1 in held
        if self.is_first:
            self.embedding = nn.Embedding(shape.vocab, shape.hidden)
        self.layers = nn.ModuleDict({str(layer): Block(shape) for layer in held})
        if self.is_last:
            self.norm = RMSNorm(shape.hidden)
            self.head = nn.Linear(shape.hidden, shape.vocab, bias=False)
        self.tied = shape.tied
        self.tie()

    def tie(self) -> None:
        """Make the head share the embedding's weight, where it should and this process holds both."""
        if self.tied and self.is_first and self.is_last:
            self.head.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens (B, L), or the stream (B, L, H) of the stage before, to logits (B, L, V) or the stream."""
        with torch.autocast(x.device.type, self.dtype, enabled=self.autocast):
            if self.is_first:
                x = self.embedding(x).to(self.dtype)
            for layer in self.layers.values():
                x = layer(x)
            return self.head(self.norm(x)) if self.is_last else x


def count_parameters(shape: ModelShape) -> int:
    """Parameters of the whole model, shared ones once.

    Returns
    -------
    int
        Embedding V x H, the head again unless tied; per layer 2 H (norms), query and output H x H, key and value
        H x H kv_heads / heads, three matrices H x ffn_hidden; one last norm of H.
    """
    attention = 2 * shape.hidden**2 + 2 * shape.hidden * shape.kv_heads * shape.head_width
    layer = attention + 3 * shape.hidden * shape.ffn_hidden + 2 * shape.hidden
    embeddings = shape.vocab * shape.hidden * (1 if shape.tied else 2)
    return embeddings + shape.layers * layer + shape.hidden
