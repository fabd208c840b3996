"""Every snippet of the README is executed, and what it shows is what comes out."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import clustersim as cs
from tests.docs.snippets import ROOT, Snippet, snippets

README = ROOT / "README.md"
SNIPPETS = snippets(README)
SCRIPTS = Path(sys.executable).parent
TOLERANCE = 0.02
"""Shown numbers may differ by this much between machines: the last digit of a rounding, not a result."""


def clustersim(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "80", "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [str(SCRIPTS / "clustersim"), *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip


def of(language: str) -> list[Snippet]:
    return [snippet for snippet in SNIPPETS if snippet.language == language]


def shown(command: str) -> Snippet:
    return next(s for s in SNIPPETS if s.command == command)


def assert_same(actual: str, expected: str) -> None:
    """Same words, and numbers that agree: to two per cent, and to one unit of the last printed digit."""
    number = re.compile(r"-?\d[\d,]*\.?\d*")
    assert number.sub("#", actual).split() == number.sub("#", expected).split()
    for got, want in zip(number.findall(actual), number.findall(expected), strict=True):
        unit = 10.0 ** -len(want.partition(".")[2])
        close = pytest.approx(float(want.replace(",", "")), rel=TOLERANCE, abs=unit)
        assert float(got.replace(",", "")) == close


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    return tmp_path


def test_the_two_commands_are_the_ones_the_build_runs() -> None:
    build = (ROOT / ".ci" / "run").read_text("utf-8")
    commands = [s.text.strip() for s in of("sh") if "venv" in s.text]
    assert len(commands) == 2
    for command in commands:
        assert command in build


def test_the_flagship_prints_what_the_readme_shows(project: Path) -> None:
    result = clustersim("run", "scenarios/llama3-405b.yaml", folder=project)
    assert result.returncode == 0, result.stderr
    block = shown("clustersim run scenarios/llama3-405b.yaml")
    assert_same(block.cut(result.stdout), block.text)
    written = {str(path.relative_to(project / "llama3-405b-forecast")) for path in project.glob("*-forecast/**/*.*")}
    assert {"report.html", "summary.json", "scenario.resolved.yaml", "records/intervals.parquet"} <= written


@pytest.mark.parametrize(
    "command", [s.command for s in SNIPPETS if re.match("clustersim (step|layouts|validate)", s.command)]
)
def test_a_command_prints_what_the_readme_shows(command: str) -> None:
    result = clustersim(*command.split()[1:])
    assert result.returncode == 0, result.stderr
    block = shown(command)
    assert_same(block.cut(result.stdout), block.text)


def test_the_scenario_of_the_readme_is_the_quickstart_and_loads(tmp_path: Path) -> None:
    text = next(s.text for s in of("yaml") if s.text.startswith("# scenario"))
    path = tmp_path / "plan.yaml"
    path.write_text(text, "utf-8")
    assert yaml.safe_load(text) == yaml.safe_load((ROOT / "scenarios/quickstart.yaml").read_text("utf-8"))
    assert cs.load(path).run_plan.gpus == 64


def test_the_mistakes_of_the_readme_are_reported_as_shown(tmp_path: Path) -> None:
    text = next(s.text for s in of("yaml") if s.note == "problems")
    (tmp_path / "plan.yaml").write_text(text, "utf-8")
    result = clustersim("check", "plan.yaml", folder=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == shown("clustersim check plan.yaml").text


@pytest.mark.parametrize(
    "line", [line for s in of("sh") for line in s.text.splitlines() if line.startswith("clustersim")]
)
def test_each_command_of_the_readme_works(line: str, project: Path) -> None:
    import shlex

    arguments = shlex.split(line)[1:]
    if arguments[0] == "run":
        arguments += ["--set", "study.replications=4"]
    result = clustersim(*arguments, folder=project)
    assert result.returncode == 0, result.stderr
    assert result.stdout


def test_the_python_of_the_readme_runs(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    for snippet in of("python"):
        exec(compile(snippet.text, str(README), "exec"), {})
    assert float(capsys.readouterr().out) > 0.0


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8")):
        assert (ROOT / target).exists(), target
