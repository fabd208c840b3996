"""What the summary says of learning: the run's own log, and other models."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import clustersim as cs
from clustersim.learning.loss.course import course
from clustersim.study.readings import LossReading, learning_outlook
from tests.cli.conftest import PLAN

AGAINST = "learning.against=[{model: llama3-70b, tokens: 1T tokens}, {model: mixtral-8x7b, name: sparse}]"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    path.write_text(PLAN.replace("20B tokens", "200B tokens"), "utf-8")
    return path


def written(folder: Path, loss: LossReading, share: float, draw: int) -> tuple[Path, float]:
    """Part of a run by its steps, drawn from the law under the plan's own schedule."""
    steps = np.arange(0.0, share * loss.rates.steps[-1], 50.0)
    tokens = np.interp(steps, loss.rates.steps, loss.rates.tokens)
    losses = course(loss.law, loss.parameters, loss.rates, [*tokens, loss.rates.tokens[-1]], loss.vocabulary)[draw]
    rows = zip(steps.tolist(), losses.tolist(), strict=False)
    path = folder / "losses.csv"
    path.write_text("_step,Loss\n" + "".join(f"{step:.0f},{at:.5f}\n" for step, at in rows), "utf-8")
    return path, float(losses[-1])


def learned(plan: Path, *settings: str) -> dict[str, Any]:
    learning: dict[str, Any] = cs.load(plan, ["study.replications=2", *settings]).run(0, 1).summary["learning"]
    return json.loads(json.dumps(learning, allow_nan=False))  # type: ignore[no-any-return]


def test_without_a_log_and_others_there_is_nothing_of_them(plan: Path) -> None:
    learning = learned(plan)
    assert learning["own_log"] is None
    assert learning["against"] == []


def test_a_log_under_the_schedule_of_the_plan_is_forecast_inside_the_interval(plan: Path, tmp_path: Path) -> None:
    path, end = written(tmp_path, learning_outlook(cs.load(plan).scenario), 0.5, 40)
    log = learned(plan, f"learning.log.file={path}", "learning.log.own_corpus=true")["own_log"]
    assert log["final"]["p5"] <= end <= log["final"]["p95"]
    assert log["offset_fraction"] == pytest.approx(0.0, abs=0.02)
    assert log["own_corpus"] is True
    assert log["tokens_so_far"] == pytest.approx(1e11, rel=0.01)
    assert len(log["seen"]) <= 120
    assert len(log["curve"]) >= 40
    assert log["curve"][-1]["tokens"] == pytest.approx(2e11)
    assert any("counts steps" in line for line in log["caveats"])


def test_a_run_that_a_deadline_stops_is_forecast_as_planned(plan: Path, tmp_path: Path) -> None:
    path, _ = written(tmp_path, learning_outlook(cs.load(plan).scenario), 0.5, 40)
    log = learned(plan, f"learning.log.file={path}", "training.deadline=3 days")["own_log"]
    assert log["curve"][-1]["tokens"] == pytest.approx(2e11)
    assert any("what is forecast from its log is the whole plan" in line for line in log["caveats"])


def test_models_stand_beside_the_plan(plan: Path) -> None:
    large, sparse = learned(plan, AGAINST)["against"]
    assert (large["name"], large["tokens"]) == ("llama3-70b", 1e12)
    assert large["parameters"] == pytest.approx(69.5e9, rel=0.01)
    assert large["difference"]["p5"] > 0.0
    assert large["this_is_better_fraction"] == 0.0
    assert large["tie_tokens"]["p50"] is None or large["tie_tokens"]["p50"] > 1e12
    assert (sparse["name"], sparse["tokens"]) == ("sparse", pytest.approx(2e11))
    assert sparse["parameters"] == pytest.approx(12.7e9, rel=0.01), "the parameters that a token meets"
    assert any("mixture of experts" in line for line in sparse["caveats"])
    assert sum(form["weight"] for form in sparse["by_form"]) == pytest.approx(1.0)


def test_repeats_ahead_raise_what_the_log_and_the_comparison_say(plan: Path, tmp_path: Path) -> None:
    path, _ = written(tmp_path, learning_outlook(cs.load(plan).scenario), 0.5, 40)
    settings = (f"learning.log.file={path}", "learning.log.own_corpus=true", AGAINST)
    fresh = learned(plan, *settings)
    repeated = learned(plan, *settings, "corpus={mix: {sources: {all: {share: 100 %, unique: 100B tokens}}}}")
    assert repeated["own_log"]["final"]["p50"] > fresh["own_log"]["final"]["p50"]
    assert repeated["against"][0]["tokens"] == fresh["against"][0]["tokens"]
    assert repeated["against"][0]["difference"] != fresh["against"][0]["difference"]
