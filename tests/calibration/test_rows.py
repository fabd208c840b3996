"""Published rows as inputs: what is printed is taken as it stands, and what is not is filled by a stated rule."""

import math

import pytest

from clustersim.calibration.rows import PublishedStep, RowError, published_step
from tests.calibration.rows_table import ROW, row


def assumed(step: PublishedStep) -> dict[str, str]:
    """What a row assumes, by column, with the value of the first layout."""
    return {
        item.column: str(getattr(step.layouts[0], item.setting)) if item.setting else item.value
        for item in step.assumed
    }


def test_a_fully_printed_row_is_taken_as_it_stands() -> None:
    step = published_step(row(vpp="1"))
    assert step.assumed == ()
    assert step.remarks == ()
    (layout,) = step.layouts
    assert (layout.tensor_parallel, layout.context_parallel, layout.data_parallel, layout.zero_stage) == (1, 2, 32, 1)
    assert (step.model.layers, step.model.n_kv_heads, step.model.vocabulary) == (32, 8, 128256)
    assert step.step_time_s == 3.1
    assert step.tokens == 256 * 8192
    assert step.stack == "megatron"
    assert step.cluster.nodes == 8


def test_a_row_that_does_not_say_its_split_is_held_out() -> None:
    assert published_step(row(split="")).split == "test"
    assert published_step(row(split="fit")).split == "fit"


@pytest.mark.parametrize(
    ("stack", "family"),
    [
        ("nemo-24.11", "megatron"),
        ("megatron-bridge-26.08", "megatron"),
        ("megatron-core-0.8", "megatron"),
        ("megatron-lm-2024", "megatron"),
        ("megatron-2023", "megatron"),
        ("megatron-2022", "megatron-2021"),
        ("Megatron-LM 2021", "megatron-2021"),
        ("megascale-2024", "megatron"),
        ("megatron-deepspeed-2022", "megatron-deepspeed"),
        ("megatron-deepspeed-2023", "megatron-deepspeed-2023"),
        ("gpt-neox-2022", "megatron-deepspeed-2023"),
        ("deepspeed-zero3-2021", "deepspeed-zero3"),
        ("torchtitan-2024", "pytorch"),
        ("meta-llama3-2024", "pytorch"),
        ("hf-2025", "pytorch"),
        ("composer-fsdp-2023", "composer"),
        ("maxtext", "xla"),
        ("paxml-2024", "paxml"),
    ],
)
def test_software_is_known_by_its_longest_beginning_and_year(stack: str, family: str) -> None:
    step = published_step(row(stack=stack))
    assert step.stack == family
    assert not any("stands in" in remark.text for remark in step.remarks)


@pytest.mark.parametrize(
    ("changes", "family"),
    [
        ({"stack": "homegrown"}, "megatron"),
        ({"stack": "other", "zero_stage": "3"}, "pytorch"),
        ({"stack": "", "gpu": "tpu-v5p", "tp": "1"}, "xla"),
    ],
)
def test_unknown_software_has_a_stand_in_that_is_said(changes: dict[str, str], family: str) -> None:
    step = published_step(row(**changes))
    assert step.stack == family
    assert family in step.remarks[0].text
    assert step.remarks[0].sigma == 0.15


@pytest.mark.parametrize(
    ("stack", "year"),
    [("nemo-24.11", 2024 + 10 / 12), ("megatron-bridge-26.01", 2026.0), ("torchtitan-2024", 2024.5), ("other", None)],
)
def test_a_release_tells_its_date(stack: str, year: float | None) -> None:
    assert published_step(row(stack=stack)).released == (None if year is None else pytest.approx(year))


def test_without_a_micro_batch_every_one_that_divides_and_fits_is_possible() -> None:
    step = published_step(row(micro_batch="", global_batch_seqs="128", recompute="full"))
    assert [layout.micro_batch for layout in step.layouts] == [1, 2, 4]
    crowded = published_step(row(micro_batch="", tp="1", gpu="a100-40gb", n_kv_heads="", cp="1", n_gpus="8"))
    assert 8 not in [layout.micro_batch for layout in crowded.layouts]


def test_without_recompute_the_least_that_fits_is_taken() -> None:
    assert published_step(row(recompute="")).layouts[0].recompute == "none"
    maxtext = row(recompute="", stack="maxtext-2024", zero_stage="3", micro_batch="8", cp="1")
    assert published_step(maxtext).layouts[0].recompute == "full"


