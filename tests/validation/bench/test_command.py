"""The command as a user runs it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from validation.bench.__main__ import main
from validation.bench.suite import SECTIONS

pytest.importorskip("torch")

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "validation.bench", "--small", "--device", "cpu"]

CONFIG = """
[model]
layers = 1
hidden = 64
heads = 4
kv_heads = 2
ffn_hidden = 192
vocab = 256
[train]
sequence_length = 32
micro_batch = 3
global_batch = 6
steps = 1
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One small run of everything on the shape of a settings file."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "job.toml").write_text(CONFIG)
    command = [*COMMAND, "--out", str(folder / "bench.json"), "--shapes", str(folder / "job.toml")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert [line.split(":")[0] for line in done.stdout.splitlines()[:-1]] == list(SECTIONS)
    read: dict[str, Any] = json.loads((folder / "bench.json").read_text())
    return read


def records(read: dict[str, Any], section: str, **parameters: object) -> list[dict[str, Any]]:
    return [
        record for record in read["records"] if record["section"] == section and parameters.items() <= record.items()
    ]


def test_envelope(small: dict[str, Any]) -> None:
    assert (small["schema"], small["kind"]) == (1, "microbenchmarks")
    facts = small["environment"]
    assert (facts["device"], facts["backend"], facts["world"], facts["threads"]) == ("cpu", "gloo", 2, 1)
    assert {"date", "torch", "python", "name", "cpus"} <= facts.keys()
    assert all(state.startswith("done in ") for state in small["sections"].values())
    assert list(small["sections"]) == list(SECTIONS)


def test_every_record_has_its_time(small: dict[str, Any]) -> None:
    sections = {"gemm", "memory", "optimizer", "attention", "collective", "checkpoint", "process_group"}
    assert {record["section"] for record in small["records"]} == sections
    for record in small["records"]:
        assert record["time_s"] > 0.0, record
        assert record["iqr_s"] >= 0.0
        assert record["repeats"] >= 1


def test_one_case_of_each_section(small: dict[str, Any]) -> None:
    (head,) = records(small, "gemm", matrix="head", op="forward", precision="fp32", processes=2)
    assert (head["m"], head["n"], head["k"], head["threads"]) == (96, 256, 64, 1)
    assert head["flop"] == 2 * 96 * 256 * 64 == 3_145_728
    (add,) = records(small, "memory", op="add", tensor_bytes=2**18, processes=2)
    assert add["bytes"] == 3 * 2**18
    (backward,) = records(small, "attention", op="backward", precision="bf16", processes=1)
    assert backward["flop"] == 983_040
    operations = {record["op"] for record in records(small, "collective", devices=2, backend="gloo", bytes=2**16)}
    assert operations == {"all_reduce", "all_gather", "reduce_scatter", "all_to_all", "send_recv"}
    assert len(records(small, "checkpoint", bytes=2**20)) == 6
    (start,) = records(small, "process_group", devices=2)
    assert start["processes_s"] > start["import_s"] > start["first_collective_s"] > 0.0


def test_a_killed_run_leaves_a_whole_file_and_no_process(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    command = [*COMMAND, "--out", str(out), "--sections", "gemm,memory"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            wait_until(lambda: out.exists() and json.loads(out.read_text())["records"])
        finally:
            assert process.poll() is None
            process.send_signal(signal.SIGKILL)
    read = json.loads(out.read_text())
    assert read["kind"] == "microbenchmarks"
    assert read["sections"]
    assert "memory" not in read["sections"] or not read["sections"]["memory"].startswith("done")
    wait_until(lambda: not session_members(process.pid))


def wait_until(holds: Any, limit_s: float = 300.0) -> None:
    end_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def session_members(leader: int) -> list[str]:
    """Processes of a session that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # ended meanwhile
            continue
        if session == str(leader) and state != "Z":
            found.append(stat.parent.name)
    return found


def test_without_time_the_file_says_so(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    assert main(["--out", str(out), "--budget", "0", "--device", "cpu", "--sections", "gemm,checkpoint"]) == 0
    read = json.loads(out.read_text())
    assert read["sections"] == dict.fromkeys(("gemm", "checkpoint"), "not run: time budget spent")
    assert read["records"] == []


def test_one_process_has_nobody_to_send_to(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    assert main(["--out", str(out), "--small", "--device", "cpu", "--world", "1", "--sections", "collectives"]) == 0
    assert json.loads(out.read_text())["sections"]["collectives"].startswith("not run: one process")


def test_all_mistakes_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.toml").write_text(CONFIG.replace("heads = 4", "heads = 5"))
    arguments = ["--out", str(tmp_path / "none" / "x.json"), "--sections", "gemm,gem", "--world", "0", "--threads", "0"]
    arguments += ["--shapes", str(tmp_path / "bad.toml"), str(tmp_path / "missing.toml"), "--budget", "-1"]
    assert main([*arguments, "--device", "cpu"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("bench: ") for line in lines)
    wanted = ("bad.toml", "missing.toml", "unknown section 'gem'", "--world: 0", "--threads: 0", "--budget: -1", "none")
    for word in wanted:
        assert any(word in line for line in lines), word
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="there are CUDA devices")
def test_no_cuda_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "x.json"), "--device", "cuda"]) == 2
    assert "torch finds 0 CUDA devices" in capsys.readouterr().err


def test_help_is_quick_to_come() -> None:
    script = "import sys; from validation.bench.__main__ import main; main(['--help'])"
    check = f"import atexit, sys; atexit.register(lambda: sys.stderr.write(str('torch' in sys.modules))); {script}"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--shapes" in done.stdout
    assert done.stderr == "False"
