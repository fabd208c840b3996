"""Pipeline times against the closed forms of 1F1B and interleaved 1F1B."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.step.overlap import exposed_s, gradient_window_s
from clustersim.step.pipeline import pipeline_time


def bubble_fraction(stages: int, chunks: int, micro_batches: int) -> float:
    """Idle over useful time of equal stages (Narayanan et al. 2021, arXiv 2104.04473, section 2.2)."""
    return (stages - 1) / (chunks * micro_batches)


def split(stage_s: list[float]) -> tuple[list[float], list[float]]:
    return [time / 3 for time in stage_s], [2 * time / 3 for time in stage_s]


@given(stages=st.integers(1, 64), chunks=st.integers(1, 16), data=st.data(), pass_s=st.floats(1e-6, 100.0))
def test_equal_stages_give_the_closed_form(stages: int, chunks: int, data: st.DataObject, pass_s: float) -> None:
    micro_batches = data.draw(st.integers(stages, 512))
    time = pipeline_time(*split([pass_s] * stages), chunks, micro_batches)
    assert time.busy_s == pytest.approx(micro_batches * pass_s)
    assert time.bubble_s / time.busy_s == pytest.approx(bubble_fraction(stages, chunks, micro_batches), abs=1e-9)


def one_f_one_b(stage_s: list[float], micro_batches: int) -> float:
    """1F1B replayed task by task, forward a third of each pass; the reference for uneven stages."""
    stages = len(stage_s)
    forward: dict[tuple[int, int], float] = {}
    backward: dict[tuple[int, int], float] = {}
    orders = []
    for stage in range(stages):
        warmup = min(stages - stage - 1, micro_batches)
        order = [("f", index) for index in range(warmup)]
        for index in range(micro_batches - warmup):
            order += [("f", warmup + index), ("b", index)]
        orders.append(order + [("b", index) for index in range(micro_batches - warmup, micro_batches)])
    clock, position = [0.0] * stages, [0] * stages
    while any(position[stage] < len(orders[stage]) for stage in range(stages)):
        for stage in range(stages):
            if position[stage] == len(orders[stage]):
                continue
            kind, index = orders[stage][position[stage]]
            done = forward if kind == "f" else backward
            source = (stage - 1, index) if kind == "f" else (stage + 1, index)
            is_end = stage == 0 if kind == "f" else stage == stages - 1
            ready = (forward[stage, index] if kind == "b" else 0.0) if is_end else done.get(source)
            if ready is None:
                continue
            share = 1 / 3 if kind == "f" else 2 / 3
            clock[stage] = max(clock[stage], ready) + stage_s[stage] * share
            done[stage, index] = clock[stage]
            position[stage] += 1
    return max(clock)


@pytest.mark.parametrize("slow", [0, 1, 2, 3])
@pytest.mark.parametrize("factor", [1.0, 1.2, 2.0])
def test_one_slow_stage_matches_a_replay(slow: int, factor: float) -> None:
    stage_s = [factor if stage == slow else 1.0 for stage in range(4)]
    assert pipeline_time(*split(stage_s), 1, 16).total_s == pytest.approx(one_f_one_b(stage_s, 16), rel=1e-9)


@given(stage_s=st.lists(st.floats(0.1, 2.0), min_size=1, max_size=6), micro_batches=st.integers(6, 20))
def test_uneven_stages_bound_a_replay_from_below(stage_s: list[float], micro_batches: int) -> None:
    assert pipeline_time(*split(stage_s), 1, micro_batches).total_s <= one_f_one_b(stage_s, micro_batches) * (1 + 1e-9)


@given(communication=st.floats(0, 1e3), window=st.floats(0, 1e3), slowdown=st.floats(0, 1))
def test_exposed_lies_between_the_overhang_and_everything(communication: float, window: float, slowdown: float) -> None:
    exposed = exposed_s(communication, window, slowdown)
    assert max(0.0, communication - window) <= exposed + 1e-9
    assert exposed <= communication + 1e-9


def test_interleaving_widens_the_window_of_gradients() -> None:
    assert gradient_window_s(2.0, 8, 1, 32) == 2.0
    assert gradient_window_s(2.0, 8, 4, 32) == pytest.approx(2.0 * 8 * 3 / 4)
    assert gradient_window_s(2.0, 8, 4, 1) == 2.0