def test_recipes_of_nemo_and_megatron_bridge_recompute_as_few_layers_as_fit() -> None:
    (layout,) = published_step(row(recompute="", micro_batch="2", cp="1", n_gpus="32")).layouts
    assert layout.recompute == "full"
    assert layout.recompute_layers is not None
    assert 1 <= layout.recompute_layers < 32


def test_on_a_superchip_they_offload_as_few_layers_as_fit_instead() -> None:
    big = {"model": "Llama 3 70B", "n_layers": "80", "hidden": "8192", "n_heads": "64", "ffn_hidden": "28672"}
    machines = {"gpu": "gb200", "gpus_per_node": "72", "fabric": "nvl72+400g", "precision": "fp8"}
    step = published_step(
        row(
            **big,
            **machines,
            recompute="",
            dp="",
            zero_stage="3",
            micro_batch="2",
            cp="1",
            stack="megatron-bridge-26.02",
        )
    )
    (layout,) = step.layouts
    assert (layout.recompute, layout.offload) == ("none", "activations")
    assert layout.offload_layers is not None
    assert 1 <= layout.offload_layers < 80
    assert not step.remarks


def test_megatron_of_2021_recomputes_everything() -> None:
    step = published_step(row(stack="megatron-2021", recompute="", zero_stage="", sequence_parallel=""))
    (layout,) = step.layouts
    assert (layout.recompute, layout.zero_stage, layout.sequence_parallel) == ("full", 0, False)


@pytest.mark.parametrize(("layers", "chunks"), [("32", 2), ("28", 1)])
def test_megatron_core_interleaves_two_chunks_where_they_are_even(layers: str, chunks: int) -> None:
    """Its published table says that messages are overlapped, which it does between chunks only, and not how many."""
    step = published_step(row(stack="megatron-core-0.8", n_layers=layers, pp="4", dp="8", vpp=""))
    assert step.layouts[0].virtual_pipeline == chunks
    assert "between chunks" in next(item.rule for item in step.assumed if item.column == "vpp")


def test_megatron_deepspeed_recomputes_nothing_when_that_fits() -> None:
    step = published_step(row(stack="megatron-deepspeed-2023", recompute="", hidden="1024", n_heads="16", head_dim="64",
                              n_kv_heads="", ffn_hidden="4096", gated="0", vocab="51200", seq_len="1024", cp="",
                              gpu="a100-80gb", fabric="nvlink", n_gpus="8", tp="8", micro_batch="1"))  # fmt: skip
    assert step.layouts[0].recompute == "none"


def test_memory_is_that_of_the_micro_batches_the_step_has() -> None:
    # One micro-batch in flight instead of eight fits without recomputation.
    deep = {"pp": "8", "cp": "1", "n_gpus": "64", "micro_batch": "4", "recompute": "", "stack": "maxtext-2024"}
    one = published_step(row(**deep, zero_stage="1", global_batch_seqs="32"))
    eight = published_step(row(**deep, zero_stage="1", global_batch_seqs="256"))
    assert one.layouts[0].recompute == "none"
    assert eight.layouts[0].recompute != "none"


def test_heads_and_depth_follow_from_the_size_in_the_name() -> None:
    # 12 x 96 x 12,288^2 + 51,200 x 12,288 = 174.6e9: the shape of GPT-3.
    step = published_step(row(model="GPT 174.6B", n_layers="", hidden="", n_heads="", n_kv_heads="", head_dim="",
                              ffn_hidden="", gated="", vocab="", tp="8", pp="8", cp="", n_gpus="64"))  # fmt: skip
    assert (step.model.layers, step.model.hidden, step.model.heads) == (96, 12288, 96)
    assert (step.model.ffn_hidden, step.model.gated, step.model.vocabulary) == (49152, False, 51200)
    assert "n_layers hidden" in assumed(step)


def test_what_notes_derive_fills_empty_cells() -> None:
    step = published_step(row(n_gpus="", dp="", notes="4 x p5; derived: n_gpus=32 gpus_per_node=8; compiled"))
    assert step.layouts[0].gpus == 32


