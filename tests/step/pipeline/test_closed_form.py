"""Closed forms of equal stages against the simulation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustersim.step.pipeline import equal_bubble_s, even_work, lower_bound_s, simulate
from tests.step.pipeline.cases import schedule

PASSES = st.floats(0.1, 10.0)


@settings(max_examples=40, deadline=None)
@given(stages=st.integers(1, 8), count=st.integers(1, 32), forward=PASSES, backward=PASSES)
def test_1f1b_and_gpipe_idle_for_a_round_trip(stages: int, count: int, forward: float, backward: float) -> None:
    work = even_work(forward, backward, stages)
    for of in (schedule("1f1b", stages, count), schedule("gpipe", stages, count)):
        run, bubble = simulate(of, work), equal_bubble_s(of, forward, backward)
        assert [run.idle_s(rank) for rank in range(stages)] == pytest.approx([bubble] * stages, abs=1e-9)
        # Narayanan et al. (2021), section 2.2.1: (p - 1) / m
        assert run.bubble_s / run.busy_s[0] == pytest.approx((stages - 1) / count, abs=1e-9)
        assert lower_bound_s(of, work) == pytest.approx(run.total_s)


@settings(max_examples=40, deadline=None)
@given(stages=st.integers(2, 6), groups=st.integers(1, 5), chunks=st.integers(2, 5), forward=PASSES, backward=PASSES)
def test_interleaving_divides_the_bubble(
    stages: int, groups: int, chunks: int, forward: float, backward: float
) -> None:
    of, work = schedule("1f1b", stages, groups * stages, chunks), even_work(forward, backward, stages, chunks)
    run = simulate(of, work)
    # Narayanan et al. (2021), section 2.2.2: (p - 1) / (v m)
    assert run.bubble_s / run.busy_s[0] == pytest.approx((stages - 1) / (chunks * groups * stages))
    assert run.bubble_s == pytest.approx(equal_bubble_s(of, forward, backward))
    assert lower_bound_s(of, work) == pytest.approx(run.total_s)


@settings(max_examples=40, deadline=None)
@given(stages=st.integers(1, 6), more=st.integers(0, 20), forward=PASSES, inputs=PASSES, share=st.floats(0.05, 1.0))
def test_zero_bubble_fills_with_weight_gradients(
    stages: int, more: int, forward: float, inputs: float, share: float
) -> None:
    of, weight = schedule("zero-bubble", stages, stages + more), share * min(inputs, forward)
    run = simulate(of, even_work(forward, inputs + weight, stages, weight_s=weight))
    # Qi et al. (2024), table 2: (p - 1)(F + B - W)
    assert run.bubble_s == pytest.approx((stages - 1) * (forward + inputs - weight), abs=1e-9)
    assert run.bubble_s == pytest.approx(equal_bubble_s(of, forward, inputs + weight, weight), abs=1e-9)


@pytest.mark.parametrize(("stages", "count"), [(2, 4), (4, 8), (4, 30), (6, 12), (8, 20), (8, 64), (16, 32)])
def test_dualpipe_idles_as_published(stages: int, count: int) -> None:
    # DeepSeek-V3, table 2: (p/2 - 1)(F&B + B - 3 W), drawn with F = W and B = 2 W
    of = schedule("dualpipe", stages, count)
    run = simulate(of, even_work(1.0, 2.0, stages, 2, weight_s=1.0))
    assert run.bubble_s == pytest.approx((stages / 2 - 1) * (3.0 + 2.0 - 3.0), abs=1e-9)
    assert run.bubble_s == pytest.approx(equal_bubble_s(of, 1.0, 2.0, 1.0), abs=1e-9)


def test_what_each_schedule_is_for() -> None:
    work = {chunks: even_work(1.0 / chunks, 2.0 / chunks, 8, chunks, weight_s=1.0 / chunks) for chunks in (1, 2)}
    plain = simulate(schedule("1f1b", 8, 32), work[1]).total_s
    interleaved = simulate(schedule("1f1b", 8, 32, 2), work[2]).total_s
    zero_bubble = simulate(schedule("zero-bubble", 8, 32), work[1]).total_s
    both_ways = simulate(schedule("dualpipe", 8, 32), even_work(1.0, 2.0, 8, 2, weight_s=1.0)).total_s
    assert both_ways < zero_bubble < interleaved < plain
