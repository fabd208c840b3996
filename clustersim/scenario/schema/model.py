"""The shape of the transformer that is trained: what fixes its parameters, FLOPs and bytes."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.section import Section, setting

PositiveInt = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]


class MixtureOfExperts(Section):
    """Routed and shared experts that replace the feed-forward block of some layers."""

    experts: PositiveInt = setting(description="routed experts in each mixture layer")
    experts_per_token: PositiveInt = setting(description="routed experts that each token visits")
    expert_ffn_hidden: PositiveInt = setting(description="inner width of one routed expert")
    shared_experts: Count = setting(0, description="experts that every token visits, each as wide as a routed one")
    dense_layers: Count = setting(0, description="leading layers that keep a dense feed-forward block")
    layer_period: PositiveInt = setting(1, description="one mixture layer every so many layers after the dense ones")
    router_bias: bool = setting(
        False, description="whether the router has a bias per expert (DeepSeek-V3 load balancing)"
    )


class LatentAttention(Section):
    """Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): low-rank queries, keys and values."""

    q_lora_rank: PositiveInt = setting(description="rank of the query compression")
    kv_lora_rank: PositiveInt = setting(description="rank of the joint key and value compression")
    rope_head_dim: PositiveInt = setting(description="dimensions of each head that carry the rotary position")
    nope_head_dim: PositiveInt = setting(description="dimensions of each head without position")
    value_head_dim: PositiveInt = setting(description="dimensions of each value head")


class Model(Catalogued, table="models"):
    """A decoder-only transformer."""

    layers: PositiveInt = setting(description="transformer layers")
    hidden: PositiveInt = setting(description="width of the residual stream")
    heads: PositiveInt = setting(description="query heads")
    kv_heads: PositiveInt | None = setting(None, description="key and value heads; heads when omitted (multi-head)")
    head_dim: PositiveInt | None = setting(None, description="width of one head; hidden / heads when omitted")
    ffn_hidden: PositiveInt = setting(description="inner width of the dense feed-forward block")
    gated: bool = setting(description="gated feed-forward (SwiGLU, GeGLU: three matrices) or plain (two)")
    vocabulary: PositiveInt = setting(description="rows of the embedding, padding included")
    tied_embeddings: bool = setting(False, description="whether the output layer shares the embedding's weights")
    position: Literal["rotary", "learned", "alibi"] = setting("rotary", description="how positions enter")
    max_positions: PositiveInt | None = setting(None, description="rows of a learned position embedding")
    norm_bias: bool = setting(False, description="whether norms carry a bias")
    attention_bias: bool = setting(False, description="biases on the query, key, value projections")
    attention_output_bias: bool = setting(False, description="bias on the attention output projection")
    ffn_bias: bool = setting(False, description="biases in the feed-forward block")
    embedding_norm: bool = setting(False, description="a norm right after the embedding (BLOOM)")
    mixture: MixtureOfExperts | None = setting(None, description="mixture of experts; dense when omitted")
    latent_attention: LatentAttention | None = setting(None, description="multi-head latent attention")
    attention_window: PositiveInt | None = setting(
        None, description="tokens that every second layer's attention looks back (gpt-oss); all when omitted"
    )
    prediction_layers: Count = setting(
        0, description="multi-token prediction: further layers, each with a use of the head (DeepSeek-V3: 1)"
    )

    @model_validator(mode="after")
    def _shape_is_possible(self) -> Self:
        wrong = self._impossible_heads() or self._impossible_position() or self._impossible_mixture()
        if wrong:
            raise ValueError(wrong)
        return self

    def _impossible_heads(self) -> str:
        if self.head_dim is None and self.hidden % self.heads:
            return f"hidden {self.hidden} is not a multiple of heads {self.heads}; give head_dim or change one of them"
        if self.heads % self.n_kv_heads:
            return f"heads {self.heads} is not a multiple of kv_heads {self.n_kv_heads}"
        return ""

    def _impossible_position(self) -> str:
        if self.position == "learned" and self.max_positions is None:
            return "position 'learned' needs max_positions, e.g. 2048"
        return ""

    def _impossible_mixture(self) -> str:
        mixture = self.mixture
        if mixture is not None and mixture.experts_per_token > mixture.experts:
            return f"mixture.experts_per_token {mixture.experts_per_token} exceeds experts {mixture.experts}"
        if mixture is not None and mixture.dense_layers > self.layers:
            return f"mixture.dense_layers {mixture.dense_layers} exceeds layers {self.layers}"
        return ""

    @property
    def n_kv_heads(self) -> int:
        """Key and value heads, with the multi-head default filled in."""
        return self.heads if self.kv_heads is None else self.kv_heads

    @property
    def head_width(self) -> int:
        """Width of one head, with the default ``hidden / heads`` filled in."""
        return self.hidden // self.heads if self.head_dim is None else self.head_dim
