"""The accelerator suite: its small form on the processor, its counts, and what becomes of what fails."""

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from validation import gpu_suite

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, str(ROOT / "validation" / "gpu_suite.py"), "--small", "--device", "cpu"]
ON_CPU = ["--small", "--device", "cpu"]


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """The small form takes one thread, for good."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def machine() -> gpu_suite.Machine:
    return gpu_suite.Machine(torch.device("cpu"), small=False)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One small run of everything, as a program that stands alone."""
    folder = tmp_path_factory.mktemp("suite")
    command = [*COMMAND, "--out", str(folder / "cpu.json")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(f"0 with errors -> {folder / 'cpu.json'}")
    assert [path.name for path in folder.iterdir()] == ["cpu.json"]
    read: dict[str, Any] = json.loads((folder / "cpu.json").read_text())
    return read


def records(read: dict[str, Any], section: str, **labels: object) -> list[dict[str, Any]]:
    return [record for record in read["records"] if record["section"] == section and labels.items() <= record.items()]


def test_envelope(small: dict[str, Any]) -> None:
    assert (small["schema"], small["kind"]) == (1, "accelerator")
    assert {"date", "torch", "python", "device", "cpus", "load"} <= small["environment"].keys()
    assert list(small["sections"]) == list(gpu_suite.SECTIONS)
    assert all(state.startswith("done in ") for state in small["sections"].values())
    assert {record["section"] for record in small["records"]} == set(gpu_suite.SECTIONS)


def test_every_record_has_its_time_or_says_why_not(small: dict[str, Any]) -> None:
    for record in small["records"]:
        if "note" in record:
            assert record["note"] in ("not run: needs a CUDA device", "not run: no FP8 on this device")
        else:
            assert record["time_s"] > 0.0
            assert record["iqr_s"] >= 0.0
            assert record["repeats"] >= 3
    assert {record["section"] for record in small["records"] if "note" in record} == {
        "gemm",
        "layer",
        "host_copy",
        "power",
        "model",
    }


def test_counts_by_hand(small: dict[str, Any]) -> None:
    # Hidden 128, blocks of 256, four heads of 32, two of them with keys of their own.
    (qkv,) = records(small, "gemm", matrix="qkv", tp=1, m=512, op="dgrad")
    assert (qkv["n"], qkv["k"], qkv["flop"]) == (128 + 2 * 64, 128, 2 * 512 * 256 * 128)
    (experts,) = records(small, "gemm", matrix="bmm", groups=4)
    assert experts["flop"] == 2 * 4 * 64 * 256 * 128
    (forward,) = records(small, "attention", op="forward")
    assert forward["flop"] == 4 * (128 * 128 // 2) * 32 * 2 * 2 == 4_194_304
    (backward,) = records(small, "attention", op="backward")
    assert backward["flop"] == 10_485_760
    (swiglu,) = records(small, "memory", op="swiglu_eager")
    assert swiglu["bytes"] == 5 * 256 * 256 * 2
    assert swiglu["GBps"] == pytest.approx(swiglu["bytes"] / swiglu["time_s"] / 1e9)
    (loss,) = records(small, "memory", op="cross_entropy_fwd")
    assert loss["bytes"] == 2 * 64 * 1024 * 4
    (update,) = records(small, "optimizer", op="adamw_fp32")
    assert update["bytes"] == 7 * 4 * 2**20


def test_counts_of_layers_and_models_by_hand(small: dict[str, Any]) -> None:
    # A token's products: 128 x 256 (qkv), 128 x 128, 128 x 512 (gate and up), 256 x 128; and attention of 64 tokens.
    linear = 2 * (128 * 256 + 128 * 128 + 128 * 512 + 256 * 128)
    layer = 64 * linear + 4 * (64 * 64 // 2) * 32 * 2 * 2
    for op, passes in (("forward", 1), ("forward_backward", 3), ("forward_backward_recompute", 4)):
        (record,) = records(small, "layer", mode="eager", op=op)
        assert record["flop"] == passes * layer
        assert record["tflops"] == pytest.approx(record["flop"] / record["time_s"] / 1e12)
    plain, recomputed = records(small, "model", mode="eager")
    assert (plain["recompute"], recomputed["recompute"]) == (False, True)
    # Two sequences, two layers, and a head over 512 words; recomputation is no work of the model.
    assert plain["flop"] == recomputed["flop"] == 3 * (2 * 2 * layer + 2 * 128 * 128 * 512)
    parameters = 2 * (linear // 2 + 2 * 128) + 2 * 512 * 128 + 128
    assert plain["params"] == parameters
    parts = sum(plain[name] for name in ("forward_s", "backward_s", "clip_s", "optimizer_s"))
    assert parts == pytest.approx(plain["time_s"], rel=0.5)


def test_collectives_over_two_processes(small: dict[str, Any]) -> None:
    found = {(record["op"], record["bytes"]) for record in records(small, "collectives", devices=2)}
    operations = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all")
    assert found == {(op, size) for op in operations for size in (2**16, 2**20)}


def test_a_section_that_fails_is_recorded_and_the_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(suite: gpu_suite.Suite) -> None:
        suite.case({"section": "broken", "op": "divide"}, lambda: lambda: 1 // 0)
        suite.case({"section": "broken", "op": "pass"}, lambda: lambda: None, moved=4)
        problem = "the section itself"
        raise OSError(problem)

    monkeypatch.setitem(gpu_suite.SECTIONS, "broken", broken)
    monkeypatch.setitem(gpu_suite.SHARES, "broken", 1.0)
    out = tmp_path / "cpu.json"
    assert gpu_suite.main([*ON_CPU, "--out", str(out), "--sections", "broken,optimizer"]) == 1
    read = json.loads(out.read_text())
    assert read["sections"]["broken"] == "failed: OSError: the section itself"
    assert read["sections"]["optimizer"].startswith("done in ")
    divide, nothing, *others = read["records"]
    assert divide["error"].startswith("ZeroDivisionError")
    assert nothing["bytes"] == 4
    assert len(others) == 2
    assert "4 records, 1 with errors" in capsys.readouterr().out


def test_without_time_nothing_runs_and_every_section_says_so(tmp_path: Path) -> None:
    out = tmp_path / "cpu.json"
    assert gpu_suite.main([*ON_CPU, "--out", str(out), "--budget", "0"]) == 0
    read = json.loads(out.read_text())
    assert read["sections"] == dict.fromkeys(gpu_suite.SECTIONS, "not run: time budget spent")


def test_a_section_out_of_time_notes_the_rest_of_its_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(suite: gpu_suite.Suite) -> None:
        for number in range(3):
            suite.case({"section": "slow", "number": number}, lambda: lambda: time.sleep(0.02))

    monkeypatch.setitem(gpu_suite.SECTIONS, "slow", slow)
    monkeypatch.setitem(gpu_suite.SHARES, "slow", 1.0)
    out = tmp_path / "cpu.json"
    assert gpu_suite.main([*ON_CPU, "--out", str(out), "--sections", "slow", "--budget", "0.1"]) == 0
    first, _, last = json.loads(out.read_text())["records"]
    assert first["time_s"] >= 0.02
    assert last == {"section": "slow", "number": 2, "note": "not run: time"}


def test_a_killed_run_leaves_a_whole_file(tmp_path: Path) -> None:
    out = tmp_path / "cpu.json"
    with subprocess.Popen([*COMMAND, "--out", str(out)], stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(out.exists)
        finally:
            assert process.poll() is None
            process.send_signal(signal.SIGKILL)
    read = json.loads(out.read_text())
    assert read["kind"] == "accelerator"
    assert read["records"]
    assert len(read["sections"]) < len(gpu_suite.SECTIONS)


def wait_until(holds: Callable[[], bool], limit_s: float = 300.0) -> None:
    end_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_list_measures_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    began_s = time.monotonic()
    assert gpu_suite.main(["--list", "--device", "cpu"]) == 0
    assert time.monotonic() - began_s < 60.0
    text = capsys.readouterr().out
    for words in (
        "model=llama3-405b tp=8 matrix=up m=8192 n=13312 k=16384 dtype=bf16 op=wgrad",
        "model=llama2-7b tp=2 matrix=down m=2048 n=4096 k=5504 dtype=fp8 op=forward (not run: no FP8 on this device)",
        "op=snapshot tensors=256 pinned=True (not run: needs a CUDA device)",
        "model=gpt-1.3b layers=24",
        "state=model_step (not run: needs a CUDA device)",
        "op=all_reduce devices=2 bytes=1073741824",
    ):
        assert words in text


def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--out", str(tmp_path / "none" / "x.json"), "--sections", "gemm,gem", "--budget", "-1"]
    with pytest.raises(SystemExit, match="2"):
        gpu_suite.main([*arguments, "--device", "cpu"])
    text = capsys.readouterr().err
    for word in ("'gemm,gem'; give some of memory", "--budget: -1", "no folder for"):
        assert word in text
    with pytest.raises(SystemExit, match="2"):
        gpu_suite.main(["--device", "cpu"])
    assert "--out: missing" in capsys.readouterr().err


class Clock:
    """Time passes when an operation says so."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("durations_s", "repeats"),
    [
        ([0.01], 6),  # 0.06 s hold six calls, and all of them alike settle it
        ([1.0], 5),  # the least number
        ([1e-9], 60),  # the most
        ([0.02, 0.01], 4 * 5),  # never settled: all turns
    ],
)
def test_repeats(
    monkeypatch: pytest.MonkeyPatch, machine: gpu_suite.Machine, durations_s: list[float], repeats: int
) -> None:
    clock, calls = Clock(), 0

    def operation() -> None:
        nonlocal calls
        clock.now_s += durations_s[calls % len(durations_s)]
        calls += 1

    with monkeypatch.context() as patch:
        patch.setattr(time, "perf_counter", clock)
        found = gpu_suite.timed(operation, machine)
    assert found["repeats"] == repeats
    assert found["time_s"] == pytest.approx(sum(durations_s) / len(durations_s))
    assert calls == repeats + 3  # two to warm up and one to see how long it takes


def test_power_is_read_beside_the_work(monkeypatch: pytest.MonkeyPatch, machine: gpu_suite.Machine) -> None:
    readings = iter([f"{watts}.5, 1980, 60, 100\n0.1, 1, 1, 1" for watts in range(100, 200)])
    monkeypatch.setattr(gpu_suite, "nvidia_smi", lambda _query, _form: next(readings))
    monkeypatch.setattr(gpu_suite, "POWER_S", 0.75)
    found = gpu_suite.power_during(lambda: lambda: time.sleep(0.001), machine)
    assert found["samples"] >= 2
    assert (found["sm_mhz"], found["celsius"]) == (1980.0, 60.0)
    assert 100.5 < found["watts"] < 120.0


def test_a_machine_without_a_meter_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(_query: str, _form: str) -> str:
        problem = "nvidia-smi"
        raise FileNotFoundError(problem)

    monkeypatch.setattr(gpu_suite, "nvidia_smi", missing)
    monkeypatch.setattr(gpu_suite, "POWER_S", 0.2)
    suite = gpu_suite.Suite(gpu_suite.Machine(torch.device("cpu"), small=True), tmp_path / "x.json")
    suite.deadline_s = math.inf
    suite.case(
        {"section": "power", "state": "idle"},
        lambda: gpu_suite.power_during(lambda: lambda: time.sleep(0.01), suite.machine),
    )
    assert "error" in suite.records[0]
    assert "nvidia-smi" in suite.records[0]["error"]
