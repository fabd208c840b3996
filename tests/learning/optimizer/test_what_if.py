"""Variants of the optimizer side by side: the closed form, its draws, and outcomes of the engine in their place."""

import math

import numpy as np
import pytest

from clustersim.learning.optimizer.divergence import Start, attempts, steps_before_divergence
from clustersim.learning.optimizer.rewinds import RewindCost
from clustersim.learning.optimizer.what_if import DRAWS, PlanCost, Variant, attempt_s, what_if_rows
from clustersim.run.plan import PhasePlan
from clustersim.scenario.schema.recipe import Recipe

DAY_S = 86400.0
MODERN, CLASSIC = (Recipe.model_validate(name) for name in ("modern", "classic"))
SURE = CLASSIC.model_copy(update={"divergence": 0.0, "spike_shape": 1e6})
START = Start(2000.0, None, 1e24)
REWIND = RewindCost(600.0, 300.0, 1500.0, 300.0, 1e9)
COST = PlanCost(2e12, 40_000.0, REWIND, 1e6)


def test_a_rewind_costs_the_sum_of_its_parts_and_skipped_data_nothing():
    assert REWIND.lost_s == 2700.0


def test_expected_days_are_expected_rewinds_times_their_cost():
    (row,) = what_if_rows([Variant("base", SURE, START)], COST)
    assert row["rewinds_mean"] == pytest.approx(2.0 * SURE.spikes_per_trillion_tokens)
    assert row["lost_days_mean"] == pytest.approx(row["rewinds_mean"] * 2700.0 / DAY_S)
    assert row["lost_days"]["p50"] == pytest.approx(row["rewinds"]["p50"] * 2700.0 / DAY_S)
    assert (row["days_over_first"], row["usd_over_first"], row["simulated"]) == (0.0, 0.0, False)
    assert row["divergence"] == {"p5": 0.0, "p50": 0.0, "p95": 0.0}


def test_attempts_that_diverge_cost_their_training_and_a_restart():
    never = MODERN.model_copy(update={"spikes_per_trillion_tokens": 0.0})
    (row,) = what_if_rows([Variant("base", never, START)], COST)
    lost = attempts(never, START, DRAWS).mean_lost
    assert row["lost_days_mean"] == pytest.approx(lost * (40_000.0 + 600.0 + 300.0) / DAY_S)
    assert row["chance_of_no_rewind"] == 1.0


def test_each_variant_is_held_against_the_first():
    base, other = what_if_rows(
        [Variant("base", MODERN, START), Variant("no warm-up", MODERN, Start(0.0, None, 1e24), 0.02)], COST
    )
    assert other["divergence"]["p50"] > base["divergence"]["p50"]
    assert other["rewinds"] == base["rewinds"], "the same draws"
    assert other["days_over_first"] == pytest.approx(other["lost_days_mean"] - base["lost_days_mean"])
    assert other["days_over_first"] > 0.0
    assert other["usd_over_first"] == pytest.approx(1e6 * other["days_over_first"])
    assert (base["loss_change_nats"], other["loss_change_nats"]) == (0.0, 0.02)


def test_what_was_simulated_takes_the_place_of_the_closed_form():
    outcomes_s = np.random.default_rng(4).gamma(2.0, 5000.0, 500)
    rows = what_if_rows([Variant("base", SURE, START), Variant("run", SURE, START)], COST, {"run": outcomes_s.tolist()})
    assert [row["simulated"] for row in rows] == [False, True]
    assert rows[1]["lost_days_mean"] == pytest.approx(outcomes_s.mean() / DAY_S)
    assert rows[1]["lost_days"]["p95"] == pytest.approx(np.quantile(outcomes_s, 0.95) / DAY_S, rel=0.1)


def test_the_mean_of_the_draws_is_the_closed_form():
    (row,) = what_if_rows([Variant("base", SURE, START)], COST, draws=20_000)
    mean = row["rewinds_mean"]
    assert row["rewinds"]["p50"] == pytest.approx(mean, abs=1.0 + 4.0 * math.sqrt(mean / 20_000))


def test_an_attempt_takes_the_first_steps_of_the_run_each_at_its_own_time():
    steps = steps_before_divergence()
    assert attempt_s([PhasePlan("all", 100_000, 1e6, 3.0)]) == pytest.approx(3.0 * steps)
    quick_first = [PhasePlan("quick", 1000, 1e6, 1.0), PhasePlan("slow", 100_000, 1e6, 3.0)]
    assert attempt_s(quick_first) == pytest.approx(1000.0 + 3.0 * (steps - 1000.0))
    assert attempt_s([PhasePlan("short", 10, 1e6, 3.0)]) == 30.0, "a run that is over before"
