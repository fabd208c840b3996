"""From a layout to its schedule, and the way micro-batches take."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.schema.training import Layout
from clustersim.step.pipeline import Schedule, Work, reduction_end_s, schedule_of, simulate
from clustersim.step.pipeline.route import Cell, after, before, boundary, stage_of
from tests.step.pipeline.cases import schedule, schedules, works


def of(count: int, **layout: Any) -> Schedule:
    return schedule_of(Layout(data_parallel=1, **layout), count)


def test_schedules_of_layouts() -> None:
    assert of(8, pipeline_parallel=4) == Schedule("1f1b", 4, 1, 8)
    assert of(8, pipeline_parallel=4, virtual_pipeline=2) == Schedule("1f1b", 4, 2, 8, 4)
    assert of(9, pipeline_parallel=4, virtual_pipeline=2) == Schedule("1f1b", 4, 2, 9, 5)
    assert of(8, pipeline_parallel=4, schedule="dualpipe") == Schedule("dualpipe", 4, 2, 8)
    assert of(8, schedule="dualpipe") == Schedule("1f1b", 1, 1, 8)


@given(schedules())
def test_every_way_leads_from_the_embedding_to_the_loss(chosen: Schedule) -> None:
    for chunk in range(chosen.chunks):
        for rank in range(chosen.stages):
            here = Cell(rank, chunk)
            there = after(chosen, here)
            if there is None:
                ways = 1 if chosen.name == "dualpipe" else chosen.chunks
                assert stage_of(chosen, here) == chosen.stages * ways - 1
                continue
            assert before(chosen, there) == here
            assert stage_of(chosen, there) == stage_of(chosen, here) + 1
            assert 0 <= boundary(chosen, here, there) < chosen.stages


def test_the_last_link_leads_back_to_the_first_rank() -> None:
    assert boundary(schedule("1f1b", 4, 8, 2), Cell(3, 0), Cell(0, 1)) == 3
    assert boundary(schedule("1f1b", 2, 8, 2), Cell(1, 0), Cell(0, 1)) == 1
    assert boundary(schedule("1f1b", 2, 8, 2), Cell(0, 1), Cell(1, 1)) == 0


@given(st.data())
def test_dualpipe_does_not_know_left_from_right(data: st.DataObject) -> None:
    chosen = schedule("dualpipe", 4, 8)
    work = data.draw(works(chosen, messages=False))

    def mirrored(grid: Any) -> Any:
        return tuple(tuple(reversed(row)) for row in reversed(grid))

    other = Work(mirrored(work.forward_s), mirrored(work.backward_s), mirrored(work.weight_s))
    assert simulate(chosen, other).total_s == pytest.approx(simulate(chosen, work).total_s)
    assert simulate(chosen, other).busy_s == pytest.approx(simulate(chosen, work).busy_s[::-1])


def test_chunks_are_reduced_one_after_the_other_as_they_become_final() -> None:
    assert reduction_end_s([10.0, 6.0], [2.0, 3.0]) == 12.0
    assert reduction_end_s([10.0, 6.0], [2.0, 7.0]) == 15.0
    assert reduction_end_s([10.0], [0.0]) == 10.0


def test_parts_of_gradients_are_reduced_one_after_the_other_as_they_become_final() -> None:
    # Final at 7, 9 and 10 s; the second waits for the first.
    assert reduction_end_s([10.0], [8.0], [4.0], shares=[0.25, 0.5, 0.25]) == pytest.approx(15.0)
    assert reduction_end_s([10.0], [1.0], [4.0], shares=[0.25, 0.5, 0.25]) == pytest.approx(10.25)
    assert reduction_end_s([10.0], [8.0], [4.0], shares=[0.5, 0.5]) == reduction_end_s([10.0], [8.0], [4.0], buckets=2)
