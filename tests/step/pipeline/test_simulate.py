"""The simulation: hand-drawn cases, and what must hold for any schedule and any work."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustersim.scenario.schema.training import Layout
from clustersim.step.pipeline import (
    Kind,
    Schedule,
    Timeline,
    Work,
    even_work,
    in_flight,
    lower_bound_s,
    simulate,
    timeline,
)
from clustersim.step.pipeline.graph import compile_graph
from clustersim.step.pipeline.route import Cell, after, before
from clustersim.step.pipeline.simulate import run_graph
from clustersim.workload.activations import chunks_in_flight
from tests.executed import executed_lines
from tests.step.pipeline.cases import cases, scaled, schedule, works

REL = 1e-9


def log(shown: Timeline, rank: int) -> list[tuple[str, float, float]]:
    return [(piece.task.label, round(piece.start_s, 9), round(piece.end_s, 9)) for piece in shown.ranks[rank]]


def test_1f1b_of_two_by_two_drawn_by_hand() -> None:
    shown = timeline(schedule("1f1b", 2, 2), even_work(1.0, 2.0, 2))
    assert log(shown, 0) == [("F0.0", 0, 1), ("F1.0", 1, 2), ("B0.0", 4, 6), ("B1.0", 7, 9)]
    assert log(shown, 1) == [("F0.0", 1, 2), ("B0.0", 2, 4), ("F1.0", 4, 5), ("B1.0", 5, 7)]
    assert shown.total_s == 9.0


def test_gpipe_of_two_by_two_drawn_by_hand() -> None:
    shown = timeline(schedule("gpipe", 2, 2), even_work(1.0, 2.0, 2))
    assert log(shown, 0) == [("F0.0", 0, 1), ("F1.0", 1, 2), ("B1.0", 5, 7), ("B0.0", 7, 9)]
    assert log(shown, 1) == [("F0.0", 1, 2), ("F1.0", 2, 3), ("B1.0", 3, 5), ("B0.0", 5, 7)]


def test_zero_bubble_of_two_by_two_drawn_by_hand() -> None:
    shown = timeline(schedule("zero-bubble", 2, 2), even_work(1.0, 2.0, 2, weight_s=1.0))
    assert log(shown, 0) == [
        ("F0.0", 0, 1), ("F1.0", 1, 2), ("I0.0", 3, 4), ("W0.0", 4, 5), ("I1.0", 5, 6), ("W1.0", 6, 7)
    ]  # fmt: skip
    assert log(shown, 1) == [
        ("F0.0", 1, 2), ("I0.0", 2, 3), ("F1.0", 3, 4), ("I1.0", 4, 5), ("W0.0", 5, 6), ("W1.0", 6, 7)
    ]  # fmt: skip


def test_dualpipe_of_two_ranks_has_no_bubble() -> None:
    shown = timeline(schedule("dualpipe", 2, 4), even_work(1.0, 2.0, 2, 2, weight_s=1.0))
    assert log(shown, 0) == [
        ("F0.0", 0, 1), ("F2.1", 1, 2), ("F1.0", 2, 3), ("B2.1", 3, 5), ("F3.1&B0.0", 5, 8), ("B3.1", 8, 10),
        ("I1.0", 10, 11), ("W1.0", 11, 12),
    ]  # fmt: skip
    assert [piece.stage for piece in shown.ranks[0]][:2] == [0, 1]


def test_a_pair_that_hides_time_is_shorter() -> None:
    plain = simulate(schedule("dualpipe", 4, 16), even_work(1.0, 2.0, 4, 2, weight_s=1.0))
    hidden = simulate(schedule("dualpipe", 4, 16), even_work(1.0, 2.0, 4, 2, weight_s=1.0, pair_hidden_s=0.5))
    assert hidden.total_s < plain.total_s
    pairs = sum(piece.task.kind is Kind.PAIR for piece in timeline(hidden.schedule, hidden.work).ranks[0])
    assert plain.busy_s[0] - hidden.busy_s[0] == pytest.approx(0.5 * pairs)


def test_a_blocking_message_holds_its_sender() -> None:
    # F takes 1, B takes 2, a message 0.5: F 0-1, on its way 1-1.5, F 1.5-2.5, B 2.5-4.5, on its way 4.5-5, B 5-7
    work = even_work(1.0, 2.0, 2, message_s=0.5, blocking=1.0)
    shown, run = timeline(schedule("1f1b", 2, 1), work), simulate(schedule("1f1b", 2, 1), work)
    assert log(shown, 0) == [("F0.0", 0, 1), ("B0.0", 5.0, 7.0)]
    assert [piece.send_s for row in shown.ranks for piece in row] == [0.5, 0.0, 0.0, 0.5]
    # Rank 0 stands still for its own message and waits for the other one, and so does rank 1.
    assert [run.exposed_s(rank) for rank in (0, 1)] == [1.0, 1.0]
    assert [run.idle_s(rank) for rank in (0, 1)] == [3.0, 3.0]


def test_an_overlapped_message_is_waited_for_by_the_receiver_alone() -> None:
    run = simulate(schedule("1f1b", 2, 1), even_work(1.0, 2.0, 2, message_s=0.5))
    assert run.total_s == 7.0
    assert [run.exposed_s(rank) for rank in (0, 1)] == [0.5, 0.5]
    assert [run.idle_s(rank) for rank in (0, 1)] == [3.5, 3.5]


def test_messages_behind_computation_cost_nothing() -> None:
    # 16 micro-batches, two unequal stages: the slow one never waits for what arrives while it works
    slow = Work(forward_s=((1.0,), (1.0,)), backward_s=((1.0,), (3.0,)), message_s=0.1)
    run = simulate(schedule("1f1b", 2, 16), slow)
    assert run.critical_rank == 1
    assert run.exposed_s(1) == pytest.approx(0.1)
    assert run.total_s == pytest.approx(1.0 + 0.1 + 16 * 4.0 + 0.1 + 1.0)


def test_links_may_differ() -> None:
    work = Work(forward_s=((1.0, 1.0),) * 2, backward_s=((1.0, 1.0),) * 2, message_s=(0.0, 5.0))
    near = Work(forward_s=work.forward_s, backward_s=work.backward_s, message_s=(0.0, 0.0))
    of = schedule("1f1b", 2, 2, 2)
    # one micro-batch comes back from the last rank to the first once forward and once backward
    assert simulate(of, work).total_s == pytest.approx(simulate(of, near).total_s + 2 * 5.0)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_ranks_do_one_task_at_a_time_and_wait_for_what_they_need(case: tuple[Schedule, Work]) -> None:
    of, work = case
    shown = timeline(of, work)
    done: dict[tuple[Cell, str, int], float] = {}
    for row in shown.ranks:
        for piece in row:
            task = piece.task
            if task.kind is Kind.PAIR:
                done[Cell(piece.rank, task.chunk), "F", task.micro_batch] = piece.end_s
                done[Cell(piece.rank, 1 - task.chunk), "B", task.paired] = piece.end_s
            elif task.kind is not Kind.WEIGHT:
                way = "F" if task.kind is Kind.FORWARD else "B"
                done[Cell(piece.rank, task.chunk), way, task.micro_batch] = piece.end_s
    shortest = min(work.message_s) if isinstance(work.message_s, tuple) else work.message_s
    for row in shown.ranks:
        for piece, following in pairwise(row):
            assert piece.end_s + piece.send_s <= following.start_s + REL
        for piece in row:
            if piece.task.kind is Kind.WEIGHT:
                continue
            cell, way = Cell(piece.rank, piece.task.chunk), "F" if piece.task.kind in (Kind.FORWARD, Kind.PAIR) else "B"
            needed = (before if way == "F" else after)(of, cell)
            if needed is not None:
                assert done[needed, way, piece.task.micro_batch] + shortest <= piece.start_s + REL
            if way == "B":
                assert done[cell, "F", piece.task.micro_batch] <= piece.start_s + REL


@settings(max_examples=60, deadline=None)
@given(cases())
def test_time_is_work_waiting_and_idleness(case: tuple[Schedule, Work]) -> None:
    of, work = case
    run, shown = simulate(of, work), timeline(of, work)
    for rank, row in enumerate(shown.ranks):
        assert run.busy_s[rank] == pytest.approx(sum(piece.end_s - piece.start_s for piece in row))
        waits = sum(piece.arrival_wait_s + piece.send_s for piece in row)
        assert run.exposed_s(rank) == pytest.approx(waits, abs=1e-9)
        assert run.busy_s[rank] + run.exposed_s(rank) + run.idle_s(rank) == pytest.approx(run.total_s)
        assert run.idle_s(rank) >= run.idle_s(run.critical_rank) - run.exposed_s(rank) - REL


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_longer_work_never_ends_sooner(data: st.DataObject) -> None:
    of, work = data.draw(cases())
    rank, factor = data.draw(st.integers(0, of.stages - 1)), data.draw(st.floats(1.0, 3.0))
    base, slower = simulate(of, work), simulate(of, scaled(work, rank, factor))
    assert slower.total_s >= base.total_s * (1 - REL)
    # A straggler costs at most what it takes longer itself: everything else keeps its order.
    assert slower.total_s <= base.total_s + (factor - 1.0) * base.busy_s[rank] + REL * base.total_s


@settings(max_examples=40, deadline=None)
@given(case=cases(), factor=st.floats(0.1, 10.0))
def test_time_scales_with_the_clock(case: tuple[Schedule, Work], factor: float) -> None:
    of, work = case
    message = tuple(factor * time for time in work.message_s) if isinstance(work.message_s, tuple) else work.message_s
    if isinstance(message, float | int):
        message = factor * message
    slowed = work.slowed([factor] * of.stages)
    other = Work(slowed.forward_s, slowed.backward_s, slowed.weight_s, message, work.blocking)
    assert simulate(of, other).total_s == pytest.approx(factor * simulate(of, work).total_s)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_one_stage_more_or_less_of_factors_one_changes_nothing(data: st.DataObject) -> None:
    of, work = data.draw(cases())
    plain, varied = simulate(of, work), simulate(of, work, [1.0] * of.micro_batches)
    assert varied.total_s == pytest.approx(plain.total_s)
    assert varied.busy_s == pytest.approx(plain.busy_s)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_micro_batches_of_unequal_length_take_their_share(data: st.DataObject) -> None:
    of, work = data.draw(cases(messages=False))
    factors = data.draw(st.lists(st.floats(0.2, 3.0), min_size=of.micro_batches, max_size=of.micro_batches))
    run = simulate(of, work, factors)
    if of.chunks == 1:
        both = [work.forward_s[rank][0] + work.backward_s[rank][0] for rank in range(of.stages)]
        assert run.busy_s == pytest.approx([sum(factors) * time for time in both])
    low, high = simulate(of, work), simulate(of, work, [max(factors)] * of.micro_batches)
    assert min(factors) * low.total_s <= run.total_s * (1 + REL)
    assert run.total_s <= high.total_s * (1 + REL)


def test_equal_ranks_may_be_renumbered() -> None:
    # The slow rank may stand anywhere in GPipe: time depends on what is slow, not on where.
    slow = [simulate(schedule("gpipe", 4, 8), scaled(even_work(1.0, 2.0, 4), rank, 1.5)).total_s for rank in range(4)]
    assert slow == pytest.approx([slow[0]] * 4)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_steady_state_extended_is_the_whole_simulation(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["1f1b", "interleaved", "zero-bubble", "dualpipe"]))
    stages = data.draw(st.sampled_from([2, 4]) if name == "dualpipe" else st.integers(1, 4))
    if name == "interleaved":
        of = schedule("1f1b", max(2, stages), data.draw(st.integers(40, 90)), data.draw(st.integers(2, 3)))
    else:
        of = schedule(name, stages, 2 * data.draw(st.integers(25, 60)))  # type: ignore[arg-type]
    work = data.draw(works(of))
    run, full = simulate(of, work), run_graph(compile_graph(of), work)
    assert run.total_s == pytest.approx(full.total_s, rel=REL)
    assert run.busy_s == pytest.approx(full.busy_s, rel=REL)
    for rank in range(of.stages):
        assert run.exposed_s(rank) == pytest.approx(full.exposed_s(rank), rel=1e-6, abs=1e-9)
        assert run.gradient_ready_s[rank] == pytest.approx(full.gradient_ready_s[rank], rel=REL)
        assert run.first_forward_s[rank] == pytest.approx(full.first_forward_s[rank], rel=REL, abs=1e-9)


@pytest.mark.parametrize("name", ["1f1b", "zero-bubble", "dualpipe"])
@pytest.mark.parametrize("message", [0.0, 0.05])
def test_thousands_of_micro_batches_are_not_simulated_one_by_one(name: str, message: float) -> None:
    of = schedule(name, 8, 4096)  # type: ignore[arg-type]
    run = simulate(of, even_work(1.0, 2.0, 8, of.chunks, weight_s=0.9, message_s=message, blocking=0.5))
    assert len(run.graph.slots) < 8 * 3 * 150
    assert run.rounds > 100


@pytest.mark.parametrize(
    ("name", "stages", "chunks", "count"),
    [
        ("gpipe", 4, 1, 9), ("1f1b", 6, 1, 20), ("1f1b", 6, 1, 3), ("1f1b", 4, 3, 16), ("1f1b", 4, 3, 9),
        ("1f1b", 4, 2, 2), ("zero-bubble", 5, 1, 20), ("zero-bubble", 5, 1, 3), ("dualpipe", 6, 1, 24),
    ],
)  # fmt: skip
def test_activations_in_flight_are_those_memory_counts(name: str, stages: int, chunks: int, count: int) -> None:
    layout = Layout(pipeline_parallel=stages, virtual_pipeline=chunks, data_parallel=1, schedule=name)
    of = schedule(name, stages, count, chunks)  # type: ignore[arg-type]
    shown = timeline(of, even_work(1.0, 2.0, stages, of.chunks, weight_s=1.0))
    for rank, row in enumerate(shown.ranks):
        assert max(number for _, number in in_flight(row)) == chunks_in_flight(layout, rank, count)
        assert in_flight(row)[-1][1] == 0


def test_gradients_of_later_chunks_are_final_first() -> None:
    run = simulate(schedule("1f1b", 4, 8, 2), even_work(1.0, 2.0, 4, 2))
    for first, last in run.gradient_ready_s:
        assert last < first
    assert run.gradient_ready_s[0][0] == run.total_s
    assert run.first_forward_s[0] == (0.0, 4.0)
    assert run.first_forward_s[3] == (3.0, 7.0)


@pytest.mark.parametrize("broken", [{"stages": 3}, {"chunks": 2}])
def test_work_of_another_shape_is_refused(broken: dict[str, int]) -> None:
    work = even_work(1.0, 2.0, broken.get("stages", 2), broken.get("chunks", 1))
    with pytest.raises(ValueError, match="the work is not that of 2 ranks with 1 chunks each"):
        simulate(schedule("1f1b", 2, 4), work)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="zero-bubble splits the backward pass: give weight_s"):
        simulate(schedule("zero-bubble", 2, 4), even_work(1.0, 2.0, 2))
    with pytest.raises(ValueError, match="3 message times for 2 links"):
        simulate(schedule("1f1b", 2, 4), Work(((1.0,),) * 2, ((1.0,),) * 2, message_s=(1.0, 1.0, 1.0)))
    with pytest.raises(ValueError, match="2 factors for 4 micro-batches"):
        simulate(schedule("1f1b", 2, 4), even_work(1.0, 2.0, 2), [1.0, 1.0])


@pytest.mark.parametrize(("stages", "chunks", "count", "most"), [(16, 8, 16, 16_000), (8, 5, 32, 10_000)])
def test_cost(stages: int, chunks: int, count: int, most: int) -> None:
    of, work = (
        schedule("1f1b", stages, count, chunks),
        even_work(0.01, 0.02, stages, chunks, message_s=1e-4, blocking=0.5),
    )
    simulate(of, work)
    assert executed_lines(lambda: simulate(of, work)) < most  # 0.35 and 0.22 ms


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_bound_is_never_beaten(case: tuple[Schedule, Work]) -> None:
    of, work = case
    assert lower_bound_s(of, work) <= simulate(of, work).total_s * (1 + REL)
