"""Memory per GPU against ZeRO, Korthikanti et al. and runs that are known to have fitted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.workload.memory import OVERHEAD_BYTES, memory_per_gpu, state_bytes
from clustersim.workload.parameters import count_parameters
from tests.workload import model_shapes as shapes

ALL_MODELS = [value for name, value in vars(shapes).items() if isinstance(value, Model)]
EVEN_MODELS = [shapes.GPT3_MEGATRON, shapes.LLAMA3_8B, shapes.LLAMA3_70B, shapes.MIXTRAL_8X7B, shapes.MPT_7B]


def test_state_of_mixed_precision_is_sixteen_or_eighteen_bytes() -> None:
    # ZeRO (arXiv 1910.02054), sec. 3.1: 2 + 2 + 12; Megatron Core user guide: 18 with fp32 gradients; 16 in fp32.
    totals = {}
    for precision in ("fp16", "bf16", "fp8", "fp32"):
        state = state_bytes(precision)
        totals[precision] = state.weights + state.gradients + state.optimizer
    assert totals == {"fp16": 16.0, "bf16": 18.0, "fp8": 18.0, "fp32": 16.0}


@pytest.mark.parametrize(("zero_stage", "published_gb"), [(0, 120.0), (1, 31.4), (2, 16.6)])
def test_zero_figure_1(zero_stage: Any, published_gb: float) -> None:
    # Rajbhandari et al. (2020), Figure 1: 7.5B parameters on 64 GPUs, 16 bytes each.
    model = shapes.gpt2(layers=36, hidden=4096, heads=32, vocabulary=50304)
    scale = 7.5e9 / count_parameters(model).total
    layout = Layout(data_parallel=64, zero_stage=zero_stage)
    memory = memory_per_gpu(model, layout, 1024, "fp16")
    state = memory.weights_bytes + memory.gradients_bytes + memory.optimizer_bytes
    unit = max(12 * 4096**2, model.vocabulary * 4096) if zero_stage == 2 else 0
    assert (state - 2 * unit) * scale / 1e9 == pytest.approx(published_gb, rel=0.01)


def test_distributed_optimizer_is_six_plus_twelve_over_d_bytes() -> None:
    memory = memory_per_gpu(shapes.LLAMA3_8B, Layout(data_parallel=16), 8192, "bf16")
    state = memory.weights_bytes + memory.gradients_bytes + memory.optimizer_bytes
    assert state == pytest.approx((6 + 12 / 16) * 8_030_261_248)


def test_fsdp_holds_two_units_whole() -> None:
    memory = memory_per_gpu(shapes.LLAMA3_8B, Layout(data_parallel=8, zero_stage=3), 8192, "bf16")
    table = 128256 * 4096
    # The largest units are the head with its norm and the embedding.
    assert memory.weights_bytes == 2 * (2 * table + 4096)
    assert memory.gradients_bytes == pytest.approx(4 * (8_030_261_248 / 8 + table + 4096))
    assert memory.optimizer_bytes == 12 * 8_030_261_248 / 8


def test_fsdp_in_fp32_also_keeps_its_shard_of_the_weights() -> None:
    memory = memory_per_gpu(shapes.LLAMA3_8B, Layout(data_parallel=8, zero_stage=3), 8192, "fp32")
    table = 128256 * 4096
    assert memory.weights_bytes == pytest.approx(4 * (8_030_261_248 / 8 + 2 * table + 4096))
    assert memory.optimizer_bytes == 8 * 8_030_261_248 / 8


def test_experts_are_sharded_over_fewer_replicas() -> None:
    layout = Layout(data_parallel=8, expert_parallel=4, zero_stage=1)
    memory = memory_per_gpu(shapes.MIXTRAL_8X7B, layout, 4096, "bf16")
    experts = 32 * 8 * 3 * 4096 * 14336
    dense = 46_702_792_704 - experts
    assert memory.weights_bytes == 2 * (dense + experts / 4)
    assert memory.optimizer_bytes == 12 * (dense / 8 + experts / 4 / 2)


def test_gpt3_activations_are_korthikanti_table_2_without_dropout() -> None:
    # s = 2048, b = 1, t = 8, p = 8, v = 3, L = 96: s b h L / t (34 - 2) (1 + 7 / 24) bytes on the first stage.
    layout = Layout(tensor_parallel=8, pipeline_parallel=8, virtual_pipeline=3, data_parallel=1)
    memory = memory_per_gpu(shapes.GPT3_MEGATRON, layout, 2048, "fp16")
    assert memory.activations_bytes == pytest.approx(32 * 2048 * 12288 * 96 / 8 / 8 * (24 + 7) / 24 * 8)


def test_full_recompute_adds_one_layer_at_work() -> None:
    layout = Layout(tensor_parallel=8, data_parallel=1, recompute="full")
    memory = memory_per_gpu(shapes.GPT3_MEGATRON, layout, 2048, "fp16")
    per_token = 12288 / 8 * (2 * 96 + 32 - 2)
    assert memory.activations_bytes == pytest.approx(2048 * per_token)


def test_logits_are_on_the_last_stage_only() -> None:
    one = memory_per_gpu(shapes.LLAMA3_8B, Layout(data_parallel=1), 8192, "bf16")
    assert one.logits_bytes == 6 * 8192 * 128256
    many = memory_per_gpu(shapes.LLAMA3_8B, Layout(pipeline_parallel=16, data_parallel=1), 8192, "bf16")
    assert many.logits_bytes == 0
    assert memory_per_gpu(shapes.LLAMA3_8B, Layout(data_parallel=1), 8192, "fp32").logits_bytes == 8 * 8192 * 128256


def test_fp32_doubles_activations() -> None:
    bf16 = memory_per_gpu(shapes.LLAMA3_8B, Layout(data_parallel=1), 8192, "bf16")
    fp32 = memory_per_gpu(shapes.LLAMA3_8B, Layout(data_parallel=1), 8192, "fp32")
    assert fp32.activations_bytes == 2 * bf16.activations_bytes


@pytest.mark.parametrize(
    ("sequence_length", "layout"),
    [(8192, {"data_parallel": 128}), (131072, {"data_parallel": 8, "context_parallel": 16})],
)
def test_llama3_405b_fits_on_16384_gpus_as_it_was_run(sequence_length: int, layout: dict[str, Any]) -> None:
    # arXiv 2407.21783, Table 4 and sec. 3.3.2: 16 micro-batches, gradients sharded, no recomputation, 80 GB.
    llama3 = Layout(tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=8, zero_stage=2, **layout)
    memory = memory_per_gpu(shapes.LLAMA3_405B, llama3, sequence_length, "bf16", micro_batches=16)
    assert 60e9 < memory.total_bytes < 80e9


def test_llama3_405b_on_8192_gpus_is_at_the_edge_of_80_gib() -> None:
    # Table 4: 32 micro-batches fill the schedule. The number of virtual stages is not printed; 8 is assumed, and the
    # paper's schedule can hold fewer micro-batches in flight than the interleaved one counted here.
    layout = Layout(tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=8, zero_stage=2, data_parallel=64)
    memory = memory_per_gpu(shapes.LLAMA3_405B, layout, 8192, "bf16", micro_batches=32)
    assert memory.total_bytes == pytest.approx(80 * 2**30, rel=0.02)


def test_llama3_405b_needs_its_gradients_sharded() -> None:
    layout = Layout(tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=8, zero_stage=1, data_parallel=128)
    assert memory_per_gpu(shapes.LLAMA3_405B, layout, 8192, "bf16", micro_batches=16).total_bytes > 80e9


@pytest.mark.parametrize(
    ("model", "layout", "capacity"),
    [
        # BLOOM (arXiv 2211.05100): 384 A100 80 GB, full recomputation, no sequence parallelism.
        (
            shapes.BLOOM_176B,
            {
                "tensor_parallel": 4,
                "pipeline_parallel": 12,
                "data_parallel": 8,
                "micro_batch": 2,
                "recompute": "full",
                "sequence_parallel": False,
            },
            80e9,
        ),
        # Korthikanti et al. (2022), Table 5: GPT-3 on 64 A100 80 GB, selective recomputation.
        (
            shapes.GPT3_MEGATRON,
            {
                "tensor_parallel": 8,
                "pipeline_parallel": 8,
                "virtual_pipeline": 3,
                "data_parallel": 1,
                "recompute": "selective",
            },
            80e9,
        ),
        # MosaicML llm-foundry (2023): MPT-7B on 8 A100 40 GB, FSDP with full recomputation.
        (shapes.MPT_7B, {"data_parallel": 8, "zero_stage": 3, "micro_batch": 4, "recompute": "full"}, 40e9),
    ],
)
def test_published_runs_fit(model: Model, layout: dict[str, Any], capacity: float) -> None:
    assert memory_per_gpu(model, Layout(**layout), 2048, "fp16").total_bytes < capacity


def test_gpt3_does_not_fit_one_node() -> None:
    layout = Layout(tensor_parallel=8, data_parallel=1)
    assert memory_per_gpu(shapes.GPT3_MEGATRON, layout, 2048, "bf16").total_bytes > 80e9


@given(
    model=st.sampled_from(EVEN_MODELS),
    tensor=st.sampled_from([1, 2, 4]),
    stages=st.sampled_from([1, 2, 4, 8]),
    data=st.sampled_from([1, 2, 8]),
    zero=st.sampled_from([0, 1, 2]),
    recompute=st.sampled_from(["none", "selective", "full"]),
    precision=st.sampled_from(["fp32", "fp16", "bf16", "fp8"]),
)
def test_more_sharding_never_needs_more(
    model: Model, tensor: int, stages: int, data: int, zero: int, recompute: Any, precision: Any
) -> None:
    settings: dict[str, Any] = {
        "tensor_parallel": tensor,
        "pipeline_parallel": stages,
        "data_parallel": data,
        "zero_stage": zero,
        "recompute": recompute,
    }

    def total(**changed: Any) -> float:
        return memory_per_gpu(model, Layout(**(settings | changed)), 2048, precision).total_bytes

    now = total() * (1 + 1e-12)
    assert total(tensor_parallel=2 * tensor) <= now
    assert total(context_parallel=2) <= now
    assert total(pipeline_parallel=2 * stages) <= now
    assert total(zero_stage=zero + 1) <= now
    assert total(data_parallel=2 * data) <= now


@given(model=st.sampled_from(ALL_MODELS), sequence_length=st.integers(1, 1 << 17))
def test_total_is_the_sum_of_the_kinds(model: Model, sequence_length: int) -> None:
    memory = memory_per_gpu(model, Layout(data_parallel=8), sequence_length, "bf16")
    kinds = memory.as_dict()
    assert list(kinds) == ["weights", "gradients", "optimizer", "activations", "logits", "overhead"]
    assert sum(kinds.values()) == pytest.approx(memory.total_bytes)
    assert memory.total_bytes - memory.allocated_bytes == pytest.approx(OVERHEAD_BYTES)
