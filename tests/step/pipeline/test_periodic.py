"""Which rounds of a schedule may be compared: those that no later task reaches back across."""

from itertools import pairwise

import pytest

from clustersim.step.pipeline import periodic
from clustersim.step.pipeline.compiler import START_NODES, compile_orders
from clustersim.step.pipeline.orders import rank_orders
from clustersim.step.pipeline.schedule import Schedule

SCHEDULES = [
    Schedule("1f1b", 1, 1, 9),
    Schedule("1f1b", 4, 1, 24),
    Schedule("1f1b", 3, 2, 24, group=3),
    Schedule("1f1b", 4, 3, 36, group=6),
    Schedule("zero-bubble", 4, 1, 30),
    Schedule("dualpipe", 4, 2, 40),
]


def crossed_shifts(schedule: Schedule, span: int) -> set[int]:
    """Shifts across which some task waits, stretch by stretch and task by task."""
    orders = rank_orders(schedule)
    compiled = compile_orders(schedule, orders)
    beats = min(order.beats for order in orders)
    tasks = [[node for node, task in row if task is not None] for row in compiled.ranks]
    rows = [row[: order.warmup + beats * order.unit] for row, order in zip(tasks, orders, strict=True)]
    found = set[int]()
    for shift in range(1, beats - span):
        first = [len(row) - (shift + span) * order.unit for row, order in zip(rows, orders, strict=True)]
        old = {node for row, at in zip(rows, first, strict=True) for node in row[:at]}
        ends = [row[at + span * order.unit - 1] for row, at, order in zip(rows, first, orders, strict=True)]
        later = [node for row, end in zip(compiled.ranks, ends, strict=True) for node, _ in row if node > end]
        if any(compiled.source[node - START_NODES] in old for node in later):
            found.add(shift)
    return found


def open_shifts(schedule: Schedule, span: int) -> set[int]:
    orders = rank_orders(schedule)
    compiled = compile_orders(schedule, orders)
    beats = min(order.beats for order in orders)
    tasks = [[node for node, task in row if task is not None] for row in compiled.ranks]
    rows = [row[: order.warmup + beats * order.unit] for row, order in zip(tasks, orders, strict=True)]
    ranges = periodic._open_shifts(tasks, rows, [order.unit for order in orders], span, compiled)
    return {shift for start, end in ranges for shift in range(max(1, start), end) if shift < beats - span}


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: f"{schedule.name}-{schedule.chunks}")
@pytest.mark.parametrize("span", [0, 1, 2, 5, 8])
def test_one_pass_finds_the_shifts_that_a_look_at_each_finds(schedule: Schedule, span: int) -> None:
    assert open_shifts(schedule, span) == crossed_shifts(schedule, span)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: f"{schedule.name}-{schedule.chunks}")
def test_longer_stretches_are_crossed_less(schedule: Schedule) -> None:
    counts = [len(open_shifts(schedule, span)) for span in (0, 1, 2, 5, 8, 12)]
    assert all(later <= earlier for earlier, later in pairwise(counts))
    assert counts[-1] == 0
    assert counts[0] > 0 or schedule.stages == 1
