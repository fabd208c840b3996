"""Parameter counts against published exact numbers."""

import pytest

from clustersim.scenario.schema.model import Model
from clustersim.workload.parameters import count_parameters, is_mixture_layer, layer_parameters, mixture_layers
from tests.workload import model_shapes as shapes

# Exact counts of the released weights: sums over the tensors of the checkpoints at huggingface.co, read 2024-2025.
PUBLISHED = {
    "GPT2_124M": 124_439_808,
    "GPT2_XL": 1_557_611_200,
    "OPT_125M": 125_239_296,
    "BLOOM_176B": 176_247_271_424,
    "MPT_7B": 6_649_286_656,
    "LLAMA2_7B": 6_738_415_616,
    "LLAMA2_13B": 13_015_864_320,
    "LLAMA2_70B": 68_976_648_192,
    "LLAMA3_8B": 8_030_261_248,
    "LLAMA3_70B": 70_553_706_496,
    "LLAMA3_405B": 405_853_388_800,
    "MISTRAL_7B": 7_241_732_096,
    "QWEN25_7B": 7_615_616_512,
    "MIXTRAL_8X7B": 46_702_792_704,
    "DEEPSEEK_V3": 671_026_419_200,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_total_is_the_published_count(name: str) -> None:
    assert count_parameters(getattr(shapes, name)).total == PUBLISHED[name]


def test_gpt3_is_175b_within_a_third_of_a_percent() -> None:
    # Brown et al. (2020), Table 2.1: 174,600M without saying how the vocabulary is padded.
    assert count_parameters(shapes.GPT3_175B).total == pytest.approx(174.6e9, rel=0.003)


@pytest.mark.parametrize(
    ("model", "published", "rel"),
    [
        (shapes.MIXTRAL_8X7B, 12.9e9, 0.005),  # arXiv 2401.04088: "13B active", 12.9B on the model card
        (shapes.DEEPSEEK_V3, 37e9, 0.02),  # arXiv 2412.19437: "37B activated"
        (shapes.LLAMA4_MAVERICK, 17e9, 0.02),  # model card (2025): 17B active, 400B in all
    ],
)
def test_active_parameters_are_the_published_ones(model: Model, published: float, rel: float) -> None:
    assert count_parameters(model).active == pytest.approx(published, rel=rel)


def test_maverick_is_400b() -> None:
    assert count_parameters(shapes.LLAMA4_MAVERICK).total == pytest.approx(400e9, rel=0.005)


def test_gpt2_by_kind_counted_by_hand() -> None:
    count = count_parameters(shapes.GPT2_124M)
    assert count.embedding == 50257 * 768
    assert count.position == 1024 * 768
    assert count.attention == 12 * (4 * 768 * 768 + 4 * 768)
    assert count.ffn == 12 * (2 * 768 * 3072 + 3072 + 768)
    assert count.norms == 12 * 4 * 768 + 2 * 768
    assert (count.experts, count.experts_visited, count.router, count.head) == (0, 0, 0, 0)
    assert count.active == count.total
    # Kaplan et al. (2020): 12 l h^2, plus biases and norms.
    assert count.total - count.embedding - count.position == 85_056_000


def test_deepseek_v3_layer_counted_by_hand() -> None:
    layer = layer_parameters(shapes.DEEPSEEK_V3, mixture=True)
    compress = 7168 * 1536 + 7168 * (512 + 64)
    expand = 1536 * 128 * 192 + 512 * 128 * 256 + 128 * 128 * 7168
    assert layer.attention == compress + expand
    assert layer.replicated == compress
    assert layer.experts == 257 * 3 * 7168 * 2048
    assert layer.router == 256 * 7168 + 256
    assert layer.norms == 2 * 7168 + 1536 + 512
    assert layer.ffn == 0
    assert layer.total == layer.attention + layer.experts + layer.router + layer.norms


def test_latent_attention_with_biases_counts_them() -> None:
    biased = shapes.DEEPSEEK_V3.model_copy(update={"attention_bias": True, "attention_output_bias": True})
    extra = count_parameters(biased).attention - count_parameters(shapes.DEEPSEEK_V3).attention
    assert extra == 61 * (1536 + 512 + 64 + 7168)


def test_mixture_layers_follow_the_dense_ones() -> None:
    layers = [layer for layer in range(61) if is_mixture_layer(shapes.DEEPSEEK_V3, layer)]
    assert layers == list(range(3, 61))
    assert mixture_layers(shapes.DEEPSEEK_V3) == 58


def test_every_second_layer_of_maverick_is_a_mixture() -> None:
    layers = [layer for layer in range(48) if is_mixture_layer(shapes.LLAMA4_MAVERICK, layer)]
    assert layers == list(range(1, 48, 2))
    assert mixture_layers(shapes.LLAMA4_MAVERICK) == 24


def test_dense_models_have_no_mixture_layer() -> None:
    assert mixture_layers(shapes.LLAMA3_8B) == 0
    assert not is_mixture_layer(shapes.LLAMA3_8B, 0)
    assert layer_parameters(shapes.LLAMA3_8B, mixture=True).experts == 0
