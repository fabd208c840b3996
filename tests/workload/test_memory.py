"""Memory per GPU against ZeRO, Korthikanti et al. and runs that are known to have fitted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.schema.hardware import Accelerator
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.workload.habits import HABITS
from clustersim.workload.memory import COMMUNICATOR_BYTES, CONTEXT_BYTES, MemoryPerGpu, memory_per_gpu, state_bytes
from clustersim.workload.parameters import count_parameters
from tests.workload import model_shapes as shapes

ALL_MODELS = [value for name, value in vars(shapes).items() if isinstance(value, Model)]
EVEN_MODELS = [shapes.GPT3_MEGATRON, shapes.LLAMA3_8B, shapes.LLAMA3_70B, shapes.MIXTRAL_8X7B, shapes.MPT_7B]

MEGATRON_BRIDGE_OFFLOADS = [
    ("gb300", "bf16", 2, 30),
    ("gb300", "fp8", 2, 20),
    ("gb200", "bf16", 1, 20),
    ("gb200", "fp8", 2, 40),
    ("b200", "fp8", 1, 5),
]
"""NVIDIA-NeMo/Megatron-Bridge, scripts/performance, Llama 3 70B presets (2025): ``cpu_offloading_num_layers``."""


def test_state_of_mixed_precision_is_sixteen_or_eighteen_bytes() -> None:
    # ZeRO (arXiv 1910.02054), sec. 3.1: 2 + 2 + 12; Megatron Core user guide: 18 with fp32 gradients; 16 in fp32.
    totals = {}
    for precision in ("fp16", "bf16", "fp8", "fp32"):
        state = state_bytes(precision)
        totals[precision] = state.weights + state.gradients + state.optimizer
    assert totals == {"fp16": 16.0, "bf16": 18.0, "fp8": 18.0, "fp32": 16.0}


def test_state_of_deepspeed_is_that_of_the_bigscience_runs() -> None:
    # Chronicles (2022): fp32 sums take "4bytes x params", unsharded; they are cast whole to be reduced.
    bf16 = state_bytes("bf16", HABITS["megatron-deepspeed"])
    assert (bf16.weights, bf16.gradients, bf16.optimizer) == (2.0, 8.0, 12.0)
    fp16 = state_bytes("fp16", HABITS["megatron-deepspeed"])
    assert (fp16.weights, fp16.gradients, fp16.optimizer) == (2.0, 2.0, 18.0)


def test_gradients_in_16_bits_halve_their_buffers() -> None:
    layout = Layout(data_parallel=8)
    fp32 = memory_per_gpu(shapes.LLAMA3_8B, layout, 8192, "bf16")
    bf16 = memory_per_gpu(shapes.LLAMA3_8B, layout.model_copy(update={"gradient_precision": "bf16"}), 8192, "bf16")
    assert fp32.gradients_bytes == 4 * 8_030_261_248
    assert bf16.gradients_bytes == 2 * 8_030_261_248
    assert state_bytes("fp16", None, "fp32").gradients == 4.0


@pytest.mark.parametrize(("zero_stage", "published_gb"), [(0, 120.0), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_zero_figure_1(zero_stage: Any, published_gb: float) -> None:
    # Rajbhandari et al. (2020), Figure 1: 7.5B parameters on 64 GPUs, 16 bytes each.
    model = shapes.gpt2(layers=36, hidden=4096, heads=32, vocabulary=50304)
    scale = 7.5e9 / count_parameters(model).total
    layout = Layout(data_parallel=64, zero_stage=zero_stage)
    memory = memory_per_gpu(model, layout, 1024, "fp16", software="megatron")
    state = memory.weights_bytes + memory.gradients_bytes + memory.optimizer_bytes
    embedding, layer = (model.vocabulary + 1024) * 4096, 12 * 4096**2 + 13 * 4096
    # The paper leaves out what is whole for the moment: a unit of gradients, and of weights two.
    whole = {0: 0, 1: 0, 2: 2 * embedding, 3: 2 * embedding + 2 * (embedding + layer)}[zero_stage]
    assert (state - whole) * scale / 1e9 == pytest.approx(published_gb, rel=0.02)


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


def test_gpt3_without_fused_attention_is_korthikanti_eq_5() -> None:
    # "s b h L (34 + 5 a s / h) / t" bytes on the first stage with the sequence split, times what interleaving adds.
    layout = Layout(tensor_parallel=8, pipeline_parallel=8, virtual_pipeline=3, data_parallel=1)
    memory = memory_per_gpu(shapes.GPT3_MEGATRON, layout, 2048, "fp16", software="megatron-2021")
    layer = 34 + 5 * 96 * 2048 / 12288
    assert memory.activations_bytes == pytest.approx(layer * 2048 * 12288 * 96 / 8 * (24 + 7) / 24)
    fused = memory_per_gpu(shapes.GPT3_MEGATRON, layout, 2048, "fp16", software="megatron-2021", fused_attention=True)
    assert fused.activations_bytes == pytest.approx(32 / layer * memory.activations_bytes)


def test_full_recompute_keeps_inputs_and_one_layer_at_work() -> None:
    layout = Layout(tensor_parallel=8, data_parallel=1, recompute="full")
    memory = memory_per_gpu(shapes.GPT3_MEGATRON, layout, 2048, "fp16")
    head = 2 * 2 * 12288 / 8
    assert memory.activations_bytes == pytest.approx(2048 * (2 * 12288 / 8 * 96 + head))
    at_work = 2048 * 12288 / 8 * 2 * (15 + 8 + 1)
    assert memory.logits_bytes + memory.workspace_bytes == pytest.approx(max(at_work, memory.logits_bytes))


@pytest.mark.parametrize(("layers", "kept"), [(1, 1), (5, 5), (24, 24), (None, 96)])
def test_recompute_layers_are_the_first_of_each_stage(layers: int | None, kept: int) -> None:
    layout = Layout(tensor_parallel=8, data_parallel=1, recompute="full", recompute_layers=layers)
    memory = memory_per_gpu(shapes.GPT3_MEGATRON, layout, 2048, "fp16")
    per_token = (kept + 16 * (96 - kept) + 2) * 12288 / 8
    assert memory.activations_bytes == pytest.approx(2 * 2048 * per_token)


def test_offloaded_optimizer_leaves_weights_and_passing_gradients() -> None:
    layout = Layout(data_parallel=8, zero_stage=2)
    here = memory_per_gpu(shapes.LLAMA3_8B, layout, 8192, "bf16")
    there = memory_per_gpu(shapes.LLAMA3_8B, layout.model_copy(update={"offload": "optimizer"}), 8192, "bf16")
    assert there.optimizer_bytes == 0.0
    assert here.gradients_bytes - there.gradients_bytes == pytest.approx(4 * 8_030_261_248 / 8)
    assert there.weights_bytes == here.weights_bytes


def test_offloaded_activations_leave_two_layers() -> None:
    layout = Layout(data_parallel=8, offload="activations")
    memory = memory_per_gpu(shapes.LLAMA3_8B, layout, 8192, "bf16")
    layer = 6 * 4096 + 2 * 1024 + 3 * 14336
    assert memory.activations_bytes == 2 * 8192 * (2 * layer + 2 * 4096)


@pytest.mark.parametrize(("accelerator", "precision", "micro_batch", "layers"), MEGATRON_BRIDGE_OFFLOADS)
def test_llama3_70b_fits_with_the_layers_that_its_recipe_offloads(
    accelerator: str, precision: Any, micro_batch: int, layers: int
) -> None:
    # Megatron-Bridge performance recipes (2025): Megatron-FSDP on 64 GPUs, gradients reduced in bf16.
    layout = Layout(
        data_parallel=64,
        zero_stage=3,
        micro_batch=micro_batch,
        offload="activations",
        offload_layers=layers,
        gradient_precision="bf16",
    )

    def share(layout: Layout) -> float:
        memory = memory_per_gpu(shapes.LLAMA3_70B, layout, 8192, precision, software="megatron")
        return memory.total_bytes / Accelerator.model_validate(accelerator).memory

    assert 0.8 < share(layout) < 1.05
    assert share(layout.model_copy(update={"offload": "none", "offload_layers": None})) > 0.97


def test_offload_layers_are_the_first_of_each_stage() -> None:
    def kept(**settings: Any) -> float:
        layout = Layout(pipeline_parallel=2, data_parallel=1, micro_batch=2, **settings)
        memory = memory_per_gpu(shapes.LLAMA3_8B, layout, 8192, "bf16", 8, software="megatron")
        return memory.activations_bytes / (2 * 2 * 8192)

    layer = 6 * 4096 + 2 * 1024 + 3 * 14336
    # Two micro-batches in flight on the first stage of 16 layers; two offloaded layers stay while they move.
    assert kept() == 2 * 16 * layer
    assert kept(offload="activations", offload_layers=6) == (2 * 10 + 2) * layer


def test_loss_decides_the_bytes_of_a_logit() -> None:
    def logits(**settings: Any) -> float:
        return memory_per_gpu(shapes.LLAMA3_8B, Layout(data_parallel=1, **settings), 8192, "bf16").logits_bytes

    assert logits() == 6 * 8192 * 128256
    assert logits(loss="unfused") == 14 * 8192 * 128256
    assert logits(loss="unfused", tensor_parallel=8) == 22 * 8192 * 128256 / 8
    # A chunk is no larger than the hidden states.
    assert logits(loss="chunked") == 6 * 8192 * 4096


def test_dualpipe_holds_two_copies_of_the_weights() -> None:
    layout = Layout(pipeline_parallel=16, data_parallel=8, expert_parallel=8, recompute="full")
    one = memory_per_gpu(shapes.DEEPSEEK_V3, layout, 4096, "bf16")
    both = memory_per_gpu(shapes.DEEPSEEK_V3, layout.model_copy(update={"schedule": "dualpipe"}), 4096, "bf16")
    # Each stage and the one opposite: the same for both directions, hence between one and two of the largest.
    assert 1.5 * one.weights_bytes < both.weights_bytes <= 2 * one.weights_bytes


def test_deepspeed_keeps_the_output_of_each_micro_batch_in_flight() -> None:
    layout = Layout(pipeline_parallel=8, data_parallel=1, recompute="full")
    megatron = memory_per_gpu(shapes.GPT3_MEGATRON, layout, 2048, "fp16", software="megatron-2021")
    deepspeed = memory_per_gpu(shapes.GPT3_MEGATRON, layout, 2048, "fp16", software="megatron-deepspeed")
    assert deepspeed.activations_bytes - megatron.activations_bytes == 8 * 2048 * 12288 * 2


def test_deepspeed_gathers_matrices_and_keeps_a_shard() -> None:
    layout = Layout(data_parallel=8, zero_stage=3)
    memory = memory_per_gpu(shapes.LLAMA3_8B, layout, 8192, "bf16", software="deepspeed-zero3")
    # The largest unit is the head and its norm.
    assert memory.weights_bytes == pytest.approx(2 * (8_030_261_248 / 8 + 1e9 + (128256 * 4096 + 4096) / 3))


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
    assert 60e9 < memory.total_bytes < 80 * 2**30


def test_llama3_405b_on_8192_gpus_is_at_the_edge_of_80_gib() -> None:
    # Table 4: 32 micro-batches fill the schedule. The number of virtual stages is not printed; 8 is assumed, and the
    # paper's schedule can hold fewer micro-batches in flight than the interleaved one counted here.
    layout = Layout(tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=8, zero_stage=2, data_parallel=64)
    memory = memory_per_gpu(shapes.LLAMA3_405B, layout, 8192, "bf16", micro_batches=32)
    assert memory.total_bytes == pytest.approx(80 * 2**30, rel=0.02)


def test_llama3_405b_needs_its_gradients_sharded() -> None:
    layout = Layout(tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=8, zero_stage=1, data_parallel=128)
    assert memory_per_gpu(shapes.LLAMA3_405B, layout, 8192, "bf16", micro_batches=16).total_bytes > 80 * 2**30


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
    software=st.sampled_from(["megatron", "pytorch", "composer", "xla", "megatron-2021"]),
)
def test_more_sharding_never_needs_more(
    model: Model, tensor: int, stages: int, data: int, zero: int, recompute: Any, precision: Any, software: Any
) -> None:
    settings: dict[str, Any] = {
        "tensor_parallel": tensor,
        "pipeline_parallel": stages,
        "data_parallel": data,
        "zero_stage": zero,
        "recompute": recompute,
    }

    def total(**changed: Any) -> float:
        # More groups bring more communicators: those are left out.
        layout = Layout(**(settings | changed))
        return memory_per_gpu(model, layout, 2048, precision, software=software).allocated_bytes

    now = total() * (1 + 1e-12)
    assert total(tensor_parallel=2 * tensor) <= now
    assert total(context_parallel=2) <= now
    assert total(pipeline_parallel=2 * stages) <= now
    assert total(zero_stage=zero + 1) <= now
    assert total(data_parallel=2 * data) <= now


def _settings(**settings: Any) -> dict[str, Any]:
    return settings | ({"recompute_layers": None} if settings["recompute"] == "none" else {})


layouts = st.builds(
    _settings,
    tensor_parallel=st.sampled_from([1, 2, 4, 8]),
    pipeline_parallel=st.sampled_from([1, 2, 4]),
    data_parallel=st.sampled_from([1, 4, 16]),
    zero_stage=st.sampled_from([0, 1, 2, 3]),
    recompute=st.sampled_from(["none", "selective", "full"]),
    recompute_layers=st.sampled_from([None, 1, 3]),
    offload=st.sampled_from(["none", "optimizer", "activations"]),
    loss=st.sampled_from(["fused", "unfused", "chunked"]),
    sequence_parallel=st.booleans(),
)
softwares = st.sampled_from([None, *HABITS])


@given(
    model=st.sampled_from(EVEN_MODELS),
    settings=layouts,
    precision=st.sampled_from(["bf16", "fp16", "fp8"]),
    software=softwares,
    micro_batch=st.sampled_from([1, 2, 4]),
)
def test_what_saves_memory_never_costs_any(
    model: Model, settings: dict[str, Any], precision: Any, software: Any, micro_batch: int
) -> None:
    def total(**changed: Any) -> float:
        layout = Layout(**({"micro_batch": micro_batch} | settings | changed))
        return memory_per_gpu(model, layout, 2048, precision, software=software).total_bytes

    now = total() * (1 + 1e-12)
    assert total(micro_batch=2 * micro_batch) * (1 + 1e-12) >= total()
    assert total(sequence_parallel=True) <= now
    assert total(offload="optimizer" if settings["offload"] == "none" else settings["offload"]) <= now
    assert total(loss="chunked") <= now
    if settings["recompute"] != "none" and settings["offload"] != "activations":
        assert total(recompute="full") <= now
        assert total(recompute_layers=None) <= now


@given(model=st.sampled_from(EVEN_MODELS), settings=layouts, software=softwares)
def test_unfused_attention_never_keeps_less(model: Model, settings: dict[str, Any], software: Any) -> None:
    layout = Layout(**settings)

    def memory(fused: bool) -> MemoryPerGpu:
        return memory_per_gpu(model, layout, 2048, "bf16", software=software, fused_attention=fused)

    assert memory(True).total_bytes <= memory(False).total_bytes * (1 + 1e-12)


@given(model=st.sampled_from(ALL_MODELS), sequence_length=st.integers(1, 1 << 17), software=softwares)
def test_total_is_the_sum_of_the_kinds(model: Model, sequence_length: int, software: Any) -> None:
    memory = memory_per_gpu(model, Layout(data_parallel=8), sequence_length, "bf16", software=software)
    kinds = memory.as_dict()
    assert list(kinds) == ["weights", "gradients", "optimizer", "activations", "logits", "workspace", "overhead"]
    assert min(kinds.values()) >= 0.0
    assert sum(kinds.values()) == pytest.approx(memory.total_bytes)
    assert memory.total_bytes - memory.allocated_bytes == pytest.approx(CONTEXT_BYTES + COMMUNICATOR_BYTES)


def test_each_kind_of_group_brings_its_communicator() -> None:
    def overhead(**settings: Any) -> float:
        return memory_per_gpu(shapes.LLAMA3_8B, Layout(**settings), 8192, "bf16").overhead_bytes

    assert overhead(data_parallel=1) == CONTEXT_BYTES
    assert overhead(data_parallel=4, tensor_parallel=2, pipeline_parallel=2) == CONTEXT_BYTES + 3 * COMMUNICATOR_BYTES


def test_the_fullest_stage_counts() -> None:
    # With logits of 14 bytes the last stage is the fullest, with few the first.
    layout = Layout(pipeline_parallel=2, data_parallel=1, recompute="full", loss="unfused", micro_batch=4)
    last = memory_per_gpu(shapes.LLAMA3_8B, layout, 8192, "bf16")
    first = memory_per_gpu(shapes.LLAMA3_8B, layout.model_copy(update={"loss": "chunked"}), 8192, "bf16")
    assert last.logits_bytes == 14 * 4 * 8192 * 128256
    assert first.logits_bytes == 0.0
    assert first.workspace_bytes > 0.0
