"""``clustersim step``: text, JSON, a trace, and what goes wrong."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from clustersim.cli.step import step

PLAN = """\
name: A pipelined plan
model: llama3-70b
cluster: {node: dgx-h100, nodes: 8}
training:
  start: 2027-01-11
  layout: {tensor_parallel: 8, pipeline_parallel: 4, virtual_pipeline: 2, data_parallel: 2}
  phases:
    - {name: short, tokens: 20B tokens, sequence_length: 4096, global_batch: 32}
    - {name: long, tokens: 20B tokens, sequence_length: 8192, global_batch: 32}
checkpoint: {kind: asynchronous, write_bandwidth: 20 GB/s}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN, "utf-8")
    return path


def call(*arguments: str | Path) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(step)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_every_phase_is_shown(plan: Path) -> None:
    result = call(plan)
    assert result.exit_code == 0
    assert "short: " in result.stdout
    assert "long: " in result.stdout
    assert "pipeline bubble" in result.stdout


def test_json_is_one_object(plan: Path) -> None:
    shown = json.loads(call(plan, "--json", "--phase", "long").stdout)
    assert shown["schema"] == "clustersim.step/1"
    (phase,) = shown["phases"]
    assert phase["schedule"] == "1f1b"
    assert sum(phase["breakdown_s"].values()) == pytest.approx(phase["step_time_s"])


def test_a_setting_changes_the_step(plan: Path) -> None:
    def bubble(*settings: str) -> float:
        shown = json.loads(call(plan, "--json", "--phase", "short", *settings).stdout)
        return float(shown["phases"][0]["breakdown_s"]["bubble"])

    plain = bubble("--set", "training.layout.virtual_pipeline=1")
    assert bubble() < plain
    assert (
        bubble("--set", "training.layout.virtual_pipeline=1", "--set", "training.layout.schedule=zero-bubble") < plain
    )


def test_an_unknown_phase_is_named(plan: Path) -> None:
    result = call(plan, "--phase", "middle")
    assert result.exit_code == 2
    assert "--phase: no phase is called 'middle'; there are 'short', 'long'" in result.stderr
    assert not result.stdout


def test_an_impossible_schedule_is_refused(plan: Path) -> None:
    result = call(plan, "--set", "training.layout.schedule=gpipe")
    assert result.exit_code == 2
    assert "schedule gpipe has one chunk per stage; set virtual_pipeline 1 or schedule 1f1b" in result.stderr


def test_a_trace_is_written(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "trace.json"
    result = call(plan, "--phase", "long", "--trace", out)
    assert result.exit_code == 0
    trace = json.loads(out.read_text("utf-8"))
    assert trace["otherData"]["phase"] == "long"
    assert (trace["otherData"]["pipeline_ranks"], trace["otherData"]["chunks_per_rank"]) == (4, 2)
    passes = [event for event in trace["traceEvents"] if event.get("cat") in ("forward", "backward")]
    assert len(passes) == 4 * 2 * 16 * 2
    assert str(out) in result.stderr


def test_a_trace_that_cannot_be_written_is_no_traceback(plan: Path, tmp_path: Path) -> None:
    result = call(plan, "--trace", tmp_path / "nowhere" / "trace.json")
    assert result.exit_code == 2
    assert "--trace" in result.stderr
    assert not result.stdout
