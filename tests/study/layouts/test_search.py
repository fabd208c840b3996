"""The search finds what a prediction of every layout finds, and accounts for each of them."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustersim.study.layouts import Found, find_layouts, layout_words
from clustersim.study.layouts.candidate import predicted
from tests.study.layouts.layout_cases import EXPERTS, MODEL, brute_force, question, step_s

CASES: dict[str, dict[str, Any]] = {
    "dense": {},
    "dense, no room for activations": {"memory": "3.0 GB"},
    "dense, little room": {"memory": "2.7 GB", "batch": 24},
    "another schedule": {"stack": "pytorch", "memory": "3.1 GB", "gpus": 4},
    "experts": {"model": EXPERTS, "memory": "3.3 GB", "gpus": 4, "batch": 8},
    "both ways": {"model": EXPERTS, "memory": "3.6 GB", "gpus": 4, "batch": 8, "schedule": "dualpipe"},
    "options": {"model": EXPERTS, "memory": "3.3 GB", "gpus": 4, "batch": 8, "options": ("overlap", "flex", "graphs")},
}


def adds_up(found: Found) -> bool:
    counts = found.counts
    parts = (counts.by_rule, counts.by_memory, counts.by_bound, counts.predicted)
    return min(parts) >= 0 and sum(parts) == counts.considered


@pytest.mark.parametrize("case", CASES)
def test_the_ranking_is_that_of_brute_force(case: str) -> None:
    asked = question(**CASES[case])
    considered, best = brute_force(asked)
    fastest = sorted(seconds for seconds, _ in best.values())
    for top in (1, 3, len(fastest) + 5):
        found = find_layouts(asked, top)
        assert [candidate.step.mean_s for candidate in found.ranked] == pytest.approx(fastest[:top], rel=1e-12)
        assert found.counts.considered == considered
        assert adds_up(found)


@settings(max_examples=12, deadline=None)
@given(st.floats(2.3, 3.6), st.sampled_from([2, 3, 4, 6, 8]), st.sampled_from(["megatron", "pytorch"]), st.booleans())
def test_any_memory_and_batch(memory_gb: float, batch: int, stack: str, experts: bool) -> None:
    """The order of memory and of time that the search rests on, met by chance near every edge."""
    model = (EXPERTS if experts else MODEL).model_copy(update={"layers": 4})
    asked = question(model, memory=f"{memory_gb} GB", gpus=4, batch=batch, stack=stack)
    _, best = brute_force(asked)
    fastest = sorted(seconds for seconds, _ in best.values())
    found = find_layouts(asked, 4)
    assert [candidate.step.mean_s for candidate in found.ranked] == pytest.approx(fastest[:4], rel=1e-12)
    assert adds_up(found)


def test_options_of_the_software_reach_every_prediction() -> None:
    plain, overlapped = (
        find_layouts(question(EXPERTS, gpus=8, batch=8, expert_parallel=4, options=options), 50)
        for options in ((), ("overlap", "flex"))
    )
    times = [{layout_words(c.layout): c.step.mean_s for c in (*found.predicted,)} for found in (plain, overlapped)]
    both = times[0].keys() & times[1].keys()
    assert both
    assert all(times[1][words] <= times[0][words] for words in both)
    assert any(times[1][words] < times[0][words] for words in both)
    assert plain.own is not None
    assert overlapped.own is not None
    assert overlapped.own.step.mean_s < plain.own.step.mean_s


def test_memory_decides_in_the_cases_it_should() -> None:
    """Guards the cases above: some layouts must fail, some must recompute a few layers only."""
    found = find_layouts(question(**CASES["dense, little room"]), 20)
    assert found.counts.by_memory > 0
    assert any(candidate.layout.recompute_layers for candidate in found.predicted)


def test_a_longer_ranking_begins_like_a_shorter_one() -> None:
    asked = question()
    long, short = find_layouts(asked, 12), find_layouts(asked, 4)
    assert [layout_words(c.layout) for c in long.ranked[:4]] == [layout_words(c.layout) for c in short.ranked]
    assert short.counts.predicted <= long.counts.predicted


def test_every_ranked_layout_fits_and_has_another_shape() -> None:
    found = find_layouts(question(memory="3.0 GB"), 20)
    assert found.ranked
    assert all(c.step.memory.total_bytes <= found.question.capacity_bytes for c in found.ranked)
    shapes = [
        (c.layout.tensor_parallel, c.layout.context_parallel, c.layout.pipeline_parallel, c.layout.data_parallel)
        for c in found.ranked
    ]
    assert len(set(shapes)) == len(shapes)
    times = [candidate.step.mean_s for candidate in found.ranked]
    assert times == sorted(times)


def test_most_layouts_are_never_predicted() -> None:
    found = find_layouts(question(), 3)
    assert found.counts.predicted < 0.1 * found.counts.considered


def test_the_scenarios_layout_is_predicted_though_nothing_ranks_it() -> None:
    found = find_layouts(question(tensor_parallel=2, data_parallel=4, recompute="full", zero_stage=3), 1)
    assert found.own is not None
    assert found.own.step.mean_s == step_s(found.question, found.own.layout)
    assert found.own.step.mean_s > found.ranked[0].step.mean_s
    assert found.own_problems == ()


def test_a_layout_of_another_size_is_said_not_to_belong() -> None:
    found = find_layouts(question(gpus=8, data_parallel=4), 1)
    assert found.own is None
    assert found.own_problems == ("it uses 4 GPUs, not 8",)


def test_an_impossible_layout_of_the_scenario_is_no_obstacle() -> None:
    found = find_layouts(question(tensor_parallel=2, data_parallel=4), 1)
    impossible = find_layouts(question(batch=12, data_parallel=8, tensor_parallel=1), 1)
    assert impossible.own is None
    assert "global_batch 12 is not a multiple" in impossible.own_problems[0]
    assert [c.layout for c in impossible.ranked] == [c.layout for c in found.ranked]


def test_nothing_fits() -> None:
    found = find_layouts(question(memory="2 GB"), 5)
    assert found.ranked == ()
    assert found.counts.predicted == found.counts.by_bound == 0
    assert adds_up(found)
    assert all(family.whole for family in found.families)
    nearest = [family for family in found.families if family.least_bytes]
    assert nearest
    assert all(family.least_bytes > found.question.capacity_bytes for family in nearest if family.least_bytes)


def test_an_interrupt_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = itertools.count()

    def interrupted(*arguments: Any) -> Any:
        if next(calls) == 4:
            raise KeyboardInterrupt
        return predicted(*arguments)

    monkeypatch.setattr("clustersim.study.layouts.search.predicted", interrupted)
    found = find_layouts(question(), 10)
    assert found.interrupted
    assert len(found.predicted) == 4
    assert found.ranked
    assert adds_up(found)


def test_progress_ends_below_the_total() -> None:
    seen: list[tuple[int, int]] = []
    found = find_layouts(question(), 30, on_progress=lambda done, total: seen.append((done, total)))
    assert seen
    assert {total for _, total in seen} == {found.counts.considered}
    assert all(0 <= done <= total for done, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_the_same_question_has_the_same_answer() -> None:
    first, second = find_layouts(question(model=MODEL), 5), find_layouts(question(model=MODEL), 5)
    assert first == second
