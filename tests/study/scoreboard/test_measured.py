"""Campaigns and the miniature on the scoreboard."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clustersim.study.scoreboard.campaign import (
    ANOTHER_DAY,
    FITTED,
    HELD_OUT,
    NINETY,
    campaign_cases,
    campaign_observations,
)
from clustersim.study.scoreboard.measurements import compared
from clustersim.study.scoreboard.miniature import miniature_cases
from tests.calibration.measured import cases
from tests.cli.test_calibrate_measurements import tables


def written(path: Path, tree: dict[str, Any]) -> Path:
    path.write_text(json.dumps(tree), "utf-8")
    return path


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = [
        {"name": step.name, "split": step.split, "config": tables(step), "step_time_s": step.time_s, "spread": 0.02}
        for step in cases.steps(noise=0.01)
    ]
    environment = {"device": "cpu", "name": "core", "cpus": 2}
    return written(
        tmp_path_factory.mktemp("real") / "campaign.json",
        {"schema": 1, "kind": "campaign", "environment": environment, "runs": runs},
    )


def test_held_out_steps_carry_the_interval_of_their_prediction(campaign: Path) -> None:
    found = campaign_cases(campaign)
    held_out = [case for case in found if case.group == HELD_OUT]
    assert len(held_out) == sum(step.split == "test" for step in cases.steps())
    assert all(case.low is None for case in found if case.group == FITTED)
    for case in held_out:
        assert case.low is not None
        assert case.high is not None
        assert case.found is not None
        # The least spread of a prediction, at 90 %.
        assert math.log(case.high / case.found) >= NINETY * 0.02 * 0.999
        assert case.high / case.found == pytest.approx(case.found / case.low)
        assert case.note == "repeats differ by 2.0%"


def test_a_later_campaign_is_predicted_from_the_first(campaign: Path) -> None:
    tree = json.loads(campaign.read_text("utf-8"))
    slower = [{**run, "step_time_s": 1.5 * run["step_time_s"]} for run in tree["runs"]]
    later = {**tree, "environment": {**tree["environment"], "date": "2030-01-01"}, "runs": slower}
    path = written(campaign.parent / "another-day.json", later)
    try:
        first, found = campaign_cases(campaign), campaign_cases(path)
    finally:
        path.unlink()
    held_out = [case for case in first if case.group == HELD_OUT]
    assert [case.group for case in found] == [ANOTHER_DAY] * len(held_out)
    assert [case.found for case in found] == pytest.approx([case.found for case in held_out])
    assert [case.expected for case in found] == pytest.approx([1.5 * (case.expected or 0.0) for case in held_out])


def test_microbenchmarks_of_the_same_device_join(campaign: Path) -> None:
    record = {"section": "memory", "op": "copy", "bytes": 1e8, "time_s": 1e-2}
    tree = {
        "schema": 1,
        "kind": "microbenchmarks",
        "environment": {"name": "core", "device": "cpu"},
        "records": [record],
    }
    own = written(campaign.parent / "bench.json", tree)
    other = written(campaign.parent / "other.json", {**tree, "environment": {"name": "another", "device": "cpu"}})
    try:
        assert len(campaign_observations(campaign).traffic) == 1
    finally:
        own.unlink()
        other.unlink()


def miniature() -> dict[str, Any]:
    points = [{"tokens": tokens, "loss": 5.0, "low": 4.5, "high": 5.5} for tokens in (1e6, 2e6, 3e6, 8e6)]
    losses = {1e6: 9.0, 2e6: 5.2, 3e6: 6.0, 8e6: 4.9}
    evaluations = [{"tokens": tokens, "loss": value} for tokens, value in losses.items()]
    return {"schema": 1, "kind": "miniature", "forecast": {"points": points}, "target": {"evaluations": evaluations}}


def test_the_miniature_is_held_against_its_forecast(tmp_path: Path) -> None:
    found = miniature_cases(written(tmp_path / "m.json", miniature()))
    assert [(case.name, case.inside) for case in found] == [
        ("2.00M tokens", True),
        ("3.00M tokens", False),
        ("8.00M tokens", True),
    ]
    assert found[0].error == pytest.approx(5.0 / 5.2 - 1.0)
    again = compared(written(tmp_path / "n.json", miniature())).cases
    assert again == tuple(replace(case, source="n.json") for case in found)
