"""Models of published rows: shapes that are printed, named, guessed or refused."""

import pytest

from clustersim.calibration.rows import RowError, published_step
from tests.calibration.rows_table import row


def test_a_model_without_shape_is_the_catalogue_s_of_that_name() -> None:
    empty = dict.fromkeys(
        ("n_layers", "hidden", "n_heads", "n_kv_heads", "head_dim", "ffn_hidden", "gated", "vocab"), ""
    )
    step = published_step(row(**empty, model="Llama 3 8B (llama3_8b.toml)"))
    assert (step.model.layers, step.model.hidden, step.model.gated) == (32, 4096, True)


def test_mixture_columns() -> None:
    step = published_step(row(n_experts="64", experts_per_token="8", expert_ffn="768", n_shared_experts="1",
                              n_dense_layers="1", moe_every="1", ep="8", gated="1"))  # fmt: skip
    mixture = step.model.mixture
    assert mixture is not None
    assert (mixture.experts, mixture.experts_per_token, mixture.expert_ffn_hidden) == (64, 8, 768)
    assert (mixture.shared_experts, mixture.dense_layers) == (1, 1)
    assert step.layouts[0].expert_parallel == 8


def without_shape(**changes: str) -> dict[str, str]:
    """A row that prints no shape."""
    columns = ("n_layers", "hidden", "n_heads", "n_kv_heads", "head_dim", "ffn_hidden", "gated", "vocab", "attention")
    return row(**dict.fromkeys(columns, ""), **changes)


@pytest.mark.parametrize("model", ["GPT OSS 120B", "gpt-oss-120b", "openai/gpt-oss-120b", "GPT-OSS 120B (BF16)"])
def test_gpt_oss_has_its_window_and_recipe_in_any_spelling(model: str) -> None:
    step = published_step(
        without_shape(model=model, gpu="b200", stack="megatron-bridge-26.06", precision="bf16", cp="1", tp="1", ep="8")
    )
    assert step.model.attention_window == 128
    assert step.model.ffn_bias
    assert "narrow_attention" in step.options


@pytest.mark.parametrize(
    "model",
    ["meta-llama/Llama-3.1-405B", "Llama-3.1-405B-Instruct", "Meta-Llama-3.1-405B", "Llama 3.1 405B Base"],
)
def test_an_edition_of_a_catalogued_model_has_its_shape(model: str) -> None:
    step = published_step(without_shape(model=model, tp="8", pp="8", n_gpus="1024"))
    assert (step.model.layers, step.model.hidden) == (126, 16384)
    assert not any("guessed" in remark.text for remark in step.remarks)


@pytest.mark.parametrize(
    "model", ["Nemotron-H 56B", "nvidia/Nemotron-H-8B-Base", "Mamba 2.8B", "Jamba 52B", "Zamba2 7B"]
)
def test_other_architectures_are_refused_by_name(model: str) -> None:
    with pytest.raises(RowError, match=r"column model: .*state-space"):
        published_step(without_shape(model=model))


def test_another_architecture_is_refused_with_the_column_that_says_so() -> None:
    with pytest.raises(RowError, match="column attention: 'hybrid mamba'"):
        published_step(row(attention="hybrid mamba"))


def test_a_guessed_shape_is_said_and_widens_the_prediction() -> None:
    step = published_step(without_shape(model="House model 8B"))
    guessed = [remark for remark in step.remarks if remark.text.startswith("shape guessed: ")]
    assert [remark.text.split(": ")[1] for remark in guessed] == [
        "n_layers hidden", "n_heads", "gated", "ffn_hidden", "vocab",
    ]  # fmt: skip
    assert {remark.sigma for remark in guessed} == {0.05}
