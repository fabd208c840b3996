"""``clustersim step``: text, JSON, a trace, and what goes wrong."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from clustersim.cli.step import step
from tests.report.trace_check import span_us, trace_errors

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

PHASE_FIELDS = [
    "name", "gpus", "layout", "schedule", "tokens", "steps", "sequence_length", "global_batch", "basis", "step_time_s",
    "step_time_low_s", "step_time_high_s", "step_time_sigma", "tokens_per_s", "model_tflops_per_gpu",
    "causal_model_tflops_per_gpu", "mfu_fraction", "hfu_fraction", "flop_convention", "breakdown_s",
    "memory_bytes_per_gpu", "memory_total_bytes", "memory_capacity_bytes", "extrapolations", "groups",
]  # fmt: skip
GROUP_FIELDS = [
    "dimension", "name", "ranks", "groups", "tier", "bandwidth_share", "collectives", "total_s", "exposed_s",
    "exposed_fraction",
]  # fmt: skip
COLLECTIVE_FIELDS = ["collective", "algorithm", "protocol", "size_bytes", "time_s", "calls"]


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


def test_the_fields_of_json_are_those_that_the_docs_describe(plan: Path) -> None:
    (phase, _) = json.loads(call(plan, "--json").stdout)["phases"]
    assert list(phase) == PHASE_FIELDS
    assert [group["dimension"] for group in phase["groups"]] == ["tensor", "data", "pipeline"]
    assert list(phase["groups"][0]) == GROUP_FIELDS
    assert list(phase["groups"][0]["collectives"][0]) == COLLECTIVE_FIELDS
    docs = (Path(__file__).parents[2] / "docs" / "step.md").read_text("utf-8")
    for field in ("schema", "name", "phases", *PHASE_FIELDS, *GROUP_FIELDS, *COLLECTIVE_FIELDS):
        assert re.search(rf"[`.]{field}[`\[]", docs), field


def test_json_and_text_say_the_same(plan: Path) -> None:
    (phase,) = json.loads(call(plan, "--json", "--phase", "long").stdout)["phases"]
    text = call(plan, "--phase", "long").stdout
    assert f"MFU {100 * phase['mfu_fraction']:.1f} %" in text
    assert f"{phase['model_tflops_per_gpu']:.0f} TFLOP/s a GPU" in text


def test_a_page_is_written(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "step.html"
    result = call(plan, "--out", out, "--phase", "long")
    assert result.exit_code == 0
    assert out.read_text("utf-8").startswith("<!doctype html>")
    assert "Page: " in result.stderr
    assert "long: " in result.stdout
    first = out.read_bytes()
    call(plan, "--out", out, "--phase", "long")
    assert out.read_bytes() == first
    assert sorted(one.name for one in tmp_path.iterdir()) == ["plan.yaml", "step.html"]


@pytest.mark.parametrize("option", ["--out", "--trace"])
def test_a_file_that_cannot_be_is_refused_before_anything_else(plan: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "there").mkdir()
    for name, words in (
        ("there", "is a folder; name a file in it"),
        ("nowhere/step.html", "there is no folder"),
        ("step.txt", "must end in"),
    ):
        result = call(plan, "--phase", "long", option, tmp_path / name)
        assert result.exit_code == 2, name
        assert f"{option} {tmp_path / name}: " in result.stderr
        assert words in result.stderr
        assert not result.stdout
    assert sorted(one.name for one in tmp_path.iterdir()) == ["plan.yaml", "there"]


def test_a_trace_of_several_phases_asks_which(plan: Path, tmp_path: Path) -> None:
    result = call(plan, "--trace", tmp_path / "trace.json")
    assert result.exit_code == 2
    assert "choose its phase with --phase, out of 'short', 'long'" in result.stderr
    assert not (tmp_path / "trace.json").exists()


def test_the_trace_spans_the_predicted_step(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "trace.json"
    (phase,) = json.loads(call(plan, "--json", "--phase", "long", "--trace", out).stdout)["phases"]
    text = out.read_text("utf-8")
    assert trace_errors(text) == []
    assert span_us(text) == pytest.approx(1e6 * phase["step_time_s"], abs=1e-3)
    about = json.loads(text)["otherData"]
    assert about["predicted_step_time_s"] == phase["step_time_s"]
    assert "last slice" in about["not_shown_task_by_task"]


def test_the_trace_of_a_measured_step_is_predicted(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "trace.json"
    call(plan, "--set", "training.phases[1].step_time=100 s", "--phase", "long", "--trace", out)
    text = out.read_text("utf-8")
    assert json.loads(text)["otherData"]["measured_step_time_s"] == 100.0
    assert 1e6 < span_us(text) < 90e6


def test_control_c_is_no_traceback(plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("clustersim.report.step_page.render_step", stop)
    result = call(plan, "--out", tmp_path / "step.html")
    assert result.exit_code == 130
    assert "Interrupted" in result.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["plan.yaml"]


def test_a_plain_step_imports_only_what_it_needs(plan: Path) -> None:
    code = (
        "import sys; from clustersim.cli.app import app; app(['step', sys.argv[1]], standalone_mode=False);"
        "found = {'scipy', 'pyarrow', 'networkx', 'jinja2', 'loky'} & set(sys.modules);"
        "sys.exit(repr(found) if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(plan)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_trace_that_cannot_be_written_is_no_traceback(plan: Path, tmp_path: Path) -> None:
    result = call(plan, "--phase", "long", "--trace", tmp_path / "nowhere" / "trace.json")
    assert result.exit_code == 2
    assert "--trace" in result.stderr
    assert not result.stdout
