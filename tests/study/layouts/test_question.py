"""What a search is asked, read off a scenario."""

import pytest

from clustersim.study.layouts import question_of, question_problems
from tests.step.step_cases import scenario


def test_the_main_phase_with_most_tokens_is_asked_for_by_default() -> None:
    asked = question_of(scenario())
    assert (asked.phase, asked.sequence_length, asked.global_batch) == ("main", 8192, 512)
    assert asked.gpus == 128
    long = question_of(scenario(), "long", 64)
    assert (long.phase, long.sequence_length, long.gpus) == ("long", 16384, 64)


def test_an_unknown_phase_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no phase 'cooldown'; the scenario has 'main', 'long'"):
        question_of(scenario(), "cooldown")


def test_the_software_is_that_of_the_scenarios_layout_for_every_layout() -> None:
    asked = question_of(scenario())
    assert asked.stack == "megatron"
    assert asked.stack_of(asked.own.model_copy(update={"zero_stage": 3})) == "pytorch"
    given = question_of(scenario(training={"software": "xla"}))
    assert given.stack == given.stack_of(given.own.model_copy(update={"zero_stage": 3})) == "xla"


def test_the_options_are_those_of_the_scenario() -> None:
    assert question_of(scenario()).options is None
    given = question_of(scenario(training={"software_options": ("overlap", "flex")}))
    assert given.options == ("overlap", "flex")


def test_schedules_are_those_the_software_has_and_the_scenarios_own() -> None:
    assert question_of(scenario()).schedules == ("1f1b",)
    assert question_of(scenario(training={"software": "pytorch"})).schedules == ("1f1b", "zero-bubble")
    own = question_of(scenario(training={"layout": {"schedule": "dualpipe", "pipeline_parallel": 1}}))
    assert own.schedules == ("1f1b", "dualpipe")
    assert question_of(scenario(training={"layout": {"schedule": "gpipe"}})).schedules == ("1f1b",)


@pytest.mark.parametrize(
    ("gpus", "words"),
    [
        (60, "60 GPUs are not a whole number of nodes of 8; use 56 or 64"),
        (136, "136 GPUs are more than the 128 of 18 nodes less 2 spares; use --gpus 128 or fewer"),
    ],
)
def test_a_size_that_the_cluster_does_not_have(gpus: int, words: str) -> None:
    plan = scenario()
    found = question_problems(plan, question_of(plan, None, gpus))
    assert any(words in message for _, message in found)


def test_part_of_a_node_is_a_size() -> None:
    plan = scenario()
    assert question_problems(plan, question_of(plan, None, 4)) == []


def test_offload_needs_a_link_to_host_memory() -> None:
    card = {"like": "h100-sxm", "host_link_bandwidth": None}
    plan = scenario(training={"layout": {"offload": "optimizer"}}, cluster={"node": {"accelerator": card}})
    ((path, message),) = question_problems(plan, question_of(plan))
    assert path == "training.layout"
    assert "host_link_bandwidth" in message


def test_a_precision_without_a_peak() -> None:
    plan = scenario(training={"precision": "fp4"})
    ((path, message),) = question_problems(plan, question_of(plan))
    assert path == "training.precision"
    assert "gives no dense fp4 peak" in message
