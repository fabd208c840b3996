"""Shapes of well-known models, from their papers and configuration files."""

from typing import Any

from clustersim.scenario.schema.model import LatentAttention, MixtureOfExperts, Model


def gpt2(**shape: Any) -> Model:
    """A GPT-2 or GPT-3: learned positions, biases everywhere, layer norms, shared embedding."""
    settings: dict[str, Any] = {
        "ffn_hidden": 4 * shape["hidden"],
        "gated": False,
        "vocabulary": 50257,
        "tied_embeddings": True,
        "position": "learned",
        "max_positions": 1024,
        "norm_bias": True,
        "attention_bias": True,
        "attention_output_bias": True,
        "ffn_bias": True,
    }
    return Model(**(settings | shape))


def llama(**shape: Any) -> Model:
    """A Llama: rotary positions, gated feed-forward, no biases, separate head."""
    return Model(**({"gated": True} | shape))


GPT2_124M = gpt2(layers=12, hidden=768, heads=12)
GPT2_XL = gpt2(layers=48, hidden=1600, heads=25)
GPT3_175B = gpt2(layers=96, hidden=12288, heads=96, max_positions=2048)
GPT3_MEGATRON = gpt2(layers=96, hidden=12288, heads=96, max_positions=2048, vocabulary=51200)
OPT_125M = gpt2(layers=12, hidden=768, heads=12, vocabulary=50272, max_positions=2050)
BLOOM_176B = gpt2(
    layers=70,
    hidden=14336,
    heads=112,
    vocabulary=250880,
    position="alibi",
    max_positions=None,
    embedding_norm=True,
)
MPT_7B = Model(
    layers=32,
    hidden=4096,
    heads=32,
    ffn_hidden=16384,
    gated=False,
    vocabulary=50432,
    tied_embeddings=True,
    position="alibi",
)
LLAMA2_7B = llama(layers=32, hidden=4096, heads=32, ffn_hidden=11008, vocabulary=32000)
LLAMA2_13B = llama(layers=40, hidden=5120, heads=40, ffn_hidden=13824, vocabulary=32000)
LLAMA2_70B = llama(layers=80, hidden=8192, heads=64, kv_heads=8, ffn_hidden=28672, vocabulary=32000)
LLAMA3_8B = llama(layers=32, hidden=4096, heads=32, kv_heads=8, ffn_hidden=14336, vocabulary=128256)
LLAMA3_70B = llama(layers=80, hidden=8192, heads=64, kv_heads=8, ffn_hidden=28672, vocabulary=128256)
LLAMA3_405B = llama(layers=126, hidden=16384, heads=128, kv_heads=8, ffn_hidden=53248, vocabulary=128256)
MISTRAL_7B = llama(layers=32, hidden=4096, heads=32, kv_heads=8, ffn_hidden=14336, vocabulary=32000)
QWEN25_7B = llama(
    layers=28, hidden=3584, heads=28, kv_heads=4, ffn_hidden=18944, vocabulary=152064, attention_bias=True
)
MIXTRAL_8X7B = llama(
    layers=32,
    hidden=4096,
    heads=32,
    kv_heads=8,
    ffn_hidden=14336,
    vocabulary=32000,
    mixture=MixtureOfExperts(experts=8, experts_per_token=2, expert_ffn_hidden=14336),
)
LLAMA4_MAVERICK = llama(
    layers=48,
    hidden=5120,
    heads=40,
    kv_heads=8,
    head_dim=128,
    ffn_hidden=16384,
    vocabulary=202048,
    mixture=MixtureOfExperts(
        experts=128, experts_per_token=1, expert_ffn_hidden=8192, shared_experts=1, layer_period=2
    ),
)
DEEPSEEK_V3 = llama(
    layers=61,
    hidden=7168,
    heads=128,
    ffn_hidden=18432,
    vocabulary=129280,
    mixture=MixtureOfExperts(
        experts=256,
        experts_per_token=8,
        expert_ffn_hidden=2048,
        shared_experts=1,
        dense_layers=3,
        router_bias=True,
    ),
    latent_attention=LatentAttention(
        q_lora_rank=1536, kv_lora_rank=512, rope_head_dim=64, nope_head_dim=128, value_head_dim=128
    ),
)
