"""The miniature: jobs that are possible, a forecast that is made before its run and from smaller ones alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from validation.gpt.config_file import config_from_tables
from validation.gpt.config_text import toml_text
from validation.miniature import plan, run
from validation.miniature.forecast import forecast, form_error_of, late, law_of

TRUTH = (2.0, 30.0, 300.0, 0.35, 0.4)
VOCABULARY = 4096


def loss(parameters: float, tokens: float) -> float:
    floor, size_scale, data_scale, alpha, beta = TRUTH
    return floor + size_scale * parameters**-alpha + data_scale * tokens**-beta


def learned(parameters: float, steps: int = 12) -> dict[str, Any]:
    points = [{"tokens": 2e5 * count, "loss": loss(parameters, 2e5 * count)} for count in range(1, steps + 1)]
    return {"parameters": parameters, "evaluations": points}


LADDER = [learned(parameters) for parameters in (1e5, 3e5, 1e6, 3e6)]


def test_the_law_is_found_again() -> None:
    law = law_of(LADDER)
    assert law.best == pytest.approx(np.array(TRUTH), rel=0.05)
    (point,) = forecast(law, 1e7, [2.4e6], 0.0)
    assert point["loss"] == pytest.approx(loss(1e7, 2.4e6), rel=1e-3)
    assert form_error_of(LADDER) < 2e-3


def test_the_error_of_the_form_widens_the_interval() -> None:
    law = law_of(LADDER)
    narrow, wide = (forecast(law, 1e7, [2.4e6], error)[0] for error in (0.0, 0.02))
    assert narrow["low"] <= narrow["loss"] <= narrow["high"]
    assert wide["high"] - wide["loss"] == pytest.approx(1.645 * 0.02 * wide["loss"], rel=0.05)
    assert wide["low"] < narrow["low"]


def test_a_ladder_that_bends_has_an_error_of_its_form() -> None:
    bent = [*LADDER[:-1], learned(3e6)]
    for point in bent[-1]["evaluations"]:
        point["loss"] *= 1.05
    assert form_error_of(bent) == pytest.approx(1.0 - 1.0 / 1.05, abs=0.005)


def test_the_start_of_a_run_is_left_out() -> None:
    assert [point["tokens"] for point in late(LADDER[0])] == [2e5 * count for count in range(3, 13)]


@pytest.mark.parametrize("form", [plan.FULL, plan.SMALL], ids=["full", "small"])
def test_every_run_is_possible(form: plan.Form) -> None:
    runs = [
        *(plan.learning_run(size, VOCABULARY, "somewhere", form) for size in (*form.ladder, form.target)),
        *(plan.ablation_run(VOCABULARY, "somewhere", form, seed, warmup=on) for seed in form.seeds for on in (0, 1)),
        plan.copying_run(form),
    ]
    for tables in runs:
        assert toml_text(tables)
        config, problems = config_from_tables({name: dict(table) for name, table in tables.items()})
        assert problems == []
        assert config is not None


def test_the_target_is_larger_than_anything_it_is_forecast_from() -> None:
    for form in (plan.FULL, plan.SMALL):
        sizes = [size.parameters(VOCABULARY) for size in (*form.ladder, form.target)]
        assert sizes == sorted(set(sizes))


def test_parameters_are_those_of_the_job_without_its_input_table() -> None:
    pytest.importorskip("torch")
    from validation.gpt.model import count_parameters

    size = plan.FULL.target
    config, _ = config_from_tables(
        {name: dict(table) for name, table in plan.learning_run(size, VOCABULARY, "x", plan.FULL).items()}
    )
    assert config is not None
    # Tied: the job counts its only table, which is head and input in one.
    assert count_parameters(config.model) == size.parameters(VOCABULARY)


class Jobs:
    """Stands in for the runs, and notes their order."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        self.sizes.append(tables["model"]["hidden"])
        parameters = 1e3 * tables["model"]["hidden"]
        return {
            "environment": {"device": "cpu"},
            "evaluations": learned(parameters)["evaluations"],
            "copying": [{"tokens": 1.0, "accuracy": 0.5}],
            "loss": [[1, 5.0]],
            "clipped": 0.25,
            "highest_gradient_norm": 3.0,
            "diverged": tables["train"].get("warmup_steps") == 0,
        }


def test_the_forecast_never_sees_its_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    index = {"vocab": VOCABULARY, "shards": {"train": [{"file": "a", "tokens": 7}], "validation": []}}
    (tmp_path / "index.json").write_text(json.dumps(index), "utf-8")
    jobs, said = Jobs(), []
    monkeypatch.setattr(run, "_job", jobs)
    tree = run.run_miniature(tmp_path, plan.FULL, said.append)
    assert jobs.sizes[: len(plan.FULL.ladder) + 1] == [size.hidden for size in (*plan.FULL.ladder, plan.FULL.target)]
    made = next(place for place, text in enumerate(said) if text.startswith("forecast"))
    assert "measured" in said[made + 1]
    assert tree["forecast"]["made"] <= tree["target"]["started"]
    assert len(tree["forecast"]["points"]) == 12
    assert [one["diverged"] for one in tree["warmup"]["without"]] == [True] * 4
    assert [one["final_loss"] for one in tree["warmup"]["without"]] == [None] * 4
    assert tree["corpus"]["train_tokens"] == 7
    json.dumps(tree, allow_nan=False)
