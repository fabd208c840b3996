import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.optimizer.schedules import BatchRamp, Schedule, area, sampled, share

KINDS = st.sampled_from(["cosine", "wsd", "linear", "constant"])
SCHEDULES = st.builds(
    Schedule,
    kind=KINDS,
    steps=st.floats(1e3, 1e6),
    warmup_steps=st.floats(0.0, 900.0),
    floor=st.floats(0.001, 0.5),
    cooldown_share=st.floats(0.01, 0.9),
    cooldown=st.sampled_from(["linear", "one_minus_sqrt", "exponential"]),
)


def test_llama_3_by_hand():
    # Paper 3.4.1: 8,000 warm-up steps to 8e-5, cosine to 8e-7 over 1.2M steps; half way down 0.01 + 0.99 / 2.
    schedule = Schedule("cosine", 1_200_000, 8_000, floor=0.01)
    assert share(schedule, [0, 2_000, 8_000, 604_000, 1_200_000]) == pytest.approx([0.0, 0.25, 1.0, 0.505, 0.01])
    # Area: 4,000 of the ramp and the mean 0.505 of the rest.
    assert float(area(schedule, 1_200_000)) == pytest.approx(4_000 + 0.505 * 1_192_000)


@pytest.mark.parametrize(
    ("cooldown", "middle", "whole"),
    [
        ("linear", 0.55, 80 + 20 * 0.55),
        ("one_minus_sqrt", 1 - 0.9 * math.sqrt(0.5), 80 + 20 * (1 - 0.9 / 1.5)),
        ("exponential", math.sqrt(0.1), 80 + 20 * 0.9 / math.log(10)),
    ],
)
def test_cooldowns_by_hand(cooldown, middle, whole):
    schedule = Schedule("wsd", 100, 0, floor=0.1, cooldown_share=0.2, cooldown=cooldown)
    assert share(schedule, [50, 80, 90, 100]) == pytest.approx([1.0, 1.0, middle, 0.1])
    assert float(area(schedule, 100)) == pytest.approx(whole)


def test_drops_hold_from_their_step_on():
    schedule = Schedule("drops", 100, 10, points=((50, 0.5), (80, 0.1)))
    assert share(schedule, [5, 49.9, 50, 79, 80, 100]) == pytest.approx([0.5, 1.0, 0.5, 0.5, 0.1, 0.1])
    assert area(schedule, [10, 60, 100]) == pytest.approx([5, 50, 5 + 40 + 15 + 2])


def test_points_are_joined_by_straight_lines():
    schedule = Schedule("points", 100, 10, points=((50, 0.5), (80, 0.1)))
    assert share(schedule, [10, 30, 50, 65, 90]) == pytest.approx([1.0, 0.75, 0.5, 0.3, 0.1])
    assert area(schedule, [10, 50, 100]) == pytest.approx([5, 5 + 30, 5 + 30 + 9 + 2])


@given(schedule=SCHEDULES)
def test_the_warm_up_reaches_the_peak_and_the_decay_its_floor(schedule):
    assert float(share(schedule, schedule.warmup_steps)) == pytest.approx(1.0)
    assert float(share(schedule, schedule.steps)) == pytest.approx(
        1.0 if schedule.kind == "constant" else schedule.floor
    )
    inside = share(schedule, np.linspace(0.0, schedule.steps, 1001))
    assert np.all((inside >= 0.0) & (inside <= 1.0 + 1e-12))


@given(schedule=SCHEDULES)
def test_the_learning_rate_never_rises_after_the_warm_up(schedule):
    after = share(schedule, np.linspace(schedule.warmup_steps, schedule.steps, 1001))
    assert np.all(np.diff(after) <= 1e-12)


@given(schedule=SCHEDULES, cut=st.floats(0.0, 1.0))
def test_the_area_is_the_integral(schedule, cut):
    end = cut * schedule.steps
    edges = np.union1d(np.linspace(0.0, end, 40_001), np.minimum([schedule.warmup_steps, schedule.decay_starts], end))
    middle = share(schedule, 0.5 * (edges[1:] + edges[:-1]))
    assert float(area(schedule, end)) == pytest.approx(float(np.sum(middle * np.diff(edges))), rel=1e-4, abs=1e-6)


