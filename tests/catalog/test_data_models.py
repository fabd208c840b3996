import pytest

from clustersim import catalog
from clustersim.scenario.schema.model import Model


def model(name):
    return Model.model_validate(catalog.entry("models", name).tree())


@pytest.mark.parametrize("name", catalog.entries("models"))
def test_heads_and_vocabulary_are_plausible(name):
    shape = model(name)
    assert shape.heads % shape.n_kv_heads == 0
    assert 48 <= shape.head_width <= 256
    assert 32_000 <= shape.vocabulary <= 262_144
    assert shape.ffn_hidden >= shape.hidden


def test_llama3_405b_is_table_3_of_the_paper():
    shape = model("llama3-405b")
    assert (shape.layers, shape.hidden, shape.ffn_hidden, shape.heads, shape.n_kv_heads) == (126, 16384, 53248, 128, 8)
    assert shape.gated
    assert not shape.tied_embeddings
    assert shape.vocabulary == 128256


def dense_parameters(shape):
    """Counted by hand for a dense model with grouped-query attention and no biases."""
    key_value = shape.n_kv_heads * shape.head_width
    attention = 2 * shape.hidden * shape.heads * shape.head_width + 2 * shape.hidden * key_value
    ffn = (3 if shape.gated else 2) * shape.hidden * shape.ffn_hidden
    embeddings = (1 if shape.tied_embeddings else 2) * shape.vocabulary * shape.hidden
    return shape.layers * (attention + ffn + 2 * shape.hidden) + embeddings + shape.hidden


@pytest.mark.parametrize(
    "name",
    [
        "llama1-65b",
        "llama2-7b",
        "llama2-13b",
        "llama2-70b",
        "llama3-8b",
        "llama3-70b",
        "llama3-405b",
        "llama3.2-1b",
        "mpt-7b",
    ],
)
def test_shape_gives_the_parameters_of_the_checkpoint(name):
    published = int(catalog.entry("published_parameters", name).values["total"].text)
    assert dense_parameters(model(name)) == published


def test_gpt2_style_models_carry_biases_and_learned_positions():
    for name in ("gpt2-124m", "gpt3-175b", "opt-175b", "mt-nlg-530b", "megatron-gpt-175b"):
        shape = model(name)
        assert shape.position == "learned"
        assert all((shape.norm_bias, shape.attention_bias, shape.attention_output_bias, shape.ffn_bias))
        assert shape.tied_embeddings


def test_mixtures():
    deepseek = model("deepseek-v3")
    assert deepseek.mixture.experts == 256
    assert deepseek.mixture.dense_layers == 3
    assert deepseek.latent_attention.kv_lora_rank == 512
    assert model("llama4-maverick").mixture.layer_period == 2
    assert model("mixtral-8x7b").mixture.experts_per_token == 2
