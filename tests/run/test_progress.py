"""Where a stretch stands, against a step-by-step count."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clustersim.run.plan import CheckpointPlan, PhasePlan
from clustersim.run.progress import Rhythm, Stretch, rhythm

RHYTHM = Rhythm(step_time_s=10.0, period_steps=10, stall_s=5.0, write_s=20.0, cycle_s=105.0)


def stretch(steps: int = 25) -> Stretch:
    return Stretch(1000.0, 0, 100, steps, RHYTHM)


@pytest.mark.parametrize(("interval_s", "period"), [(100.0, 10), (104.0, 10), (105.0, 11), (1.0, 1), (1e15, 10**14)])
def test_period_is_the_interval_in_whole_steps(interval_s: float, period: int) -> None:
    phase = PhasePlan("p", 1, 1.0, 10.0)
    assert rhythm(phase, CheckpointPlan(interval_s, 5.0, 20.0)) == Rhythm(10.0, period, 5.0, 20.0, period * 10.0 + 5.0)


@pytest.mark.parametrize(
    ("elapsed_s", "steps", "taken", "durable"),
    [
        (0.0, 0, 0, 0), (9.9, 0, 0, 0), (10.0, 1, 0, 0), (100.0, 10, 0, 0), (104.9, 10, 0, 0), (105.0, 10, 1, 0),
        (125.0, 12, 1, 1), (209.0, 20, 1, 1), (210.0, 20, 2, 1), (260.0, 25, 2, 2), (264.9, 25, 2, 2),
        (265.0, 25, 3, 2), (285.0, 25, 3, 3),
    ],
)  # fmt: skip
def test_by_hand(elapsed_s: float, steps: int, taken: int, durable: int) -> None:
    at_s = 1000.0 + elapsed_s
    assert stretch().steps_done(at_s) == steps
    assert stretch().checkpoints_taken(at_s) == taken
    assert stretch().checkpoints_taken(at_s, 20.0) == durable


def test_end_and_checkpoint_steps() -> None:
    assert stretch().end_s == 1265.0
    assert stretch(20).end_s == 1210.0
    assert [stretch().checkpoint_step(number) for number in (1, 2, 3)] == [110, 120, 125]


@pytest.mark.parametrize(
    ("elapsed_s", "boundary"), [(0.0, 1), (3.0, 1), (95.0, 10), (102.0, 10), (106.0, 11), (262.0, 25), (255.0, 25)]
)
def test_next_boundary_ends_the_step_or_the_checkpoint_under_way(elapsed_s: float, boundary: int) -> None:
    assert stretch().next_boundary(1000.0 + elapsed_s) == boundary


@settings(max_examples=100, deadline=None)
@given(
    step_time_s=st.floats(0.1, 50.0),
    period=st.integers(1, 9),
    stall_s=st.floats(0.0, 30.0),
    steps=st.integers(1, 40),
    share=st.floats(0.0, 1.0),
)
def test_against_counting(step_time_s: float, period: int, stall_s: float, steps: int, share: float) -> None:
    it = Stretch(0.0, 0, 0, steps, Rhythm(step_time_s, period, stall_s, 0.0, period * step_time_s + stall_s))
    now_s = share * it.end_s
    clock_s, done, taken, near = 0.0, 0, 0, False
    for step in range(1, steps + 1):
        clock_s += step_time_s
        near |= abs(clock_s - now_s) < 1e-6
        done += clock_s <= now_s
        if step % period == 0 or step == steps:
            clock_s += stall_s
            near |= abs(clock_s - now_s) < 1e-6
            taken += clock_s <= now_s
    assert it.end_s == pytest.approx(clock_s)
    if not near:
        assert it.steps_done(now_s) == done
        assert it.checkpoints_taken(now_s) == taken


@settings(max_examples=300, deadline=None)
@example(2709179.278820534, 326, 47.81478272985151, 8, 15.335556614812395, 44.87791570997797, 0.5)
@example(26682514.50578929, 108, 1.5037710358233232, 1, 10.320941982257985, 107.05987968238244, 8 / 108)
@given(
    start_s=st.floats(0.0, 1e9),
    steps=st.integers(1, 400),
    step_time_s=st.floats(0.1, 50.0),
    period=st.integers(1, 9),
    stall_s=st.floats(0.0, 30.0),
    write_s=st.floats(0.0, 500.0),
    share=st.floats(0.0, 1.0),
)
def test_a_checkpoint_is_durable_at_the_moment_its_write_ends(
    start_s: float, steps: int, step_time_s: float, period: int, stall_s: float, write_s: float, share: float
) -> None:
    """Whatever the rounding of the sums on either side: a job that waits for the write must find it done."""
    it = Stretch(start_s, 0, 0, steps, Rhythm(step_time_s, period, stall_s, write_s, period * step_time_s + stall_s))
    assert it.checkpoints_taken(it.end_s) == it.checkpoints
    assert it.checkpoints_taken(it.end_s + write_s, write_s) == it.checkpoints
    number = 1 + int(share * (it.checkpoints - 1))
    taken_s = start_s + min(number * period, steps) * step_time_s + number * stall_s
    assert it.checkpoints_taken(taken_s, 0.0) >= number
    assert it.checkpoints_taken(taken_s + write_s, write_s) >= number


@pytest.mark.parametrize("early_s", [1e-5, 1e-3, 1.0])
def test_a_checkpoint_is_not_durable_before_its_write_ends(early_s: float) -> None:
    assert stretch().checkpoints_taken(1285.0 - early_s, 20.0) == 2
    assert stretch().checkpoints_taken(1230.0 - early_s, 20.0) == 1


# --- pace -----------------------------------------------------------------------------------------------------------

Changes = list[tuple[float, float]]
"""Moments from the start, and the factor on the time of a step from then on."""


def slow_stretch(steps: int, of: Rhythm, changes: Changes) -> Stretch:
    it = Stretch(1000.0, 0, 100, steps, of)
    for number, (elapsed_s, slowdown) in enumerate(changes):
        it.set_pace(1000.0 + elapsed_s, slowdown, number)
    return it


def worked(begin_s: float, work_s: float, changes: Changes) -> float:
    """When so much work is done that begins at a moment, counted from change to change."""
    factor = 1.0
    for at_s, slowdown in changes:
        if at_s > begin_s:
            done_s = min(work_s, (at_s - begin_s) / factor)
            work_s -= done_s
            if work_s <= 0.0:
                return begin_s + done_s * factor
            begin_s = at_s
        factor = slowdown
    return begin_s + work_s * factor


def test_pace_by_hand() -> None:
    """Half the pace from 25 to 45: the third step ends at 35, the fourth half done at 45 and whole at 50."""
    it = slow_stretch(25, RHYTHM, [(25.0, 2.0), (45.0, 1.0)])
    assert [it.steps_done(1000.0 + t) for t in (20.0, 29.9, 34.9, 35.0, 45.0, 49.9, 50.0, 60.0)] == [
        2, 2, 2, 3, 3, 3, 4, 5,
    ]  # fmt: skip
    assert it.end_s == 1275.0
    assert [it.taken_s(number) for number in (1, 2, 3)] == [1115.0, 1220.0, 1275.0]
    assert it.next_boundary(1036.0) == 4
    assert [(pace.work_s, pace.extra_s) for pace in it.paces] == [(0.0, 0.0), (25.0, 0.0), (35.0, 10.0)]


def test_pace_that_does_not_change_is_not_kept() -> None:
    it = slow_stretch(25, RHYTHM, [(25.0, 1.0)])
    assert it.paces == []
    it.set_pace(1030.0, 2.0, 7)
    it.set_pace(1031.0, 2.0, 7)
    assert len(it.paces) == 2


def test_pace_of_a_stretch_that_is_cut() -> None:
    """Slow in the first cycle of which only the checkpoint is kept: it stays where it was."""
    it = slow_stretch(25, RHYTHM, [(25.0, 2.0), (45.0, 1.0)])
    it.steps = 10
    assert (it.end_s, it.checkpoints_taken(1114.9), it.checkpoints_taken(1115.0)) == (1115.0, 0, 1)


@settings(max_examples=200, deadline=None)
@given(
    step_time_s=st.floats(0.1, 50.0),
    period=st.integers(1, 9),
    stall_s=st.floats(0.0, 30.0),
    steps=st.integers(1, 40),
    changes=st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(1.0, 30.0)), max_size=5),
    share=st.floats(0.0, 1.0),
    write_s=st.floats(0.0, 100.0),
)
def test_pace_against_counting(
    step_time_s: float,
    period: int,
    stall_s: float,
    steps: int,
    changes: Changes,
    share: float,
    write_s: float,
) -> None:
    of = Rhythm(step_time_s, period, stall_s, write_s, period * step_time_s + stall_s)
    length_s = 3.0 * Stretch(0.0, 0, 0, steps, of).end_s
    changes = sorted((at * length_s, slowdown) for at, slowdown in changes)
    # A stretch hears of a change only while it lasts.
    ends_s = [slow_stretch(steps, of, changes[:count]).end_s - 1000.0 for count in range(len(changes))]
    changes = [change for change, end_s in zip(changes, ends_s, strict=True) if change[0] < end_s]
    it = slow_stretch(steps, of, changes)
    now_s = share * (it.end_s - 1000.0)
    clock_s, done, taken, durable, near = 0.0, 0, 0, 0, False
    for step in range(1, steps + 1):
        clock_s = worked(clock_s, step_time_s, changes)
        near |= abs(clock_s - now_s) < 1e-4
        done += clock_s <= now_s
        if step % period == 0 or step == steps:
            clock_s += stall_s
            near |= min(abs(clock_s - now_s), abs(clock_s + write_s - now_s)) < 1e-4
            taken += clock_s <= now_s
            durable += clock_s + write_s <= now_s
            assert it.taken_s(-(-step // period)) == pytest.approx(1000.0 + clock_s)
    assert it.end_s == pytest.approx(1000.0 + clock_s)
    if not near:
        assert it.steps_done(1000.0 + now_s) == done
        assert it.checkpoints_taken(1000.0 + now_s) == taken
        assert it.checkpoints_taken(1000.0 + now_s, write_s) == durable


@settings(max_examples=200, deadline=None)
@given(
    start_s=st.floats(0.0, 1e8),
    steps=st.integers(1, 400),
    step_time_s=st.floats(0.1, 50.0),
    period=st.integers(1, 9),
    stall_s=st.floats(0.0, 30.0),
    write_s=st.floats(0.0, 500.0),
    slowdown=st.floats(1.01, 50.0),
    begin=st.floats(0.0, 1.0),
    share=st.floats(0.0, 1.0),
)
def test_a_checkpoint_of_slow_steps_is_durable_when_its_write_ends(
    start_s: float,
    steps: int,
    step_time_s: float,
    period: int,
    stall_s: float,
    write_s: float,
    slowdown: float,
    begin: float,
    share: float,
) -> None:
    it = Stretch(start_s, 0, 0, steps, Rhythm(step_time_s, period, stall_s, write_s, period * step_time_s + stall_s))
    it.set_pace(start_s + begin * (it.end_s - start_s), slowdown, 0)
    assert it.checkpoints_taken(it.end_s) == it.checkpoints
    number = 1 + int(share * (it.checkpoints - 1))
    assert it.checkpoints_taken(it.taken_s(number)) >= number
    assert it.checkpoints_taken(it.taken_s(number) + write_s, write_s) >= number
    assert it.checkpoints_taken(it.taken_s(number) - 1e-4) < number