@given(
    points=st.lists(
        st.tuples(st.integers(1, 99), st.floats(0.0, 1.0)), min_size=1, max_size=5, unique_by=lambda p: p[0]
    ),
    kind=st.sampled_from(["drops", "points"]),
    warm=st.integers(0, 30),
)
def test_the_area_of_custom_points_is_the_integral(points, kind, warm):
    schedule = Schedule(kind, 100, warm, points=tuple(sorted(points)))
    edges = np.linspace(0.0, 100.0, 100_001)
    middle = share(schedule, 0.5 * (edges[1:] + edges[:-1]))
    assert float(area(schedule, 100)) == pytest.approx(float(np.sum(middle * np.diff(edges))), abs=1e-3)


def test_a_constant_schedule_does_not_decay():
    schedule = Schedule("constant", 100, 10)
    assert schedule.decay_starts == 100
    assert float(area(schedule, 100)) == pytest.approx(95)


RAMP = BatchRamp((252e6, 2869.748e9, 12.73e12), (4_194_304, 8_388_608, 16_777_216))


def test_the_ramp_of_llama_3():
    # 252M / 4M tokens, 2.87T / 8M, 12.73T / 16M: 60 + 342,101 + 758,767 steps.
    assert RAMP.steps == pytest.approx(60.08 + 342_100.6 + 758_767.6, rel=1e-6)
    assert RAMP.tokens_at([0, 252e6 / 4_194_304, RAMP.steps]) == pytest.approx([0, 252e6, 15.6e12])


@given(
    phases=st.lists(st.tuples(st.floats(1e6, 1e12), st.floats(1e5, 1e7)), min_size=1, max_size=5),
    part=st.floats(0.0, 1.0),
)
def test_the_ramp_integrates_to_the_tokens_of_its_phases(phases, part):
    ramp = BatchRamp(tuple(tokens for tokens, _ in phases), tuple(batch for _, batch in phases))
    assert float(ramp.tokens_at(ramp.steps)) == pytest.approx(sum(ramp.tokens))
    steps = part * ramp.steps
    assert float(ramp.steps_at(ramp.tokens_at(steps))) == pytest.approx(steps, rel=1e-9, abs=1e-6)
    # The batch of the middle of each phase is what a step there adds.
    ends = np.cumsum(np.array(ramp.tokens) / np.array(ramp.tokens_per_step))
    middle = 0.5 * (np.concatenate([[0.0], ends[:-1]]) + ends)
    tiny = 1e-3 * np.min(np.diff(ends, prepend=0.0))
    assert (ramp.tokens_at(middle + tiny) - ramp.tokens_at(middle)) / tiny == pytest.approx(
        ramp.tokens_per_step, rel=1e-2
    )


def test_samples_keep_the_area_and_the_corners():
    schedule = Schedule("wsd", RAMP.steps, 8_000, floor=0.0, cooldown_share=0.1)
    tokens, rates = sampled(schedule, RAMP)
    assert (tokens[0], tokens[-1]) == (0.0, pytest.approx(15.6e12))
    assert rates.max() == pytest.approx(1.0)
    assert np.all(np.diff(tokens) > 0)
    fine = np.linspace(0.0, RAMP.steps, 400_001)
    exact = np.trapezoid(share(schedule, fine), RAMP.tokens_at(fine))
    assert np.trapezoid(rates, tokens) == pytest.approx(exact, rel=1e-5)


def test_samples_show_a_drop_twice():
    ramp = BatchRamp((100.0,), (1.0,))
    tokens, rates = sampled(Schedule("drops", 100, 10, points=((50, 0.5),)), ramp, points=7)
    assert rates[tokens == 50.0].tolist() == [1.0, 0.5]
