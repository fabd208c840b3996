"""The theory ring: every case of it, on small numbers by hand, and that a wrong model is noticed."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from clustersim.calibration.cases import Case
from clustersim.calibration.theory import GROUPS, checkpointing, collectives, failures, models, pipelines, repairs
from clustersim.calibration.theory.samples import law_case, law_distance, mean_case, standard_error, variance_case
from clustersim.run.checkpointing import young_daly_interval
from clustersim.run.failures.lifetimes import weibull_scale_s
from clustersim.run.laws import Law
from clustersim.run.plan import CheckpointPlan
from clustersim.step.pipeline import even_work, simulate

SIMULATED = (
    "Daly's expected time",
    "renewal reward",
    "Erlang C, repair shop",
    "machine repairmen",
    "superposed Poisson failures",
    "renewal function",
)


@cache
def cases(group: str) -> tuple[Case, ...]:
    return tuple(GROUPS[group]())


@pytest.mark.parametrize("group", GROUPS)
def test_every_case_agrees_with_theory(group: str) -> None:
    found = cases(group)
    assert [case.name for case in found if case.inside is False] == []
    assert all(case.note for case in found if case.inside is None)
    assert len({case.name for case in found}) == len(found)
    assert {case.group for case in found} == {group}
    assert all(case.source for case in found)


@pytest.mark.parametrize("group", SIMULATED)
def test_standard_errors_are_small_enough_to_mean_something(group: str) -> None:
    for case in cases(group):
        if case.standard_error is not None and case.expected is not None:
            assert 0.0 < case.standard_error < 0.1 * case.expected, case.name
            assert case.tolerance is not None
            assert case.tolerance >= 4.0 * case.standard_error


def test_the_same_version_gives_the_same_numbers() -> None:
    assert tuple(GROUPS["superposed Poisson failures"]()) == cases("superposed Poisson failures")


def test_a_mean_by_hand() -> None:
    # Mean 2, deviation 1, so a standard error of 1 / sqrt(3) and a tolerance of 2.31.
    values = [1.0, 2.0, 3.0]
    assert standard_error(values) == pytest.approx(3.0**-0.5)
    assert mean_case("g", "n", values, 4.3, "s", "by hand").inside
    assert not mean_case("g", "n", values, 4.32, "s", "by hand").inside
    assert mean_case("g", "n", values, 4.32, "s", "by hand", bias=0.02).inside
    assert mean_case("g", "n", values, -100.0, "s", "by hand", relation="at least").inside


def test_a_variance_by_hand() -> None:
    normal = np.random.default_rng(1).standard_normal(2001)
    assert variance_case("g", "n", normal, 1.0, "", "by hand").inside
    assert not variance_case("g", "n", 1.1 * normal, 1.0, "", "by hand").inside
    assert variance_case("g", "n", normal, 1.0, "", "by hand").standard_error == pytest.approx(0.0316, abs=1e-4)


def test_the_distance_from_a_law_by_hand() -> None:
    # One value at the median of a uniform law is half away from it on both sides.
    assert law_distance([0.5], lambda at: at) == pytest.approx(0.5)
    # sqrt(ln(2 / 6.334e-5) / 2000) = 0.0720
    sample = np.linspace(0.0005, 0.9995, 1000)
    kept = law_case("g", "n", sample, lambda at: at, "by hand")
    assert kept.expected == pytest.approx(0.0720, abs=1e-4)
    assert kept.inside
    assert not law_case("g", "n", sample**1.5, lambda at: at, "by hand").inside


def test_erlang_c_by_hand() -> None:
    """M/M/1 waits rho / (mu - lambda); M/M/2 at rho = 1/2 waits a third of a repair."""
    assert repairs.erlang_c_wait_s(1, 0.5, 1.0) == pytest.approx(1.0)
    assert repairs.erlang_c_wait_s(2, 1.0, 1.0) == pytest.approx(1.0 / 3.0)


def test_another_law_of_repairs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A constant repair halves the wait for one hand (Pollaczek-Khinchine)."""
    usual = repairs.shop_plan

    def constant(hands: int, rate_s: float) -> object:
        plan = usual(hands, rate_s)
        return replace(plan, spares=replace(plan.spares, repair=Law("constant", repairs.REPAIR_S)))

    monkeypatch.setattr(repairs, "shop_plan", constant)
    monkeypatch.setattr(repairs, "SHOPS", ((1, 0.5),))
    (case,) = repairs.repair_cases()
    assert not case.inside
    assert case.found == pytest.approx(repairs.REPAIR_S / 2.0, rel=0.2)


