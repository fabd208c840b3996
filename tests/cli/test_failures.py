"""``clustersim failures LOG`` as a user meets it: to a scenario that runs, or to a list of what is wrong."""

import json
from pathlib import Path

import pytest

from tests.calibration.failure_log.logs import KINDS
from tests.cli.conftest import PLAN, Command

ROWS = """\
time,unit,unit_kind,category
2026-01-03T10:00Z,n1,node,fan
2026-01-09T11:00Z,n2,node,fan
2026-01-20T12:00Z,n1,node,fan
2026-01-25T12:00Z,run,job,software
"""
OPTIONS = ("--from", "2026-01-01", "--to", "2026-02-01", "--units", "node=64")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(ROWS, "utf-8")
    return path


def test_a_log_becomes_a_scenario_that_runs(clustersim: Command, log: Path, tmp_path: Path) -> None:
    done = clustersim("failures", log.name, *OPTIONS, "--out", "own.yaml")
    assert done.returncode == 0, done.stderr
    assert "log.csv, 2026-01-01 to 2026-02-01: 4 failures" in done.stdout
    assert "Failure model: own.yaml" in done.stderr
    (tmp_path / "base.yaml").write_text(PLAN, "utf-8")
    (tmp_path / "plan.yaml").write_text("extends: [base.yaml, own.yaml]\nname: Ours\n", "utf-8")
    run = clustersim("run", "plan.yaml", "--json", "--set", "failures.rate_multiplier=30", "--out", "forecast")
    assert run.returncode == 0, run.stderr
    resolved = (tmp_path / "forecast" / "scenario.resolved.yaml").read_text("utf-8")
    assert "faulty_gpu" not in resolved
    assert "fan:" in resolved
    assert json.loads(run.stdout)["headline"]["unexpected_interruptions"]["mean"] > 0.0


def test_json_holds_every_number(clustersim: Command, log: Path) -> None:
    done = clustersim("failures", log.name, *OPTIONS, "--json")
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert tree["window"] == {"text": "2026-01-01 to 2026-02-01", "days": 31.0}
    fan, software = tree["categories"]
    assert (fan["name"], fan["failures"], fan["units"]) == ("fan", 3, 64)
    assert fan["rate_s"]["low"] < fan["rate_s"]["value"] < fan["rate_s"]["high"]
    assert fan["entry"]["shape"] == 1.0
    assert software["weibull"] is None


def test_a_guessed_window_is_noted_beside_the_output(clustersim: Command, log: Path) -> None:
    done = clustersim("failures", log.name, "--units", "node=64")
    assert done.returncode == 0, done.stderr
    assert "Note: --from and --to not given" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_a_lemon_is_named(clustersim: Command, log: Path) -> None:
    rows = [f"2026-01-{day:02d}T07:00Z,n9,node,fan" for day in range(4, 12)]
    log.write_text(ROWS + "\n".join(rows) + "\n", "utf-8")
    done = clustersim("failures", log.name, *OPTIONS)
    assert done.returncode == 0, done.stderr
    assert "n9     fan               8" in done.stdout.partition("far too often")[2]


def test_everything_wrong_is_told_and_nothing_written(clustersim: Command, log: Path, tmp_path: Path) -> None:
    log.write_text(ROWS.replace("n2,node", "n2,nod").replace("01-20T12", "01-20T99"), "utf-8")
    out = tmp_path / "own.yaml"
    out.write_text("precious", "utf-8")
    done = clustersim("failures", log.name, "--units", "nodes=3", "--out", "own.yaml")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"--units nodes=3: unknown kind 'nodes', did you mean 'node'? known: {KINDS}",
        f"log.csv:3: column unit_kind: 'nod' is unknown, did you mean 'node'? known: {KINDS}",
        "log.csv:4: column time: '2026-01-20T99:00Z' is not a date: write e.g. 2024-04-01 or 2024-04-01T08:30Z",
    ]
    assert out.read_text("utf-8") == "precious"


@pytest.mark.parametrize("out", ["log.csv", "fleet.csv", "nowhere/own.yaml", "."])
def test_an_output_that_cannot_be_is_refused_first(clustersim: Command, log: Path, tmp_path: Path, out: str) -> None:
    (tmp_path / "fleet.csv").write_text("unit,unit_kind\n", "utf-8")
    done = clustersim("failures", log.name, "--fleet", "fleet.csv", "--out", out)
    assert done.returncode == 2
    assert done.stderr.startswith(f"--out {out}: ")


def test_a_log_that_is_not_there(clustersim: Command) -> None:
    done = clustersim("failures", "none.csv")
    assert (done.returncode, done.stderr) == (2, "none.csv: No such file or directory\n")
