"""FLOPs per token against hand counts and published formulas."""

from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Recompute
from clustersim.workload.flops import (
    AttentionConvention,
    forward_flops,
    hardware_flops_per_token,
    model_flops_per_token,
    recompute_flops_per_token,
)
from clustersim.workload.parameters import count_parameters
from tests.workload import model_shapes as shapes

ALL_MODELS = [value for name, value in vars(shapes).items() if isinstance(value, Model)]


def test_gpt2_forward_counted_by_hand() -> None:
    flops = forward_flops(shapes.GPT2_124M, 1024, "full")
    assert flops.qkv == 12 * 2 * 768 * 3 * 768
    assert flops.attention_scores == 12 * 2 * 2 * 1024 * 768
    assert flops.output == 12 * 2 * 768 * 768
    assert flops.ffn == 12 * 2 * 2 * 768 * 3072
    assert flops.router == 0
    assert flops.head == 2 * 768 * 50257
    assert flops.layers == flops.qkv + flops.attention_scores + flops.output + flops.ffn
    assert flops.total == flops.layers + flops.head


def test_llama3_405b_forward_counted_by_hand() -> None:
    flops = forward_flops(shapes.LLAMA3_405B, 8192, "causal")
    assert flops.qkv == 126 * 2 * 16384 * (16384 + 2 * 1024)
    assert flops.attention_scores == 126 * 2 * 8192 * 16384
    assert flops.output == 126 * 2 * 16384 * 16384
    assert flops.ffn == 126 * 2 * 3 * 16384 * 53248
    assert flops.head == 2 * 16384 * 128256


def test_deepseek_v3_forward_counted_by_hand() -> None:
    flops = forward_flops(shapes.DEEPSEEK_V3, 4096, "full")
    projections = 7168 * 1536 + 7168 * 576 + 1536 * 128 * 192 + 512 * 128 * 256
    assert flops.qkv == 61 * 2 * projections
    assert flops.attention_scores == 61 * 2 * 4096 * 128 * (192 + 128)
    assert flops.output == 61 * 2 * 128 * 128 * 7168
    assert flops.ffn == 2 * 3 * 7168 * (3 * 18432 + 58 * 9 * 2048)
    assert flops.router == 58 * 2 * 7168 * 256


def test_llama3_405b_whole_run_is_the_published_budget() -> None:
    # Llama Team (2024), arXiv 2407.21783, sec. 3.2: 3.8e25 FLOPs on 15.6T tokens, i.e. 6 N D.
    per_token = model_flops_per_token(shapes.LLAMA3_405B, 8192, "causal")
    assert per_token * 15.6e12 == pytest.approx(3.8e25, rel=0.06)


def test_palm_attention_term_is_twelve_l_h_q_t() -> None:
    model = shapes.GPT3_175B
    extra = model_flops_per_token(model, 4096, "full") - model_flops_per_token(model, 2048, "full")
    assert extra == 12 * 96 * 96 * 128 * 2048


@pytest.mark.parametrize("model", ALL_MODELS)
def test_six_n_is_right_but_for_attention_norms_and_biases(model: Model) -> None:
    count = count_parameters(model)
    matrices = count.active - count.embedding - count.position - count.head + model.vocabulary * model.hidden
    without_attention = model_flops_per_token(model, 1024, "full") - 3 * (
        forward_flops(model, 1024, "full").attention_scores
    )
    assert without_attention == pytest.approx(6 * matrices, rel=0.002)
    assert without_attention <= 6 * matrices


@pytest.mark.parametrize(("batch", "sequence_length"), [(1, 1024), (1536, 2048)])
def test_narayanan_formula_with_full_recompute(batch: int, sequence_length: int) -> None:
    model = shapes.GPT3_MEGATRON
    s, layers, h, vocabulary = sequence_length, 96, 12288, 51200
    published = 96 * batch * s * layers * h**2 * (1 + s / (6 * h) + vocabulary / (16 * layers * h))
    ours = batch * s * hardware_flops_per_token(model, s, "full", "full")
    assert ours == pytest.approx(published, rel=1e-12)


def test_full_recompute_costs_a_third_of_the_layers() -> None:
    model, s = shapes.GPT3_MEGATRON, 2048
    layers_only = model_flops_per_token(model, s, "full") - 3 * forward_flops(model, s, "full").head
    assert recompute_flops_per_token(model, s, "full", "full") == pytest.approx(layers_only / 3, rel=1e-12)


