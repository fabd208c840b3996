"""Layouts in words and in YAML."""

import yaml

from clustersim.scenario.schema.training import Layout
from clustersim.study.layouts.candidate import layout_words, layout_yaml

FULL = Layout(
    tensor_parallel=4,
    context_parallel=2,
    pipeline_parallel=8,
    data_parallel=16,
    expert_parallel=8,
    zero_stage=0,
    micro_batch=2,
    recompute="full",
    recompute_layers=3,
    schedule="zero-bubble",
    sequence_parallel=False,
    rank_order="tp-cp-pp-dp",
)


def test_words_say_what_the_search_chose() -> None:
    assert layout_words(FULL) == (
        "TP4 CP2 PP8 VPP1 DP16 EP8 ZeRO0 mb2 recompute full of 3 layers zero-bubble SP off tp-cp-pp-dp"
    )
    plain = Layout(tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=8, data_parallel=128)
    assert layout_words(plain) == "TP8 CP1 PP16 VPP8 DP128 ZeRO1 mb1 recompute none"
    assert layout_words(FULL.model_copy(update={"recompute_layers": 1})).count("full of 1 layer zero") == 1


def test_sequence_parallelism_means_nothing_without_tensor_parallelism() -> None:
    assert "SP" not in layout_words(Layout(data_parallel=8, sequence_parallel=False))


def test_yaml_reads_back_as_the_same_layout() -> None:
    for layout in (FULL, Layout(data_parallel=3)):
        assert Layout.model_validate(yaml.safe_load(layout_yaml(layout))["layout"]) == layout


def test_yaml_leaves_out_what_is_default_anyway() -> None:
    assert layout_yaml(Layout(data_parallel=64, zero_stage=1)) == "layout: {data_parallel: 64}"