def test_gpus_follow_from_the_degrees() -> None:
    assert published_step(row(n_gpus="")).layouts[0].gpus == 64


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n_gpus": "abc"}, ("n_gpus", "'abc'")),
        ({"n_gpus": "1e999"}, ("n_gpus", "1e999")),
        ({"tp": "0"}, ("tp", "'0'")),
        ({"hidden": "-4096"}, ("hidden", "-4096")),
        ({"micro_batch": "1.5"}, ("micro_batch", "1.5")),
        ({"gpu": "abacus"}, ("gpu", "abacus", "h100-sxm")),
        ({"gpu": ""}, ("gpu", "empty")),
        ({"precision": "int3"}, ("precision", "int3", "bf16")),
        ({"precision": "fp8", "gpu": "a100-80gb"}, ("precision", "a100-80gb", "fp8")),
        ({"recompute": "some"}, ("recompute", "some")),
        ({"zero_stage": "7"}, ("zero_stage", "7")),
        ({"gated": "maybe"}, ("gated", "maybe")),
        ({"n_gpus": "63"}, ("n_gpus", "63", "2")),
        ({"tp": "", "n_gpus": ""}, ("tp", "n_gpus")),
        ({"n_gpus": "", "dp": ""}, ("n_gpus", "dp")),
        ({"n_heads": "33", "head_dim": ""}, ("33",)),
        ({"missing": "n_heads hybrid state-space model"}, ("hybrid",)),
        ({"n_layers": "", "model": "Nameless"}, ("n_layers", "Nameless")),
    ],
)
def test_a_row_that_cannot_be_read_says_which_cell(changes: dict[str, str], words: tuple[str, ...]) -> None:
    with pytest.raises(RowError) as error:
        published_step(row(**changes))
    for word in words:
        assert word in str(error.value)


def test_absent_columns_count_as_empty() -> None:
    kept = (
        "model",
        "n_layers",
        "hidden",
        "n_heads",
        "seq_len",
        "gpu",
        "stack",
        "n_gpus",
        "global_batch_seqs",
        "tp",
        "pp",
    )
    step = published_step({name: ROW[name] for name in kept})
    assert math.isnan(step.step_time_s)
    assert {"precision", "cp", "micro_batch", "recompute", "zero_stage", "vocab", "gpus_per_node"} <= set(assumed(step))


def test_a_batch_that_does_not_divide_is_rounded_up() -> None:
    step = published_step(row(global_batch_seqs="250"))
    assert step.global_batch == 256
    assert step.tokens == 250 * 8192
    assert assumed(step)["global_batch_seqs"] == "256"


def test_a_missing_batch_is_one_micro_batch_a_replica() -> None:
    assert published_step(row(global_batch_seqs="", micro_batch="2")).global_batch == 64
    assert published_step(row(global_batch_seqs="", pp="4", n_gpus="64")).global_batch == 8 * 8 * 4


def test_megatron_without_degrees_takes_the_least_that_fits() -> None:
    # 8B in 16 bits with a sharded optimizer fits on one GPU; 175B needs a node of TP, and stages beyond.
    small = published_step(row(tp="", pp="", cp="", n_gpus="64", seq_len="2048"))
    assert (small.layouts[0].tensor_parallel, small.layouts[0].pipeline_parallel) == (1, 1)
    gpt3 = {"n_layers": "96", "hidden": "12288", "n_heads": "96", "n_kv_heads": "", "ffn_hidden": "49152", "gated": "0"}
    large = published_step(
        row(**gpt3, tp="", pp="", cp="", dp="", n_gpus="1024", seq_len="2048", global_batch_seqs="1536")
    )
    layout = large.layouts[0]
    assert layout.tensor_parallel * layout.pipeline_parallel > 8
    assert assumed(large)["tp pp"] == f"{layout.tensor_parallel} x {layout.pipeline_parallel}"
    assert not large.remarks


def test_fsdp_software_with_more_gpus_than_sequences_splits_them() -> None:
    step = published_step(
        row(stack="maxtext", gpu="tpu-v5p", tp="", pp="", cp="", n_gpus="512", global_batch_seqs="100")
    )
    assert step.layouts[0].tensor_parallel == 8


def test_torchtitan_recomputes_selectively_at_least() -> None:
    step = published_step(row(stack="torchtitan-2024", zero_stage="3", recompute="", cp=""))
    assert step.layouts[0].recompute == "selective"


DEEPSEEK = {
    "n_layers": "61", "hidden": "7168", "n_heads": "128", "n_kv_heads": "128", "head_dim": "", "ffn_hidden": "18432",
    "vocab": "129280", "attention": "mla", "n_experts": "256", "experts_per_token": "8", "expert_ffn": "2048",
    "n_shared_experts": "1", "n_dense_layers": "3", "ep": "32", "pp": "4", "cp": "1", "n_gpus": "256", "dp": "64",
}  # fmt: skip


