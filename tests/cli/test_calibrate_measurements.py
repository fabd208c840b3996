"""``clustersim calibrate FILE...`` and ``clustersim validate real`` as a user meets them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.calibration.measured import cases
from tests.cli.conftest import Command


def tables(step: Any) -> dict[str, Any]:
    """Tables of the job that such a step is of."""
    model, layout = step.model, step.layout
    return {
        "model": {
            "layers": model.layers, "hidden": model.hidden, "heads": model.heads, "kv_heads": model.kv_heads,
            "ffn_hidden": model.ffn_hidden, "vocab": model.vocabulary, "tied": False,
        },
        "train": {
            "sequence_length": step.sequence_length, "micro_batch": layout.micro_batch,
            "global_batch": step.global_batch, "precision": step.precision,
        },
        "parallel": {
            "data": layout.data_parallel, "data_kind": "fsdp" if layout.zero_stage else "ddp",
            "reshard_after_forward": layout.zero_stage == 3, "tensor": layout.tensor_parallel,
            "pipeline": layout.pipeline_parallel, "pipeline_schedule": "1f1b",
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = [
        {
            "name": step.name, "split": step.split, "config": tables(step), "world": step.layout.gpus,
            "parameters": 1, "repeats": [], "step_time_s": step.time_s, "spread": 0.01,
        }
        for step in cases.steps(noise=0.01)
    ]  # fmt: skip
    tree = {
        "schema": 1, "kind": "campaign", "environment": {"device": "cpu", "name": "core", "cpus": 2, "torch": "2.13"},
        "runs": runs,
    }  # fmt: skip
    path = tmp_path_factory.mktemp("real") / "campaign.json"
    path.write_text(json.dumps(tree), "utf-8")
    return path


def test_files_follow_the_command_at_once(clustersim: Command, campaign: Path, tmp_path: Path) -> None:
    out = tmp_path / "cores.yaml"
    done = clustersim("calibrate", str(campaign), "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert tree["node"] == "cpu-host"
    assert tree["errors"]["test"]["steps"] == 13
    assert tree["errors"]["test"]["median"] < 0.05
    assert {item["name"] for item in tree["parameters"]} >= {"matrix.fp32", "memory", "scale_up", "contention"}
    assert "like: cpu-host" in out.read_text("utf-8")


def test_the_table_names_every_step(clustersim: Command, campaign: Path) -> None:
    done = clustersim("calibrate", "measurements", str(campaign))
    assert done.returncode == 0, done.stderr
    assert "Steps held out: 13, median error" in done.stdout
    for step in cases.steps():
        assert step.name in done.stdout


def test_held_out_jobs_are_validated(clustersim: Command, campaign: Path) -> None:
    done = clustersim("validate", "real", str(campaign))
    assert done.returncode == 0, done.stderr
    assert "real steps: held out: 13 cases, median error" in done.stdout
    tree = json.loads(clustersim("validate", "real", str(campaign), "--json").stdout)
    (file,) = tree["files"]
    assert file["groups"]["real steps: held out"]["median_error"] < 0.05
    assert file["groups"]["real steps: held out"]["judged"] == 13


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("hello", "neither JSON nor the output of nccl-tests"),
        ('{"kind": "poem", "schema": 1}', "kind 'poem' cannot be calibrated from"),
    ],
)
def test_what_is_no_measurement_is_refused(clustersim: Command, tmp_path: Path, content: str, said: str) -> None:
    bad, out = tmp_path / "bad.json", tmp_path / "out.yaml"
    bad.write_text(content, "utf-8")
    done = clustersim("calibrate", str(bad), str(tmp_path / "missing.json"), "--out", str(out))
    assert done.returncode == 2
    assert said in done.stderr
    assert "missing.json" in done.stderr
    assert not out.exists()


def test_an_unknown_base_is_named(clustersim: Command, campaign: Path) -> None:
    done = clustersim("calibrate", str(campaign), "--base", "abacus")
    assert done.returncode == 2
    assert "--base abacus: no such node. Known:" in done.stderr


def test_no_measurements_says_where_it_looked(clustersim: Command, tmp_path: Path) -> None:
    done = clustersim("validate", "real", str(tmp_path / "none.json"))
    assert done.returncode == 2
    assert "none.json" in done.stderr
