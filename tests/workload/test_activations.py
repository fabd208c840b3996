"""Activations against Korthikanti et al. (2022), arXiv 2205.05198."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, Software
from clustersim.workload.activations import chunks_in_flight, layer_activation_elements, layer_elements
from clustersim.workload.habits import HABITS
from tests.workload import model_shapes as shapes

ALL_MODELS = [value for name, value in vars(shapes).items() if isinstance(value, Model)]
GPT3 = shapes.GPT3_MEGATRON


@pytest.mark.parametrize("t", [1, 8])
def test_gpt3_layer_with_sequence_parallelism_is_korthikanti_eq_6(t: int) -> None:
    # "34 s b h / t" bytes of which 2 are dropout masks; FlashAttention keeps no scores.
    layout = Layout(tensor_parallel=t, data_parallel=1)
    assert 2 * layer_activation_elements(GPT3, layout, False, "none") == pytest.approx((34 - 2) * 12288 / t)


def test_gpt3_layer_without_sequence_parallelism_is_korthikanti_eq_2() -> None:
    # "s b h (10 + 24 / t)" bytes of which 2 are dropout masks.
    layout = Layout(tensor_parallel=8, data_parallel=1, sequence_parallel=False)
    assert 2 * layer_activation_elements(GPT3, layout, False, "none") == pytest.approx((10 - 2 + 24 / 8) * 12288)


def test_full_recompute_keeps_the_input_of_the_layer() -> None:
    # Korthikanti et al., Table 2: "2 s b h" bytes, and "2 s b h / t" where the sequence is split.
    whole = Layout(tensor_parallel=8, data_parallel=1, sequence_parallel=False)
    split = Layout(tensor_parallel=8, data_parallel=1)
    assert 2 * layer_activation_elements(GPT3, whole, False, "full") == 2 * 12288
    assert 2 * layer_activation_elements(GPT3, split, False, "full") == 2 * 12288 / 8


def test_selective_recompute_keeps_everything_but_scores() -> None:
    # Megatron-Core recomputes the core of attention; fused attention keeps no scores that it could drop.
    layout = Layout(data_parallel=1)
    assert layer_activation_elements(GPT3, layout, False, "selective") == 16 * 12288


def test_selective_recompute_of_pytorch_keeps_every_second_product() -> None:
    # torchtitan on Llama 3 8B: input, queries, values, attention, gate and the last product.
    kept = layer_activation_elements(
        shapes.LLAMA3_8B, Layout(data_parallel=8), False, "selective", habits=HABITS["pytorch"]
    )
    assert kept == 4096 + 4096 + 1024 + 4096 + 14336 + 4096


def test_gpt3_layer_without_fused_attention_is_korthikanti_eq_1() -> None:
    # "s b h (34 + 5 a s / h)" bytes, dropout masks and scores included; eq. 2 with t = 8, eq. 6 without the scores.
    old = HABITS["megatron-2021"]
    scores = 5 * 96 * 2048 / 12288

    def layer(tensor: int, sequence_parallel: bool, recompute: Literal["none", "selective"]) -> float:
        elements = layer_elements(GPT3, tensor, sequence_parallel, False, recompute, old, False)
        return 2 * (elements.kept + elements.scores_kept * 2048) / 12288

    assert layer(1, False, "none") == pytest.approx(34 + scores)
    assert layer(8, False, "none") == pytest.approx(10 + 24 / 8 + scores / 8)
    assert layer(8, True, "none") == pytest.approx((34 + scores) / 8)
    assert layer(8, True, "selective") == pytest.approx(34 / 8)


def test_narrow_products_keep_their_inputs_in_8_bits() -> None:
    # Norms give 2 h and the activation function 4 h in half the space; attention's output is kept once more.
    megatron = HABITS["megatron"]
    kept = layer_activation_elements(GPT3, Layout(data_parallel=1), False, "none", habits=megatron, narrow=True)
    assert kept == (16 - 1 - 2 + 0.5) * 12288
    torch = HABITS["pytorch"]
    assert layer_activation_elements(GPT3, Layout(data_parallel=1), False, "none", habits=torch, narrow=True) == (
        16 * 12288
    )


def test_the_backward_pass_of_a_recomputed_layer_needs_it_whole_and_its_gradients() -> None:
    elements = layer_elements(GPT3, 8, True, False, "full", HABITS["megatron"], False)
    assert elements.kept == 12288 / 8
    assert elements.at_work == (16 - 1 + 2 * 4 + 1) * 12288 / 8
    old = layer_elements(GPT3, 8, True, False, "full", HABITS["megatron-2021"], False)
    assert old.scores_kept == 0.0
    assert old.scores_at_work == 2.5 * 96 / 8


def test_llama3_405b_layer_counted_by_hand() -> None:
    layout = Layout(tensor_parallel=8, data_parallel=1)
    outside = 4 * 16384
    attention = 2 * 16384 + 2 * 8 * 128
    ffn = 3 * 53248
    expected = (outside + attention + ffn) / 8
    assert layer_activation_elements(shapes.LLAMA3_405B, layout, False, "none") == expected


def test_mixture_layer_counted_by_hand() -> None:
    layout = Layout(data_parallel=1)
    attention = 2 * 4096 + 2 * 1024
    experts = 2 * 4096 + 3 * 2 * 14336
    expected = 4 * 4096 + 2 * 8 + attention + experts
    assert layer_activation_elements(shapes.MIXTRAL_8X7B, layout, True, "none") == expected


def test_latent_attention_layer_counted_by_hand() -> None:
    layout = Layout(data_parallel=1)
    outside = 4 * 7168 + 2 * (1536 + 512)
    attention = 2 * 128 * 192 + 2 * 128 * 128
    assert layer_activation_elements(shapes.DEEPSEEK_V3, layout, False, "none") == outside + attention + 3 * 18432


@given(
    model=st.sampled_from(ALL_MODELS),
    t=st.sampled_from([1, 2, 4, 8]),
    mixture=st.booleans(),
    sequence_parallel=st.booleans(),
    software=st.sampled_from(list(HABITS)),
)
def test_more_recompute_and_more_gpus_never_keep_more(
    model: Model, t: int, mixture: bool, sequence_parallel: bool, software: Software
) -> None:
    layout = Layout(tensor_parallel=t, data_parallel=1, sequence_parallel=sequence_parallel)
    wider = layout.model_copy(update={"tensor_parallel": 2 * t})
    modes: tuple[Literal["none", "selective", "full"], ...] = ("none", "selective", "full")
    habits = HABITS[software]
    kept = [layer_activation_elements(model, layout, mixture, mode, habits=habits) for mode in modes]
    assert kept == sorted(kept, reverse=True)
    for mode, elements in zip(modes, kept, strict=True):
        assert layer_activation_elements(model, wider, mixture, mode, habits=habits) <= elements


@pytest.mark.parametrize("stages", [2, 8, 16])
def test_1f1b_keeps_as_many_micro_batches_as_stages_follow(stages: int) -> None:
    layout = Layout(pipeline_parallel=stages, data_parallel=1)
    assert [chunks_in_flight(layout, stage, None) for stage in range(stages)] == list(range(stages, 0, -1))


@pytest.mark.parametrize(("stages", "virtual"), [(8, 3), (35, 3), (16, 8)])
def test_interleaving_keeps_more_on_the_first_stage(stages: int, virtual: int) -> None:
    # Korthikanti et al. (2022), sec. 4.2.3: L (1 + (p - 1) / (p m)) layers.
    layout = Layout(pipeline_parallel=stages, virtual_pipeline=virtual, data_parallel=1)
    published = stages * virtual * (1 + (stages - 1) / (stages * virtual))
    assert chunks_in_flight(layout, 0, None) == pytest.approx(published)


def test_few_micro_batches_do_not_fill_the_pipeline() -> None:
    layout = Layout(pipeline_parallel=16, virtual_pipeline=8, data_parallel=1)
    assert chunks_in_flight(layout, 0, 16) == 16 * 8
    assert chunks_in_flight(layout, 15, 16) == 7 * 16 + 1


def test_one_stage_keeps_one_micro_batch() -> None:
    assert chunks_in_flight(Layout(data_parallel=1), 0, 100) == 1