def recipe(**changes: str) -> tuple[object, ...]:
    """Everything that a recipe decides of a row of DeepSeek-V3."""
    machines = {"model": "DeepSeekV3", "gpu": "gb200", "gpus_per_node": "72", "fabric": "nvl72+400g"}
    software = {"stack": "megatron-bridge-26.06", "precision": "mxfp8", "recompute": ""}
    step = published_step(row(**{**DEEPSEEK, **machines, **software, **changes}))
    layout = step.layouts[0]
    return step.options, layout.recompute, layout.gradient_precision, step.model.prediction_layers, step.stack


@pytest.mark.parametrize(
    "changes",
    [
        {"stack": "Megatron Bridge 26.06"},
        {"stack": "Megatron-Bridge_26.6"},
        {"stack": "NVIDIA Megatron-Bridge 26.06"},
        {"stack": "megatron-bridge", "notes": "NeMo container 26.06"},
        {"model": "DeepSeek-V3"},
        {"model": "deepseek-ai/DeepSeek-V3"},
        {"model": "DeepSeek-V3-Base"},
        {"gpu": "GB200"},
        {"gpu": "NVIDIA GB200"},
        {"attention": "MLA"},
        {"attention": ""},
    ],
)
def test_a_recipe_does_not_depend_on_spelling(changes: dict[str, str]) -> None:
    assert recipe(**changes) == recipe()
    assert "fused_experts" in recipe()[0]


@pytest.mark.parametrize("gpu", ["H100", "NVIDIA H100 SXM", "h100-sxm", "H100 SXM5"])
def test_hopper_in_any_spelling_has_the_recipe_of_hopper(gpu: str) -> None:
    hopper = {"gpu": gpu, "gpus_per_node": "8", "fabric": "8x400g", "precision": "fp8"}
    assert recipe(**hopper)[0] == ("flex", "overlap", "modules")


def test_releases_are_compared_as_dates() -> None:
    b200 = {"gpu": "b200", "gpus_per_node": "8", "fabric": "8x400g"}
    assert "graphs" not in recipe(**b200, stack="megatron-bridge-26.4")[0]
    assert "graphs" in recipe(**b200, stack="megatron-bridge-26.04.01")[0]
    assert "graphs" in recipe(**b200, stack="megatron-bridge-26.10")[0]


def test_without_a_release_the_recipe_is_generic_and_said() -> None:
    assert recipe(stack="megatron-bridge")[0] == ()
    machines = {"gpu": "b200", "precision": "bf16"}
    step = published_step(row(**machines, stack="Megatron Bridge 0.2.0"))
    assert any("release of Megatron Bridge is not said" in remark.text for remark in step.remarks)


def test_a_model_known_by_name_alone_has_the_recipe_of_its_shape() -> None:
    named = {**dict.fromkeys(DEEPSEEK, ""), "pp": "4", "ep": "32", "cp": "1", "n_gpus": "256"}
    assert recipe(**named, model="DeepSeek-V3") == recipe()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ep": "7", "n_experts": "8", "expert_ffn": "768"}, "7"),
        ({"vpp": "5"}, "column vpp: '5' without pipeline stages is left out"),
        ({"dp": "3"}, "column dp: 3 contradicts n_gpus / (tp x cp x pp) = 32"),
        ({"dp": "foo"}, "column dp: 'foo' is not a whole number"),
        ({"dp": "-1"}, "column dp: '-1' is not a whole number"),
    ],
)
def test_what_a_layout_contradicts_is_a_remark(changes: dict[str, str], words: str) -> None:
    step = published_step(row(**changes))
    assert any(words in remark.text for remark in step.remarks)
    assert all(remark.sigma == 0.0 for remark in step.remarks)


@pytest.mark.parametrize("column", ["step_time_s", "tokens_per_s_per_gpu"])
def test_a_published_time_that_cannot_be_read_keeps_nobody_from_predicting(column: str) -> None:
    step = published_step(row(step_time_s="") | {column: "fast"})
    assert math.isnan(step.step_time_s)
    assert [item.value for item in step.assumed if "unreadable" in item.rule] == [
        f"column {column}: 'fast' is not a number above 0"
    ]


def test_the_split_is_read_whatever_its_case() -> None:
    assert published_step(row(split=" FIT ")).split == "fit"
    assert published_step(row(split="train")).split == "test"
