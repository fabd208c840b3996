"""The optimizer's section: what it says of Llama 3's plan, and that it is plain."""

import json
from pathlib import Path
from typing import Any

import pytest

import clustersim as cs
from clustersim.learning.optimizer.loop import LoopPhase
from clustersim.learning.optimizer.outlook import OptimizerPlan, optimizer_outlook
from clustersim.scenario.schema.recipe import Recipe

SCENARIO = Path(__file__).parents[3] / "scenarios" / "llama3-405b.yaml"


@pytest.fixture(scope="module")
def plan() -> OptimizerPlan:
    run = cs.load(SCENARIO).run_plan
    loop = [LoopPhase(phase.steps, 16, 128, 2048) for phase in run.phases]
    return OptimizerPlan(
        run,
        405e9,
        loop,
        Recipe.model_validate("modern"),
        8000.0,
        8e-5,
        usd_per_day=1e6,
        loss_changes={"WSD": 0.01, "no warm-up": 0.002},
    )


@pytest.fixture(scope="module")
def section(plan: OptimizerPlan) -> dict[str, Any]:
    return optimizer_outlook(plan)


def test_it_is_plain_values(section: dict[str, Any]):
    assert json.loads(json.dumps(section)) == section
    assert section["schedule"] is None
    assert all(section["caveats"])
    assert all(section["sources"])


def test_a_modern_run_of_this_length_most_likely_never_goes_back(section: dict[str, Any]):
    spikes = section["spikes"]
    assert spikes["in_the_run"] is True
    assert 0.8 < spikes["chance_of_none"] < 0.95
    assert (spikes["rewinds"]["p5"], spikes["rewinds"]["p50"]) == (0.0, 0.0)
    assert spikes["hours_each"] == pytest.approx(sum(spikes["hours_each_by"].values()))
    assert 0.2 < spikes["hours_each"] < 2.0


def test_the_batch_follows_the_ramp_and_stays_below_the_critical_one_late_in_the_run(section: dict[str, Any]):
    rows = section["batch"]["rows"]
    assert rows[0]["tokens_over_least"] > 2.0
    late = [row for row in rows if row["phase"] == "16M batch"]
    assert all(row["batch"] < row["critical"]["p50"] for row in late)
    assert all(row["critical"]["p5"] < row["critical"]["p50"] < row["critical"]["p95"] for row in rows)
    overhead = section["batch"]["overhead_fraction"]
    assert 0.05 < overhead["p5"] < overhead["p50"] < overhead["p95"] < 0.3
    saved = section["batch"]["ramp_saves_tokens"]
    assert 1e11 < saved["p5"] < saved["p50"] < saved["p95"] < 1e12


def test_every_variant_is_held_against_the_plan(section: dict[str, Any]):
    rows = {row["variant"]: row for row in section["what_if"]}
    assert list(rows) == [
        "as planned",
        "no warm-up",
        "twice the peak learning rate",
        "recipe classic",
        "recipe fragile",
        "WSD",
    ]
    assert rows["as planned"]["days_over_first"] == 0.0
    for worse in ("no warm-up", "twice the peak learning rate", "recipe classic", "recipe fragile"):
        assert rows[worse]["days_over_first"] > 0.0
        assert rows[worse]["usd_over_first"] == pytest.approx(1e6 * rows[worse]["days_over_first"])
    changes = {name: row["loss_change_nats"] for name, row in rows.items() if row["loss_change_nats"]}
    assert changes == {"WSD": 0.01, "no warm-up": 0.002}
    assert rows["WSD"]["days_over_first"] == 0.0


def test_a_plan_without_a_recipe_is_read_as_modern_and_says_so(plan: OptimizerPlan):
    silent = optimizer_outlook(OptimizerPlan(plan.run, plan.parameters, plan.loop, None, 8000.0))
    assert (silent["spikes"]["recipe"], silent["spikes"]["in_the_run"]) == ("modern", False)
    assert silent["divergence"]["peak_learning_rate"] is None
    assert silent["divergence"]["learning_rate_ratio"] == 0.6
