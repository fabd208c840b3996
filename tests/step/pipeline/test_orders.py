"""The order of every schedule: complete, as published, free of deadlock."""

from collections import Counter

import pytest
from hypothesis import given, settings

from clustersim.step.pipeline import Kind, PipelineDeadlockError, Schedule
from clustersim.step.pipeline.compiler import compile_orders
from clustersim.step.pipeline.graph import compile_graph
from clustersim.step.pipeline.orders import rank_orders
from clustersim.step.pipeline.route import micro_batches_of
from clustersim.step.pipeline.tasks import RankOrder, Task
from clustersim.workload.schedule import group_size
from tests.step.pipeline.cases import schedule, schedules


def labels(of: Schedule, rank: int) -> str:
    return " ".join(task.label for task in rank_orders(of)[rank].tasks)


def test_gpipe_of_two_by_two() -> None:
    assert labels(schedule("gpipe", 2, 2), 0) == "F0.0 F1.0 B1.0 B0.0"


def test_1f1b_of_two_by_two() -> None:
    assert labels(schedule("1f1b", 2, 2), 0) == "F0.0 F1.0 B0.0 B1.0"
    assert labels(schedule("1f1b", 2, 2), 1) == "F0.0 B0.0 F1.0 B1.0"


def test_interleaving_of_two_by_two_by_two_is_megatrons() -> None:
    # warm-up (2 - 0 - 1) * 2 + (2 - 1) * 2 = 4 of 4 on the first rank, 2 on the last
    assert labels(schedule("1f1b", 2, 2, 2), 0) == "F0.0 F1.0 F0.1 F1.1 B0.1 B1.1 B0.0 B1.0"
    assert labels(schedule("1f1b", 2, 2, 2), 1) == "F0.0 F1.0 F0.1 B0.1 F1.1 B1.1 B0.0 B1.0"


def test_an_uneven_last_group_is_megatrons() -> None:
    # get_schedule_table documents PP2 N3 M5 VP2: micro-batches 0 1 2 0 1 2 3 4 3 4, chunks 0 0 0 1 1 1 0 0 1 1
    forward = [task for task in rank_orders(Schedule("1f1b", 2, 2, 5, 3))[0].tasks if task.kind is Kind.FORWARD]
    assert [task.micro_batch for task in forward] == [0, 1, 2, 0, 1, 2, 3, 4, 3, 4]
    assert [task.chunk for task in forward] == [0, 0, 0, 1, 1, 1, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("stages", "count", "group"), [(4, 8, 4), (4, 12, 4), (2, 5, 3), (4, 9, 5), (16, 21, 21), (4, 3, 3), (4, 7, 7)]
)
def test_groups_are_those_megatron_takes(stages: int, count: int, group: int) -> None:
    assert group_size(stages, count) == group
    if count >= stages:
        assert stages <= group <= count
        assert count % group == 0 or count % group >= stages


def test_zero_bubble_of_two_by_three() -> None:
    assert labels(schedule("zero-bubble", 2, 3), 0) == "F0.0 F1.0 I0.0 W0.0 F2.0 I1.0 W1.0 I2.0 W2.0"
    assert labels(schedule("zero-bubble", 2, 3), 1) == "F0.0 I0.0 F1.0 I1.0 W0.0 F2.0 I2.0 W1.0 W2.0"


def test_dualpipe_of_four_ranks_follows_the_published_sections() -> None:
    # rank 0 of 4, 8 micro-batches (0-3 down, 4-7 up): 2 F, 1 FF, 1 IWF, 1 pair of pairs, 1 B pair, 1 BB, 1 WI, 1 W
    assert labels(schedule("dualpipe", 4, 8), 0) == (
        "F0.0 F1.0 F2.0 F4.1 I4.1 W4.1 F5.1 F3.0&B5.1 F6.1&B0.0 B6.1 F7.1&B1.0 B7.1 I2.0 W2.0 I3.0 W3.0"
    )
    mirrored = labels(schedule("dualpipe", 4, 8), 3)
    assert mirrored.startswith("F4.1 F5.1 F6.1 F0.0 I0.0 W0.0 F1.0 F7.1&B1.0")


@given(schedules())
def test_every_pass_is_done_once(of: Schedule) -> None:
    for order in rank_orders(of):
        done: Counter[tuple[str, int, int]] = Counter()
        for task in order.tasks:
            if task.kind is Kind.PAIR:
                done["F", task.chunk, task.micro_batch] += 1
                done["B", 1 - task.chunk, task.paired] += 1
            else:
                done[task.kind.name[0], task.chunk, task.micro_batch] += 1
        for chunk in range(of.chunks):
            for index in micro_batches_of(of, chunk):
                assert done["F", chunk, index] == 1
                whole, inputs, weights = (done[kind, chunk, index] for kind in "BIW")
                assert (whole, inputs, weights) in {(1, 0, 0), (0, 1, 1)}
        assert len(done) == sum(done.values())


@settings(deadline=None)
@given(schedules())
def test_no_schedule_deadlocks(of: Schedule) -> None:
    graph = compile_graph(of)
    for index, (previous, source) in enumerate(zip(graph.previous, graph.source, strict=True)):
        assert previous < index + 2
        assert source < index + 2


def test_a_deadlock_is_named() -> None:
    of = schedule("1f1b", 2, 1)
    backwards = RankOrder((Task(Kind.BACKWARD, 0, 0), Task(Kind.FORWARD, 0, 0)), 0, 2, 0)
    forwards = RankOrder((Task(Kind.FORWARD, 0, 0), Task(Kind.BACKWARD, 0, 0)), 0, 2, 0)
    with pytest.raises(PipelineDeadlockError) as caught:
        compile_orders(of, [backwards, forwards])
    assert str(caught.value) == "1f1b deadlocks: rank 0 at B0.0 waits for F0.0 of rank 0"
    swapped = RankOrder((Task(Kind.FORWARD, 0, 1), Task(Kind.FORWARD, 0, 0), *forwards.tasks[1:]), 0, 2, 0)
    first = RankOrder((Task(Kind.FORWARD, 0, 0), Task(Kind.BACKWARD, 0, 0), Task(Kind.FORWARD, 0, 1)), 0, 2, 0)
    with pytest.raises(PipelineDeadlockError, match=r"rank 0 at B0.0 waits for B0.0 of rank 1; rank 1 at F1.0 waits"):
        compile_orders(of, [first, swapped])