def test_selective_recompute_runs_the_attention_core_again() -> None:
    # Korthikanti et al. (2022), sec. 5: for GPT-3 selective recomputation costs 2.7 % more FLOPs.
    model = shapes.GPT3_MEGATRON
    extra = recompute_flops_per_token(model, 2048, "full", "selective")
    assert extra == forward_flops(model, 2048, "full").attention_scores
    assert extra / forward_flops(model, 2048, "full").layers == pytest.approx(0.027, abs=0.001)


@pytest.mark.parametrize("model", ALL_MODELS)
def test_causal_halves_attention_only(model: Model) -> None:
    full, causal = forward_flops(model, 2048, "full"), forward_flops(model, 2048, "causal")
    assert causal.attention_scores == full.attention_scores / 2
    assert causal.total == full.total - full.attention_scores / 2


@given(
    model=st.sampled_from(ALL_MODELS),
    sequence_length=st.integers(1, 1 << 20),
    attention=st.sampled_from(get_args(AttentionConvention)),
)
def test_recompute_never_lowers_flops(model: Model, sequence_length: int, attention: Literal["full", "causal"]) -> None:
    executed = [hardware_flops_per_token(model, sequence_length, attention, mode) for mode in get_args(Recompute)]
    assert executed[0] == model_flops_per_token(model, sequence_length, attention)
    assert executed == sorted(executed)


@given(model=st.sampled_from(ALL_MODELS), sequence_length=st.integers(1, 1 << 20))
def test_forward_is_the_sum_of_its_kinds_and_grows_linearly_with_the_sequence(
    model: Model, sequence_length: int
) -> None:
    flops = forward_flops(model, sequence_length, "full")
    kinds = (flops.qkv, flops.attention_scores, flops.output, flops.ffn, flops.router, flops.head)
    assert flops.total == pytest.approx(sum(kinds), rel=1e-12)
    doubled = forward_flops(model, 2 * sequence_length, "full")
    assert doubled.total - flops.total == pytest.approx(flops.attention_scores, rel=1e-9)


def test_only_visited_experts_cost_flops() -> None:
    mixture = shapes.MIXTRAL_8X7B.mixture
    assert mixture is not None
    more = shapes.MIXTRAL_8X7B.model_copy(update={"mixture": mixture.model_copy(update={"experts": 16})})
    assert forward_flops(more, 4096, "full").ffn == forward_flops(shapes.MIXTRAL_8X7B, 4096, "full").ffn


def test_a_window_on_every_second_layer_halves_what_lies_beyond_it() -> None:
    windowed = shapes.GPT2_124M.model_copy(update={"attention_window": 128})
    every = forward_flops(shapes.GPT2_124M, 2048, "full").attention_scores
    assert forward_flops(windowed, 2048, "full").attention_scores == pytest.approx(every * (1 + 128 / 2048) / 2)
    # Causal: 128 of the last queries' positions, fewer for the first 128 queries.
    seen = sum(min(position + 1, 128) for position in range(2048)) / 2048
    halved = forward_flops(shapes.GPT2_124M, 2048, "causal").attention_scores
    expected = (halved + halved * seen / 1024) / 2
    assert forward_flops(windowed, 2048, "causal").attention_scores == pytest.approx(expected, rel=1e-3)
    wide = shapes.GPT2_124M.model_copy(update={"attention_window": 1_000_000})
    assert forward_flops(wide, 2048, "causal") == forward_flops(shapes.GPT2_124M, 2048, "causal")


def test_a_prediction_layer_is_one_more_layer_and_one_more_use_of_the_head() -> None:
    plain = forward_flops(shapes.GPT2_124M, 2048, "full")
    further = forward_flops(shapes.GPT2_124M.model_copy(update={"prediction_layers": 1}), 2048, "full")
    assert further.layers == pytest.approx(plain.layers * (shapes.GPT2_124M.layers + 1) / shapes.GPT2_124M.layers)
    assert further.head == 2 * plain.head


def test_recomputing_some_layers_adds_their_share() -> None:
    whole = recompute_flops_per_token(shapes.GPT2_124M, 2048, "full", "full")
    assert recompute_flops_per_token(shapes.GPT2_124M, 2048, "full", "full", 0.25) == pytest.approx(whole / 4)
