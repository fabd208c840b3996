"""clustersim learn: what the run learns, on a terminal and as JSON."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_json_is_that_of_the_run(clustersim: Command, plan: Path) -> None:
    learned = json.loads(clustersim("learn", str(plan), "--json").stdout)
    ran = json.loads(clustersim("run", str(plan), "--json").stdout)
    assert learned == {"scenario": ran["scenario"], "learning": ran["learning"]}


def test_it_writes_no_file(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    result = clustersim("learn", str(plan))
    assert result.returncode == 0, result.stderr
    assert "What emerges" in result.stdout
    assert "The optimizer's loop" in result.stdout
    assert "The corpus" not in result.stdout, "the plan names none"
    assert sorted(tmp_path.iterdir()) == before


def test_a_corpus_joins_in(clustersim: Command, plan: Path) -> None:
    result = clustersim("learn", str(plan), "--set", "corpus=dolma-web")
    assert "The corpus: dolma-web" in result.stdout


def test_a_wrong_setting_is_told_with_its_place(clustersim: Command, plan: Path) -> None:
    result = clustersim("learn", str(plan), "--set", "training.optimizer.recipe=moden")
    assert result.returncode == 2
    assert "did you mean 'modern'?" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_log_and_other_models_join_in(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    rows = "".join(f"{step},{3.0 * (step / 1000) ** -0.1:.4f}\n" for step in range(1000, 24000, 200))
    (tmp_path / "losses.csv").write_text(f"step,loss\n{rows}", "utf-8")
    longer = "training.phases[0].tokens=200B tokens"
    settings = (
        "--set",
        longer,
        "--set",
        "learning.log.file=losses.csv",
        "--set",
        "learning.against=[{model: llama3-70b}]",
    )
    result = clustersim("learn", str(plan), *settings)
    assert result.returncode == 0, result.stderr
    assert "From the run's own log" in result.stdout
    assert "Beside other models" in result.stdout
    assert "llama3-70b" in result.stdout
    ran = clustersim("run", str(plan), *settings, "--out", "out")
    assert ran.returncode == 0, ran.stderr
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert 'id="figure-own-log"' in report
    learning = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["learning"]
    assert learning["own_log"]["final"]["p5"] < learning["own_log"]["final"]["p95"]
    again = clustersim("learn", "out/scenario.resolved.yaml", "--json")
    assert json.loads(again.stdout)["learning"]["own_log"] == learning["own_log"], "the resolved scenario stands alone"


@pytest.mark.parametrize("command", ["check", "learn", "run"])
def test_a_broken_log_is_told_whole(clustersim: Command, plan: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "losses.csv").write_text("step,loss\n100,3.0\nx,2.9\n200,-1\n99999,2.5\n", "utf-8")
    result = clustersim(command, str(plan), "--set", "learning.log.file=losses.csv")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    for words in (
        "losses.csv:3:1: step: 'x' is no number",
        "losses.csv:4:2: loss: '-1' is not above zero",
        "losses.csv:5:1: step: 99,999 is past the end of the plan, step 4,769 at 20B tokens",
    ):
        assert f"--set learning.log.file: {words}" in result.stderr
    assert not (tmp_path / "plan-forecast").exists()
