"""How layers are dealt to stages, and the messages for layouts that do not divide."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.workload.layout import (
    deepest_stage,
    layers_per_chunk,
    layout_problems,
    micro_batches,
    stage_layers,
)
from tests.workload import model_shapes as shapes

LLAMA3_LAYOUT: dict[str, Any] = {"tensor_parallel": 8, "pipeline_parallel": 16, "data_parallel": 128, "zero_stage": 2}


def problems(
    model: Model, global_batch: int = 2048, gpus_per_node: int = 8, sequence_length: int = 8192, **layout: Any
) -> list[tuple[str, str]]:
    found = layout_problems(model, Layout(**layout), global_batch, gpus_per_node, sequence_length)
    return [(problem.field, problem.message) for problem in found]


def stage_sizes(model: Model, layout: Layout) -> tuple[int, ...]:
    return tuple(len(layers) for layers in stage_layers(model, layout))


def test_llama3_405b_has_seven_layers_on_the_first_and_last_stage() -> None:
    layout = Layout(**LLAMA3_LAYOUT)
    assert stage_sizes(shapes.LLAMA3_405B, layout) == (7, *[8] * 14, 7)


def test_llama3_405b_on_128_chunks_leaves_the_first_and_last_chunk_empty() -> None:
    layout = Layout(**LLAMA3_LAYOUT, virtual_pipeline=8)
    assert layers_per_chunk(shapes.LLAMA3_405B, layout) == (0, *[1] * 126, 0)
    assert stage_sizes(shapes.LLAMA3_405B, layout) == (7, *[8] * 14, 7)


def test_bloom_is_dealt_as_it_was_run() -> None:
    # BigScience (2022), arXiv 2211.05100: 12 stages of six, embedding and head counted as layers.
    layout = Layout(tensor_parallel=4, pipeline_parallel=12, data_parallel=8)
    assert stage_sizes(shapes.BLOOM_176B, layout) == (5, *[6] * 10, 5)


def test_interleaved_chunks_go_round_the_stages() -> None:
    layout = Layout(pipeline_parallel=2, virtual_pipeline=3, data_parallel=1)
    assert stage_layers(shapes.GPT2_124M, layout) == ((0, 1, 4, 5, 8, 9), (2, 3, 6, 7, 10, 11))


def test_uneven_slots_go_to_the_earlier_chunks() -> None:
    # 61 layers and two slots on 16 chunks: 63 = 15 x 4 + 3.
    layout = Layout(pipeline_parallel=16, data_parallel=1)
    assert stage_sizes(shapes.DEEPSEEK_V3, layout) == (3, *[4] * 14, 2)


@given(layers=st.integers(1, 200), stages=st.integers(1, 32), virtual=st.integers(1, 8))
def test_every_layer_is_dealt_once_and_chunks_stay_even(layers: int, stages: int, virtual: int) -> None:
    model = shapes.LLAMA3_8B.model_copy(update={"layers": layers})
    layout = Layout(pipeline_parallel=stages, virtual_pipeline=virtual, data_parallel=1)
    if layers % (stages * virtual) and stages * virtual > layers + 2:
        with pytest.raises(ValueError, match=f"{layers} layers do not fill {stages * virtual} pipeline chunks"):
            layers_per_chunk(model, layout)
        return
    chunks = layers_per_chunk(model, layout)
    assert sum(chunks) == layers
    assert min(chunks) >= 0
    inner = chunks[1:-1]
    assert not inner or max(inner) - min(inner) <= 1
    assert max(chunks) - min(chunks) <= 2
    assert sorted(layer for stage in stage_layers(model, layout) for layer in stage) == list(range(layers))


@given(layers=st.integers(1, 200), further=st.integers(1, 4), stages=st.integers(1, 32), virtual=st.integers(1, 8))
def test_layers_of_multi_token_prediction_leave_no_chunk_in_debt(
    layers: int, further: int, stages: int, virtual: int
) -> None:
    model = shapes.LLAMA3_8B.model_copy(update={"layers": layers, "prediction_layers": further})
    layout = Layout(pipeline_parallel=stages, virtual_pipeline=virtual, data_parallel=1)
    if stages * virtual > layers + 2:
        with pytest.raises(ValueError, match="do not fill"):
            layers_per_chunk(model, layout)
        return
    chunks = layers_per_chunk(model, layout)
    assert len(chunks) == stages * virtual
    assert sum(chunks) == layers
    assert min(chunks) >= 0
    inner = chunks[1:-1]
    assert not inner or max(inner) - min(inner) <= 1
    depths = [sum(chunks[stage::stages]) for stage in range(stages)]
    assert deepest_stage(model, layout) == max(*depths[:-1], depths[-1] + further, 1)


def test_deepseek_v3_is_dealt_as_it_was_run() -> None:
    # Megatron Bridge (2025): 61 layers and one of multi-token prediction on 16 and on 32 chunks.
    model = shapes.DEEPSEEK_V3.model_copy(update={"prediction_layers": 1})
    assert layers_per_chunk(model, Layout(pipeline_parallel=16, data_parallel=1)) == (*[4] * 15, 1)
    assert layers_per_chunk(model, Layout(pipeline_parallel=32, data_parallel=1)) == (1, *[2] * 30, 0)


def test_the_deepest_stage_counts_the_layers_of_multi_token_prediction() -> None:
    plain = shapes.LLAMA3_8B
    # 32 layers, the embedding, the head and twice two slots for the further layers: 38 as 10, 10, 9, 9.
    further = plain.model_copy(update={"prediction_layers": 2})
    layout = Layout(pipeline_parallel=4, data_parallel=1)
    assert deepest_stage(plain, layout) == 8
    assert layers_per_chunk(further, layout) == (9, 10, 9, 4)
    assert deepest_stage(further, layout) == 10
    # Ten layers on two stages, one more with three: 10 + 1 + 7 slots as 9, 9 leave 8, 2 and the three.
    short = plain.model_copy(update={"layers": 10, "prediction_layers": 3})
    assert deepest_stage(short, Layout(pipeline_parallel=2, data_parallel=1)) == 8
    assert deepest_stage(further, Layout(data_parallel=1)) == 34


def test_micro_batches_of_llama3() -> None:
    assert micro_batches(Layout(**LLAMA3_LAYOUT), 2048) == 16


def test_micro_batches_refuses_a_broken_batch() -> None:
    with pytest.raises(ValueError, match="global_batch 100 is not a multiple of data_parallel x micro_batch = 16"):
        micro_batches(Layout(data_parallel=8, micro_batch=2), 100)


@pytest.mark.parametrize(
    ("model", "layout", "rest"),
    [
        (shapes.LLAMA3_405B, {**LLAMA3_LAYOUT}, {}),
        (shapes.LLAMA3_405B, {**LLAMA3_LAYOUT, "virtual_pipeline": 8}, {}),
        (
            shapes.LLAMA3_405B,
            {**LLAMA3_LAYOUT, "context_parallel": 16, "data_parallel": 8},
            {"sequence_length": 131072, "global_batch": 128},
        ),
        (shapes.BLOOM_176B, {"tensor_parallel": 4, "pipeline_parallel": 12, "data_parallel": 8, "micro_batch": 2}, {}),
        (
            shapes.DEEPSEEK_V3,
            {"pipeline_parallel": 16, "data_parallel": 128, "expert_parallel": 64},
            {"global_batch": 15360, "sequence_length": 4096},
        ),
        # Micro-batches (20) need not be a multiple of the stages; four key-value heads are copied to eight GPUs.
        (shapes.LLAMA3_8B, {"pipeline_parallel": 8, "virtual_pipeline": 2, "data_parallel": 1}, {"global_batch": 20}),
        (shapes.LLAMA3_8B, {"data_parallel": 3, "tensor_parallel": 2}, {"global_batch": 3, "gpus_per_node": 8}),
        (shapes.LLAMA3_8B, {"data_parallel": 2, "tensor_parallel": 16}, {}),
    ],
)
def test_possible_layouts_have_no_problem(model: Model, layout: dict[str, Any], rest: dict[str, int]) -> None:
    assert problems(model, **rest, **layout) == []


@pytest.mark.parametrize(
    ("model", "layout", "rest", "field", "message"),
    [
        (
            shapes.LLAMA3_8B,
            {"virtual_pipeline": 4, "data_parallel": 8},
            {},
            "virtual_pipeline",
            "virtual_pipeline 4 needs pipeline_parallel above 1; set it to 1",
        ),
        (
            shapes.LLAMA3_8B,
            {"pipeline_parallel": 48, "data_parallel": 1},
            {},
            "pipeline_parallel",
            "32 layers do not fill 48 pipeline stages; use pipeline_parallel 32 or at most 34",
        ),
        (
            shapes.LLAMA3_405B,
            {**LLAMA3_LAYOUT, "virtual_pipeline": 16},
            {},
            "virtual_pipeline",
            "126 layers do not fill pipeline_parallel 16 x virtual_pipeline 16 = 256 chunks;"
            " use virtual_pipeline 8 or less",
        ),
        (
            shapes.GPT2_XL.model_copy(update={"vocabulary": 50304}),
            {"tensor_parallel": 8, "data_parallel": 1},
            {"sequence_length": 1024},
            "tensor_parallel",
            "tensor_parallel 8 does not divide the model's heads 25; use 5 or 25",
        ),
        (
            shapes.GPT2_124M,
            {"tensor_parallel": 2, "data_parallel": 4},
            {"sequence_length": 1024},
            "tensor_parallel",
            "tensor_parallel 2 does not divide the vocabulary 50257;"
            " pad the vocabulary to 50432 (a multiple of 128 x 2, as Megatron-LM does)",
        ),
        (
            shapes.LLAMA3_8B.model_copy(update={"ffn_hidden": 14338}),
            {"tensor_parallel": 4, "data_parallel": 2},
            {},
            "tensor_parallel",
            "tensor_parallel 4 does not divide the model's ffn_hidden 14338; use 2 or 67",
        ),
        (
            shapes.llama(layers=2, hidden=1536, heads=12, kv_heads=6, ffn_hidden=4096, vocabulary=32000),
            {"tensor_parallel": 4, "data_parallel": 2},
            {},
            "tensor_parallel",
            "kv_heads 6 can be neither split over nor copied evenly to tensor_parallel 4;"
            " use 3 or 6 or a multiple of 6",
        ),
        (
            shapes.LLAMA3_8B,
            {"data_parallel": 8, "expert_parallel": 4},
            {},
            "expert_parallel",
            "expert_parallel 4 needs a model with a mixture of experts; set it to 1",
        ),
        (
            shapes.MIXTRAL_8X7B,
            {"data_parallel": 48, "expert_parallel": 3},
            {"global_batch": 48},
            "expert_parallel",
            "expert_parallel 3 does not divide the model's 8 experts; use 2 or 4",
        ),
        (
            shapes.MIXTRAL_8X7B,
            {"tensor_parallel": 4, "data_parallel": 6, "expert_parallel": 4},
            {"global_batch": 48},
            "expert_parallel",
            "expert_parallel 4 does not divide data_parallel x context_parallel = 6; use 3 or 6",
        ),
        (
            shapes.LLAMA3_8B,
            {"context_parallel": 4, "data_parallel": 2},
            {"sequence_length": 8190},
            "context_parallel",
            "sequence_length 8190 is not a multiple of 2 x context_parallel = 8; use 8192",
        ),
        (
            shapes.LLAMA3_8B,
            {"tensor_parallel": 8, "data_parallel": 1},
            {"sequence_length": 1001},
            "sequence_parallel",
            "sequence_length / context_parallel = 1001 is not a multiple of tensor_parallel 8,"
            " which sequence_parallel needs; use sequence_length 1008",
        ),
        (
            shapes.GPT2_124M,
            {"data_parallel": 8},
            {"sequence_length": 2048},
            "sequence_length",
            "sequence_length 2048 exceeds the model's 1024 learned positions",
        ),
        (
            shapes.LLAMA3_8B,
            {"data_parallel": 8, "micro_batch": 2},
            {"global_batch": 100},
            "global_batch",
            "global_batch 100 is not a multiple of data_parallel 8 x micro_batch 2 = 16; use 96 or 112",
        ),
        (
            shapes.LLAMA3_8B,
            {"data_parallel": 8},
            {"global_batch": 4},
            "global_batch",
            "global_batch 4 is not a multiple of data_parallel 8 x micro_batch 1 = 8; use 8",
        ),
        (
            shapes.LLAMA3_8B,
            {"data_parallel": 12},
            {"global_batch": 24},
            "data_parallel",
            "TP 1 x CP 1 x PP 1 x DP 12 = 12 GPUs is not a whole number of nodes of 8; use 8 or 16 GPUs",
        ),
        (
            shapes.LLAMA3_8B,
            {"data_parallel": 8, "recompute_layers": 4},
            {},
            "recompute_layers",
            "recompute_layers 4 needs recompute selective or full; leave it out",
        ),
        (
            shapes.LLAMA3_8B,
            {"data_parallel": 8, "offload": "optimizer", "offload_layers": 4},
            {},
            "offload_layers",
            "offload_layers 4 needs offload activations; leave it out",
        ),
        (
            shapes.LLAMA3_8B,
            {"data_parallel": 8, "pipeline_parallel": 4, "recompute": "full", "recompute_layers": 10},
            {},
            "recompute_layers",
            "recompute_layers 10 is more than the 9 layers of a pipeline stage; leave it out for all of them",
        ),
    ],
)
def test_impossible_layouts_name_the_number_and_the_fix(
    model: Model, layout: dict[str, Any], rest: dict[str, int], field: str, message: str
) -> None:
    assert problems(model, **rest, **layout) == [(field, message)]


def test_all_problems_are_told_at_once() -> None:
    found = problems(shapes.GPT2_XL, tensor_parallel=8, data_parallel=3, virtual_pipeline=2, global_batch=4)
    assert [field for field, _ in found] == [
        "virtual_pipeline",
        "tensor_parallel",
        "tensor_parallel",
        "sequence_length",
        "global_batch",
    ]


def test_dense_width_of_a_pure_mixture_does_not_matter() -> None:
    odd = shapes.MIXTRAL_8X7B.model_copy(update={"ffn_hidden": 7})
    assert problems(odd, tensor_parallel=8, data_parallel=1) == []


@given(
    model=st.sampled_from([shapes.LLAMA3_8B, shapes.LLAMA3_405B, shapes.MIXTRAL_8X7B, shapes.BLOOM_176B]),
    stages=st.integers(1, 160),
    virtual=st.integers(1, 10),
)
def test_a_pipeline_without_problem_can_be_dealt(model: Model, stages: int, virtual: int) -> None:
    layout = Layout(pipeline_parallel=stages, virtual_pipeline=virtual, data_parallel=1)
    found = layout_problems(model, layout, 1, stages, 2048)
    if not found:
        assert sum(stage_sizes(model, layout)) == model.layers