def test_another_rate_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = checkpointing.daly_plan
    monkeypatch.setattr(checkpointing, "SETTINGS", checkpointing.SETTINGS[:1])
    monkeypatch.setattr(checkpointing, "daly_plan", lambda mtbf_s, *rest: usual(0.9 * mtbf_s, *rest))
    assert [case.inside for case in checkpointing.daly_cases()] == [False, False]


def test_a_write_that_takes_no_time_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = checkpointing.replicated
    monkeypatch.setattr(
        checkpointing,
        "replicated",
        lambda plan, runs: usual(replace(plan, checkpoint=replace(plan.checkpoint, write_s=0.0)), runs),
    )
    assert not checkpointing.background_case(*checkpointing.SETTINGS[0]).inside


def test_the_simulated_optimum_is_that_of_young_and_daly() -> None:
    best_s = young_daly_interval(checkpointing.SWEEP_COST_S, checkpointing.SWEEP_MTBF_S)
    found_s, spread_s = checkpointing.fitted_optimum_s()
    assert found_s == pytest.approx(best_s, rel=0.1)
    assert spread_s < 0.025 * best_s


def test_checkpoints_of_another_cost_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half as costly again, the simulated optimum moves by a fifth."""
    checkpointing.sweep_wall_s.cache_clear()
    monkeypatch.setattr(
        checkpointing,
        "CheckpointPlan",
        lambda interval_s, cost_s, write_s: CheckpointPlan(interval_s, 1.5 * cost_s, write_s),
    )
    outside = [case.name for case in checkpointing.young_daly_cases() if not case.inside]
    checkpointing.sweep_wall_s.cache_clear()
    assert "interval that loses least, by a fit" in outside


def test_lives_of_another_shape_are_noticed() -> None:
    law = failures.weibull_law(weibull_scale_s(100.0, 0.7), 0.7)
    assert law_case("g", "n", failures.lifetimes_s(0.7), law, "").inside
    assert not law_case("g", "n", failures.lifetimes_s(1.0), law, "").inside


def test_the_law_of_a_life_by_hand() -> None:
    # At shape 1 age does not matter; at shape 2 survival to a + r given a is exp(a^2 - (a + r)^2).
    at_s = np.array([30.0])
    assert failures.weibull_law(10.0, 1.0, 50.0)(at_s) == pytest.approx(1.0 - np.exp(-3.0))
    assert failures.weibull_law(1.0, 2.0, 1.0)(np.array([1.0])) == pytest.approx(1.0 - np.exp(-3.0))


def test_a_pipeline_that_waits_for_messages_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pipelines, "simulate", lambda schedule, work: simulate(schedule, replace(work, message_s=0.01, blocking=1.0))
    )
    assert not all(case.inside for case in pipelines.bubble_cases())


def test_pipelines_of_every_schedule_are_there() -> None:
    assert {name for name, *_ in pipelines.SIZES} == {"gpipe", "1f1b", "zero-bubble", "dualpipe"}
    # p = 4, F + B = 3 s of a stage: (p - 1)(F + B) = 9 s, and half with two chunks.
    expected = {case.name: case.expected for case in cases(pipelines.BUBBLES)}
    assert expected["1F1B, 4 stages, 8 micro-batches"] == 9.0
    assert expected["interleaved 1F1B, 2 chunks, 4 stages, 8 micro-batches"] == 4.5
    assert even_work(1.0, 2.0, 4).weight_s is None


def test_a_collective_below_its_bound_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = collectives.all_gather_s
    monkeypatch.setattr(collectives, "all_gather_s", lambda size, place: 0.7 * usual(size, place))
    outside = [case.name for case in collectives.bound_cases() if not case.inside]
    assert "all-gather over its least time, dgx-h100" in outside
    assert all("all-gather" in name for name in outside)


@pytest.mark.parametrize(
    ("text", "count", "tolerance"), [("124439808", 124439808.0, 0.0), ("12.9B", 12.9e9, 0.05e9 + 0.002 * 12.9e9)]
)
def test_printed_counts_by_hand(text: str, count: float, tolerance: float) -> None:
    assert models.printed_count(text) == pytest.approx((count, tolerance))


def test_every_published_count_is_a_case() -> None:
    names = {case.name for case in cases(models.PARAMETERS)}
    assert {"gpt2-124m", "llama3-405b", "deepseek-v3", "deepseek-v3, active"} <= names
    assert len(names) > 45
