"""Parameters on the GPUs of each stage."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.workload.parameters import count_parameters
from clustersim.workload.shards import stage_shards
from tests.workload import model_shapes as shapes

ALL_MODELS = [value for name, value in vars(shapes).items() if isinstance(value, Model)]


@pytest.mark.parametrize("model", ALL_MODELS)
def test_one_gpu_keeps_the_whole_model(model: Model) -> None:
    (shard,) = stage_shards(model, Layout(data_parallel=1))
    assert shard.total == pytest.approx(count_parameters(model).total, rel=1e-12)
    assert shard.total == shard.dense + shard.expert


@given(model=st.sampled_from(ALL_MODELS), stages=st.integers(1, 12), virtual=st.integers(1, 2))
def test_stages_sum_to_the_model_and_a_second_copy_of_a_shared_embedding(
    model: Model, stages: int, virtual: int
) -> None:
    if stages * virtual > model.layers:
        return
    layout = Layout(pipeline_parallel=stages, virtual_pipeline=virtual, data_parallel=1)
    copies = model.vocabulary * model.hidden if model.tied_embeddings and stages > 1 else 0
    total = sum(shard.total for shard in stage_shards(model, layout))
    assert total == pytest.approx(count_parameters(model).total + copies, rel=1e-12)


def test_tensor_parallel_copies_what_it_does_not_split() -> None:
    # Eight key-value heads on 16 GPUs: each head twice. Norms are whole.
    (whole,) = stage_shards(shapes.LLAMA3_8B, Layout(data_parallel=1))
    (shard,) = stage_shards(shapes.LLAMA3_8B, Layout(tensor_parallel=16, data_parallel=1))
    norms = (2 * 32 + 1) * 4096
    keys_values = 32 * 2 * 1024 * 4096
    assert shard.total == pytest.approx((whole.total - norms - keys_values) / 16 + norms + keys_values / 8, rel=1e-12)


def test_experts_split_over_expert_and_tensor_parallel() -> None:
    layout = Layout(tensor_parallel=2, data_parallel=4, expert_parallel=4)
    (shard,) = stage_shards(shapes.MIXTRAL_8X7B, layout)
    assert shard.expert == 32 * 8 * 3 * 4096 * 14336 / 8


def test_shared_experts_are_dense() -> None:
    (shard,) = stage_shards(shapes.DEEPSEEK_V3, Layout(data_parallel=64, expert_parallel=64))
    assert shard.expert == 58 * 4 * 3 * 7168 * 2048


def test_embedding_is_on_the_first_and_head_on_the_last_stage() -> None:
    shards = stage_shards(shapes.LLAMA3_8B, Layout(pipeline_parallel=4, data_parallel=1))
    table = 128256 * 4096
    assert shards[0].total - shards[1].total == table
    assert shards[3].total - shards[1].total == table + 4096
    assert [len(shard.units) for shard in shards] == [9, 8, 8, 9]


@given(model=st.sampled_from(ALL_MODELS), data_parallel=st.integers(1, 64), zero_stage=st.sampled_from([0, 1, 2, 3]))
def test_replicas_and_zero_do_not_change_the_model(model: Model, data_parallel: int, zero_stage: Any) -> None:
    layout = Layout(data_parallel=data_parallel, zero_stage=zero_stage, recompute="full", micro_batch=3)
    assert stage_shards(model, layout) == stage_shards(model, Layout(data_parallel=1))
