"""``clustersim layouts`` as a user meets it: table, JSON, CSV, YAML, and every way to go wrong."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Command

TRACEBACK = "Traceback"


def test_ranks_layouts_and_says_where_the_own_one_stands(clustersim: Command, plan: Path) -> None:
    result = clustersim("layouts", str(plan), "--top", "4")
    assert result.returncode == 0, result.stderr
    assert "64 GPUs, phase 'pre-training'" in result.stdout
    assert "The scenario's own layout" in result.stdout
    assert "layout: {" in result.stdout
    assert "\x1b" not in result.stdout
    assert result.stderr == ""


def test_json_accounts_for_every_layout(clustersim: Command, plan: Path) -> None:
    answer = json.loads(clustersim("layouts", str(plan), "--json", "--top", "3").stdout)
    assert answer["schema"] == "clustersim.layouts/1"
    counts = answer["counts"]
    assert counts.pop("considered") == sum(counts.values())
    assert [row["rank"] for row in answer["layouts"]] == [1, 2, 3]
    for row in answer["layouts"]:
        sizes = ("tensor_parallel", "context_parallel", "pipeline_parallel", "data_parallel")
        assert row[sizes[0]] * row[sizes[1]] * row[sizes[2]] * row[sizes[3]] == 64
        assert row["memory_bytes_per_gpu"] <= answer["memory_capacity_bytes"]
        assert row["step_time_low_s"] < row["step_time_s"] < row["step_time_high_s"]
    assert answer["own"]["zero_stage"] == 3
    assert answer["own"]["step_time_s"] >= answer["layouts"][0]["step_time_s"]


def test_what_yaml_prints_can_be_pasted_and_is_predicted_alike(clustersim: Command, plan: Path) -> None:
    """The pasted scenario passes ``check``, which predicts the time that the search gave."""
    first = json.loads(clustersim("layouts", str(plan), "--json").stdout)["layouts"][0]
    pasted = yaml.safe_load(clustersim("layouts", str(plan), "--yaml").stdout)
    document = yaml.safe_load(plan.read_text("utf-8"))
    document["training"].update(pasted)
    document["training"]["start"] = "2027-01-11"
    plan.write_text(yaml.safe_dump(document), "utf-8")
    checked = json.loads(clustersim("check", str(plan), "--json").stdout)
    assert checked["phases"][0]["step_time_s"] == pytest.approx(first["step_time_s"], rel=1e-9)
    assert checked["phases"][0]["memory_bytes_per_gpu"] == pytest.approx(first["memory_bytes_per_gpu"], rel=1e-9)


def test_out_holds_every_predicted_layout(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    result = clustersim("layouts", str(plan), "--out", "found.csv", "--json", "--top", "2")
    predicted = json.loads(result.stdout)["counts"]["predicted"]
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == predicted
    times = [float(row["step_time_s"]) for row in rows]
    assert times == sorted(times)
    assert "found.csv" in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {plan.name, "found.csv"}


def test_another_size_of_the_job(clustersim: Command, plan: Path) -> None:
    answer = json.loads(clustersim("layouts", str(plan), "--gpus", "32", "--json").stdout)
    assert answer["gpus"] == 32
    assert answer["own"] is None
    assert answer["own_problems"] == ["it uses 64 GPUs, not 32"]
    assert answer["layouts"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--gpus", "60"), "60 GPUs are not a whole number of nodes of 8; use 56 or 64"),
        (("--gpus", "640"), "640 GPUs are more than the 64 of 9 nodes less 1 spares"),
        (("--phase", "annealing"), "no phase 'annealing'; the scenario has 'pre-training'"),
        (("--set", "training.precision=fp4"), "gives no dense fp4 peak"),
        (("--set", "model=lama3"), "did you mean"),
        (("--out", "nowhere/found.csv"), "there is no folder"),
        (("--out", "."), "is a folder"),
    ],
)
def test_what_cannot_be_searched_is_said_with_its_place(
    clustersim: Command, plan: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = clustersim("layouts", str(plan), *arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert TRACEBACK not in result.stderr
    assert result.stdout == ""


def test_an_impossible_layout_in_the_scenario_is_what_one_searches_for(clustersim: Command, plan: Path) -> None:
    text = plan.read_text("utf-8").replace(
        "{data_parallel: 64, zero_stage: 3}", "{tensor_parallel: 3, data_parallel: 64}"
    )
    plan.write_text(text, "utf-8")
    assert clustersim("check", str(plan)).returncode == 2
    answer = json.loads(clustersim("layouts", str(plan), "--gpus", "64", "--json").stdout)
    assert answer["layouts"]
    assert answer["own"] is None


def test_nothing_fits(clustersim: Command, plan: Path) -> None:
    settings = ("--set", "cluster.node.accelerator.memory=4 GB", "--set", "model=llama3-405b")
    result = clustersim("layouts", str(plan), *settings)
    assert result.returncode == 2
    assert "No layout fits. The nearest miss: TP8" in result.stdout
    assert "no layout fits" in result.stderr
    assert TRACEBACK not in result.stderr
    answer = json.loads(clustersim("layouts", str(plan), *settings, "--json").stdout)
    assert answer["layouts"] == []
    assert answer["yaml"] is None
    assert all(family["whole"] for family in answer["rejected"])


def test_narrow_and_without_colour(clustersim: Command, plan: Path) -> None:
    result = clustersim("layouts", str(plan), COLUMNS="60", NO_COLOR="1")
    assert max(len(line) for line in result.stdout.splitlines()) <= 60
    assert "\x1b" not in result.stdout


def test_experts(clustersim: Command, plan: Path) -> None:
    answer = json.loads(
        clustersim(
            "layouts", str(plan), "--set", "model=mixtral-8x7b", "--set", "training.layout.zero_stage=1", "--json"
        ).stdout
    )
    assert answer["layouts"]
    assert {row["expert_parallel"] for row in answer["layouts"]} - {1}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a child there")
def test_an_interrupt_is_no_traceback(plan: Path, tmp_path: Path) -> None:
    program = [str(Path(sys.executable).parent / "clustersim"), "layouts", str(plan), "--top", "5000"]
    settings = ["--set", "cluster.nodes=4097", "--set", "training.phases[0].global_batch=8192", "--gpus", "32768"]
    child = subprocess.Popen(
        [*program, *settings], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )  # fmt: skip
    time.sleep(3.0)
    child.send_signal(signal.SIGINT)
    output, errors = child.communicate(timeout=300)
    assert TRACEBACK not in errors
    if child.returncode != 0:
        assert child.returncode == 130
        assert "Interrupted" in output + errors
