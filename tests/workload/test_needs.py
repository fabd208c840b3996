"""What each stage holds, counted by hand."""

from typing import Any

import pytest

from clustersim.scenario.schema.training import Layout
from clustersim.workload.habits import HABITS
from clustersim.workload.needs import LayoutNeeds, layout_needs
from clustersim.workload.shards import stage_shards
from tests.workload import model_shapes as shapes

LLAMA_LAYER = 6 * 4096 + 2 * 1024 + 3 * 14336


def needs(software: Any = "megatron", precision: Any = "bf16", **settings: Any) -> LayoutNeeds:
    return layout_needs(shapes.LLAMA3_8B, Layout(data_parallel=1, **settings), precision, HABITS[software])


def test_a_chunk_keeps_its_layers() -> None:
    first, last = needs(pipeline_parallel=2, virtual_pipeline=4).stages
    assert first.kept == last.kept == (4 * LLAMA_LAYER, 0.0)
    assert first.offloaded == (0.0, 0.0)


def test_the_first_layers_recompute() -> None:
    (stage,) = needs(recompute="full", recompute_layers=12).stages
    assert stage.kept == (12 * 4096 + 20 * LLAMA_LAYER, 0.0)


def test_layers_of_multi_token_prediction_keep_theirs_on_the_last_stage() -> None:
    model = shapes.LLAMA3_8B.model_copy(update={"prediction_layers": 2})

    def kept(**settings: Any) -> list[float]:
        found = layout_needs(model, Layout(data_parallel=1, **settings), "bf16", HABITS["megatron"])
        return [stage.kept[0] for stage in found.stages]

    assert kept() == [34 * LLAMA_LAYER]
    assert kept(pipeline_parallel=4) == [layers * LLAMA_LAYER for layers in (9, 10, 9, 4 + 2)]
    assert kept(recompute="full") == [34 * 4096]
    assert kept(recompute="full", recompute_layers=33) == [33 * 4096 + LLAMA_LAYER]
    assert kept(offload="activations") == [0.0]


def test_offloaded_layers_are_told_apart() -> None:
    (stage,) = needs(offload="activations", offload_layers=12).stages
    assert stage.kept == (20 * LLAMA_LAYER, 0.0)
    assert stage.offloaded == (12 * LLAMA_LAYER, 0.0)
    assert stage.heaviest == (LLAMA_LAYER, 0.0)
    (everything,) = needs(offload="activations").stages
    assert everything.kept == (0.0, 0.0)


def test_scores_are_kept_without_fused_attention() -> None:
    (stage,) = needs("megatron-2021", tensor_parallel=2).stages
    assert stage.kept[1] == 32 * 2.5 * 32 / 2
    (again,) = needs("megatron-2021", tensor_parallel=2, recompute="selective").stages
    assert again.kept[1] == 0.0
    assert needs("megatron-2021", recompute="selective").scores_at_work == 2.5 * 32


def test_the_heaviest_layer_is_at_work() -> None:
    model, habits = shapes.MIXTRAL_8X7B, HABITS["megatron"]
    found = layout_needs(model, Layout(data_parallel=1, recompute="full"), "bf16", habits)
    whole = 4 * 4096 + 2 * 8 + 2 * 4096 + 2 * 1024 + 2 * 4096 + 3 * 2 * 14336
    assert found.at_work == whole - 4096 + 2 * 2 * 14336 + 4096


def test_stage_outputs_are_those_of_deepspeed_pipelines() -> None:
    assert needs("megatron-deepspeed", pipeline_parallel=2).stages[0].output == 4096
    assert needs("megatron-deepspeed").stages[0].output == 0.0
    assert needs(pipeline_parallel=2).stages[0].output == 0.0


def test_dualpipe_joins_opposite_stages() -> None:
    layout = Layout(pipeline_parallel=4, data_parallel=1)
    shards = stage_shards(shapes.LLAMA3_8B, layout)
    first, second, third, last = needs(pipeline_parallel=4, schedule="dualpipe").stages
    assert first.shard.total == last.shard.total == pytest.approx(shards[0].total + shards[3].total)
    assert second.shard.total == third.shard.total == pytest.approx(shards[1].total + shards[2].total)


def test_batch_and_state_sharding_share_one_answer() -> None:
    habits = HABITS["megatron"]
    one = layout_needs(shapes.LLAMA3_8B, Layout(data_parallel=8, zero_stage=1), "bf16", habits)
    other = layout_needs(shapes.LLAMA3_8B, Layout(data_parallel=64, zero_stage=3, micro_batch=4), "bf16", habits)
    assert one is other
