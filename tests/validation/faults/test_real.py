"""A real job that is killed, that fails, that is interrupted: it comes to its end, and nothing of it is left."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from validation.faults.account import account
from validation.faults.lives import lives
from validation.faults.plan import Incident, Scenario
from validation.faults.run import JobFailed, Observed, observe

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found as Linux shows them"),
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="the job that is broken needs torch"),
]

STEPS, EVERY = 80, 5
TRACE = "VALIDATION_FAULTS_TEST"
"""Environment variable by which a test knows the processes that it caused."""


def tables(**model: int) -> dict[str, dict[str, Any]]:
    """A job whose steps take some hundredths of a second to tenths."""
    shape = {"layers": 2, "hidden": 192, "heads": 4, "kv_heads": 4, "ffn_hidden": 512, "vocab": 2048}
    return {
        "model": {**shape, **model},
        "train": {"sequence_length": 256, "micro_batch": 1, "global_batch": 2, "schedule": "constant", "steps": STEPS},
        "parallel": {"data": 2, "threads": 1},
        "checkpoint": {"every_steps": EVERY},
    }


def broken(tmp_path: Path, config: dict[str, dict[str, Any]], *incidents: Incident) -> Observed:
    disk = tmp_path / "disk"
    disk.mkdir()
    return observe(Scenario("tiny", incidents, work_s=20.0), config, tmp_path, disk)


@pytest.fixture
def trace(monkeypatch: pytest.MonkeyPatch) -> str:
    """Mark all processes that are started from here."""
    name = uuid.uuid4().hex
    monkeypatch.setenv(TRACE, name)
    return name


def traced(trace: str, *, ranks: bool = False) -> list[int]:
    """Living processes of a test: all, or those of the job alone."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            of_the_job = not ranks or any(entry.startswith(b"RANK=") for entry in environment)
            if f"{TRACE}={trace}".encode() in environment and of_the_job:
                found.append(int(folder.name))
    return found


def test_a_job_that_is_killed_twice_trains_to_its_end(tmp_path: Path, trace: str) -> None:
    seen = broken(tmp_path, tables(), Incident(4.5, "kill", 1), Incident(9.0, "kill", 0))
    assert traced(trace) == []
    assert [(strike.category, strike.absorbed) for strike in seen.struck][:1] == [("kill", False)]
    assert len(seen.attempts) >= 2
    steps = [event["step"] for event in seen.events if event["event"] == "step"]
    assert set(steps) == set(range(1, STEPS + 1))
    found = account(lives(seen.events, seen.attempts, EVERY), seen.struck)
    assert found.lost_steps == len(steps) - STEPS
    assert found.productive_s == pytest.approx(STEPS * found.step_s)
    assert 0.0 < found.ettr < 1.0
    assert sum(found.states_s.values()) == pytest.approx(found.wall_s)
    # What nothing explains is small: every moment of the run has its state.
    assert abs(found.states_s["other"]) < 0.1 * found.wall_s
    assert len(found.detections_s) + found.unplanned_ends == len(seen.attempts) - 1
    assert all(part[0] > 0.0 for name, part in found.parts_s.items() if part and name != "warmup")


def test_a_job_that_cannot_run_says_why_and_leaves_nothing(tmp_path: Path, trace: str) -> None:
    with pytest.raises(JobFailed, match=r"(?s)tiny: exit code 1.*") as failed:
        broken(tmp_path, tables(heads=5))
    assert "not a multiple of model.heads = 5" in str(failed.value)
    assert traced(trace) == []


def test_an_interrupt_leaves_no_process_and_no_mount(tmp_path: Path, trace: str) -> None:
    out = tmp_path / "out.json"
    driver = subprocess.Popen(
        [sys.executable, "-m", "validation.faults", "--small", "--out", str(out)],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until_s = time.monotonic() + 300.0
        while not traced(trace, ranks=True) and time.monotonic() < until_s:
            time.sleep(0.05)
        assert traced(trace, ranks=True)
        driver.send_signal(signal.SIGINT)
        told = driver.communicate(timeout=300.0)[1]
    finally:
        driver.kill()
        driver.wait()
    assert driver.returncode == 130
    assert "Interrupted" in told
    assert traced(trace) == []
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    assert list(tmp_path.iterdir()) == []
