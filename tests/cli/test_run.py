"""clustersim run: what it prints, what it writes, and what it leaves alone."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import clustersim as cs
from tests.cli.conftest import Command

COMMAND = str(Path(sys.executable).parent / "clustersim")


def test_json_goes_to_standard_output_and_the_folder_holds_the_same(
    clustersim: Command, plan: Path, tmp_path: Path
) -> None:
    result = clustersim("run", str(plan), "--json", "--out", "out")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert summary["replications"] == summary["finished_replications"] == 4


def test_headline_numbers_carry_their_interval_and_unit(clustersim: Command, plan: Path) -> None:
    headline = json.loads(clustersim("run", str(plan), "--json").stdout)["headline"]
    units = ("_days", "_hours", "_fraction", "_usd", "_mwh", "_tonnes", "_minutes", "_per_token", "_date")
    counts = {"interruptions", "unexpected_interruptions", "planned_interruptions", "checkpoints"}
    for name, stat in headline.items():
        assert name.endswith(units) or name in counts, name
        if isinstance(stat, dict) and name != "finish_date":
            assert stat["p10"] <= stat["p50"] <= stat["p90"], name
            assert stat["mean_ci95_low"] <= stat["mean"] <= stat["mean_ci95_high"], name


def test_records_sum_to_the_wall_clock(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    summary = json.loads(clustersim("run", str(plan), "--json", "--out", "out").stdout)
    intervals = pq.read_table(tmp_path / "out" / "records" / "intervals.parquet").to_pydict()
    replications = pq.read_table(tmp_path / "out" / "records" / "replications.parquet").to_pydict()
    number = summary["sample_timeline"]["replication"]
    spent = sum(end - start for start, end in zip(intervals["start_s"], intervals["end_s"], strict=True))
    assert spent == pytest.approx(replications["wall_s"][number], rel=1e-9)
    assert set(intervals["state"]) >= {"productive", "restart", "checkpoint"}


def test_the_resolved_scenario_gives_the_same_forecast(clustersim: Command, plan: Path) -> None:
    first = json.loads(clustersim("run", str(plan), "--json", "--out", "out").stdout)
    again = json.loads(clustersim("run", "out/scenario.resolved.yaml", "--json", "--out", "again").stdout)
    assert first["headline"] == again["headline"]
    assert first["scenario"]["sha256"] == again["scenario"]["sha256"]


def test_workers_do_not_change_a_byte(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    for workers in ("1", "2"):
        assert clustersim("run", str(plan), "--workers", workers, "--out", workers).returncode == 0
    names = sorted(str(path.relative_to(tmp_path / "1")) for path in (tmp_path / "1").rglob("*.*"))
    assert names == sorted(str(path.relative_to(tmp_path / "2")) for path in (tmp_path / "2").rglob("*.*"))
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


def test_another_seed_is_another_run(clustersim: Command, plan: Path) -> None:
    first, second = (json.loads(clustersim("run", str(plan), "--json", "--seed", seed).stdout) for seed in "01")
    assert first["headline"]["gpu_hours"] != second["headline"]["gpu_hours"]


def test_an_earlier_forecast_is_replaced_and_other_files_are_not(
    clustersim: Command, plan: Path, tmp_path: Path
) -> None:
    assert clustersim("run", str(plan), "--out", "out").returncode == 0
    assert clustersim("run", str(plan), "--out", "out", "--seed", "1").returncode == 0
    assert json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["seed"] == 1
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("precious", "utf-8")
    result = clustersim("run", str(plan), "--out", "mine")
    assert result.returncode == 2
    assert "mine" in result.stderr
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]


def test_somebody_else_s_summary_does_not_make_a_folder_ours(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "summary.json").write_text('{"schema": "mine"}', "utf-8")
    (mine / "thesis.txt").write_text("precious", "utf-8")
    assert clustersim("run", str(plan), "--out", "mine").returncode == 2
    assert (mine / "thesis.txt").read_text("utf-8") == "precious"


def test_an_earlier_forecast_with_notes_in_it_is_kept(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    assert clustersim("run", str(plan), "--out", "out").returncode == 0
    (tmp_path / "out" / "notes.txt").write_text("precious", "utf-8")
    assert clustersim("run", str(plan), "--out", "out").returncode == 2
    assert (tmp_path / "out" / "notes.txt").read_text("utf-8") == "precious"


def test_a_file_in_the_way_is_refused(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious", "utf-8")
    result = clustersim("run", str(plan), "--out", "out")
    assert result.returncode == 2
    assert (tmp_path / "out").read_text("utf-8") == "precious"


def test_a_folder_that_cannot_be_made_is_an_error(clustersim: Command, plan: Path) -> None:
    result = clustersim("run", str(plan), "--out", "/proc/out")
    assert result.returncode == 2
    assert "--out /proc/out" in result.stderr
    assert "Traceback" not in result.stderr


def test_bad_input_is_told_with_its_place_and_leaves_nothing(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    plan.write_text(
        plan.read_text("utf-8").replace("nodes: 9", "nodes: nine").replace("zero_stage", "zero_stge"), "utf-8"
    )
    result = clustersim("run", str(plan))
    assert result.returncode == 2
    assert result.stdout == ""
    assert "plan.yaml:3:34: cluster.nodes:" in result.stderr
    assert "did you mean 'zero_stage'" in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["plan.yaml"]


@pytest.mark.parametrize(
    ("setting", "numbers"),
    [
        ("spares.warm=2", ("2", "9")),
        ("training.layout.zero_stage=0", ("80",)),
        ("training.phases[0].global_batch=500", ("500", "64")),
        ("training.precision=fp4", ("fp4",)),
    ],
)
def test_a_plan_that_cannot_be_says_which_number_breaks_it(
    clustersim: Command, plan: Path, setting: str, numbers: tuple[str, ...]
) -> None:
    result = clustersim("check", str(plan), "--set", setting)
    assert result.returncode == 2, result.stdout
    for number in numbers:
        assert number in result.stderr


def test_unfinished_runs_are_told(clustersim: Command, plan: Path) -> None:
    result = clustersim("run", str(plan), "--json", "--set", "training.deadline=2 hours")
    summary = json.loads(result.stdout)
    assert summary["finished_replications"] == 0
    assert summary["headline"]["wall_time_days"]["p50"] == pytest.approx(2 / 24)


def test_an_interrupt_keeps_what_is_done(plan: Path, tmp_path: Path) -> None:
    """The bar on a terminal says when the first runs are done; then Ctrl-C."""
    main, terminal = pty.openpty()
    started = subprocess.Popen(
        [COMMAND, "run", str(plan), "--set", "study.replications=100000", "--workers", "1", "--out", "out"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    seen = b""
    while not re.search(rb"[1-9]\d+/100000", seen):
        seen += os.read(main, 4096)
    started.send_signal(signal.SIGINT)
    assert started.wait(timeout=300) == 130
    os.close(main)
    assert {path.name for path in tmp_path.iterdir()} == {"plan.yaml", "out"}
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert 10 <= summary["replications"] < 100000


@pytest.mark.parametrize("form", ["--json", ""])
def test_a_closed_pipe_is_no_error(form: str, plan: Path, tmp_path: Path) -> None:
    line = f"'{COMMAND}' run '{plan}' {form} | head -n 1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert "Broken" not in result.stderr


def running_in_group(group: int) -> list[str]:
    """Processes of a group that still run; ended ones that nobody has waited for do not count."""
    running = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        state, _parent, of_group = rest.split()[:3]
        if int(of_group) == group and state != "Z":
            running.append(name)
    return running


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the process table of Linux")
def test_no_process_outlives_the_command(plan: Path, tmp_path: Path) -> None:
    started = subprocess.Popen(
        [COMMAND, "run", str(plan), "--workers", "2"], cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert started.wait(timeout=300) == 0
    # On a busy machine the tracker of the workers' resources takes a moment to see that they are gone.
    given_up = time.monotonic() + 20.0
    while running_in_group(started.pid) and time.monotonic() < given_up:
        time.sleep(0.05)
    assert running_in_group(started.pid) == []


def test_progress_shows_on_a_terminal_only(clustersim: Command, plan: Path, tmp_path: Path) -> None:
    assert "Simulating" not in clustersim("run", str(plan)).stderr
    main, terminal = pty.openpty()
    started = subprocess.Popen([COMMAND, "run", str(plan)], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    seen = b""
    while True:
        try:
            piece = os.read(main, 1024)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(main)
    assert started.wait(timeout=300) == 0
    assert b"Simulating" in seen


def test_colour_is_for_terminals_that_want_it(clustersim: Command, plan: Path) -> None:
    assert "\x1b" not in clustersim("run", str(plan)).stdout
    assert "\x1b" not in clustersim("run", str(plan), NO_COLOR="1", FORCE_COLOR="").stdout


def test_output_survives_a_terminal_without_unicode(clustersim: Command, plan: Path) -> None:
    result = clustersim("run", str(plan), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert result.returncode == 0, result.stderr
    assert result.stdout.isascii()


def test_the_python_api_is_the_same_forecast(clustersim: Command, plan: Path) -> None:
    printed = json.loads(clustersim("run", str(plan), "--json", "--seed", "3").stdout)
    forecast = cs.load(plan).run(seed=3, workers=1)
    assert forecast.summary["headline"]["gpu_hours"] == printed["headline"]["gpu_hours"]
