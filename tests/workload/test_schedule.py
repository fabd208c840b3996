"""Which schedules a layout can run, and how many micro-batches they hold."""

import pytest

from clustersim.scenario.schema.training import Layout, ScheduleName
from clustersim.workload.activations import chunks_in_flight
from clustersim.workload.layout import layout_problems
from clustersim.workload.schedule import schedule_faults, weight_copies
from tests.workload import model_shapes as shapes


def layout(schedule: ScheduleName, stages: int = 4, virtual: int = 1) -> Layout:
    return Layout(pipeline_parallel=stages, virtual_pipeline=virtual, data_parallel=2, schedule=schedule)


def faults(schedule: ScheduleName, stages: int = 4, virtual: int = 1, count: int | None = 16) -> list[tuple[str, str]]:
    return list(schedule_faults(layout(schedule, stages, virtual), count))


@pytest.mark.parametrize("schedule", ["gpipe", "1f1b", "zero-bubble", "dualpipe"])
def test_plain_pipelines_run_every_schedule(schedule: ScheduleName) -> None:
    assert faults(schedule) == []


@pytest.mark.parametrize("schedule", ["gpipe", "zero-bubble", "dualpipe"])
def test_only_1f1b_interleaves(schedule: ScheduleName) -> None:
    message = f"schedule {schedule} has one chunk per stage; set virtual_pipeline 1 or schedule 1f1b"
    assert faults(schedule, virtual=2) == [("virtual_pipeline", message)]
    assert faults("1f1b", virtual=2) == []


def test_dualpipe_needs_pairs_of_stages_and_enough_micro_batches() -> None:
    assert [field for field, _ in faults("dualpipe", stages=5, count=20)] == ["pipeline_parallel"]
    for count in (6, 9):
        ((field, message),) = faults("dualpipe", count=count)
        assert field == "schedule"
        assert f"at least 2 x 4 stages = 8, but a step has {count}" in message
    assert faults("dualpipe", count=None) == []


def test_one_stage_runs_anything() -> None:
    assert faults("dualpipe", stages=1, count=1) == []
    assert weight_copies(layout("dualpipe", stages=1)) == 1


def test_layout_problems_tell_of_the_schedule() -> None:
    found = layout_problems(shapes.GPT2_124M, layout("dualpipe"), 12, 8, 1024)
    assert [problem.field for problem in found] == ["schedule"]


@pytest.mark.parametrize(("schedule", "kept"), [("gpipe", 20), ("1f1b", 3), ("zero-bubble", 4), ("dualpipe", 5)])
def test_micro_batches_in_flight_on_the_second_of_four_stages(schedule: ScheduleName, kept: int) -> None:
    assert chunks_in_flight(layout(schedule), 1, 20) == kept


def test_a_larger_group_keeps_more() -> None:
    # 9 micro-batches on 4 stages go in groups of 5: 2 x 3 + (2 - 1) x 5 + 1
    assert chunks_in_flight(layout("1f1b", virtual=2), 0, 9) == 12
    assert chunks_in_flight(layout("1f1b", virtual=2), 0, 8) == 11


def test_dualpipe_holds_the_weights_twice() -> None:
    assert weight_copies(layout("dualpipe")) == 2
    assert weight_copies(layout("1f1b")) == 1
