"""clustersim run --events, --trace, --replication: one run out of many, on paper and on screen."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

import clustersim as cs
from tests.cli.conftest import Command
from tests.report.trace_check import trace_errors

COMMAND = str(Path(sys.executable).parent / "clustersim")


def test_log_and_trace_are_written_beside_the_forecast(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    result = clustersim("run", str(plan), "--out", "out", "--events", "run.log", "--trace", "run.json.gz")
    assert result.returncode == 0, result.stderr
    assert "effective time" in result.stdout
    assert "Event log: run.log" in result.stderr
    assert "Trace: run.json.gz. Open it at ui.perfetto.dev." in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"plan.yaml", "out", "run.log", "run.json.gz"}
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    number = summary["sample_timeline"]["replication"]
    log = (tmp_path / "run.log").read_text("utf-8")
    assert log.startswith(f"# A small plan: replication {number}, the median by wall time, seed 0, clustersim ")
    assert log.splitlines()[-1].split()[2] == "finished"
    trace = gzip.decompress((tmp_path / "run.json.gz").read_bytes()).decode("utf-8")
    assert trace_errors(trace) == []
    assert json.loads(trace)["otherData"]["replication"] == number


def test_a_dash_prints_the_log_in_place_of_the_summary(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    printed = clustersim("run", str(plan), "--events", "-", NO_COLOR="1")
    assert printed.returncode == 0, printed.stderr
    assert "report.html" in printed.stderr
    assert "\x1b" not in printed.stdout
    assert printed.stdout == cs.event_log(cs.load(plan).run(workers=1))
    assert (tmp_path / "plan-forecast" / "report.html").exists()
    assert not (tmp_path / "-").exists()


def test_another_replication_is_another_run_and_the_forecast_stays(
    clustersim: Command, plan: Path, tmp_path: Path
) -> None:
    logs = {}
    for which in ("median", "fastest", "slowest", "0", "3"):
        result = clustersim("run", str(plan), "--out", which, "--events", "-", "--replication", which)
        assert result.returncode == 0, result.stderr
        logs[which] = result.stdout
    assert logs["fastest"] != logs["slowest"]
    assert "replication 3, seed 0" in logs["3"]
    assert (tmp_path / "median" / "summary.json").read_bytes() == (tmp_path / "slowest" / "summary.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--replication", "2"), "--replication: chooses what --events and --trace show; add one of them"),
        (
            ("--events", "-", "--replication", "4"),
            "--replication 4: must be median, fastest, slowest or a number from 0 to 3 (study.replications: 4)",
        ),
        (("--events", "-", "--replication", "worst"), "--replication worst: must be"),
        (("--events", "-", "--json"), "--events -: --json prints to standard output too; name a file for one of them"),
        (("--events", "no/run.log"), "--events no/run.log: No such file or directory"),
        (("--events", "."), "--events .: is a folder; name a file in it"),
        (("--events", "plan.yaml"), "--events plan.yaml: is what the command reads; name another file"),
        (("--events", "out/run.log"), "--events out/run.log: lies in the output folder"),
        (("--trace", "out/run.json"), "--trace out/run.json: lies in the output folder"),
        (("--trace", "run.txt"), "--trace run.txt: its name must end in .json or .json.gz"),
        (("--events", "run.json", "--trace", "./run.json"), "--trace run.json: is the file of --events; name another"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_simulated(
    clustersim: Command, plan: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "out").mkdir()
    result = clustersim("run", "plan.yaml", "--out", "out", *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["out", plan.name]


def test_a_reader_of_the_log_may_leave_early(plan: Path, tmp_path: Path) -> None:
    line = f"'{COMMAND}' run '{plan}' --events - | head -n 1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr


def test_the_log_survives_a_terminal_without_unicode(clustersim: Command, plan: Path) -> None:
    plan.write_text(plan.read_text("utf-8").replace("A small plan", "Größe"), "utf-8")
    result = clustersim("run", str(plan), "--events", "-", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert result.returncode == 0, result.stderr
    assert result.stdout.isascii()


def test_the_python_api_writes_the_same_trace(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    assert clustersim("run", str(plan), "--trace", "a.json", "--replication", "1").returncode == 0
    cs.write_trace(cs.load(plan).run(workers=1), tmp_path / "b.json", 1)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
