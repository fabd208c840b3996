"""Runs that end from outside: by SIGKILL, of one process or of one among several, and by SIGTERM to torchrun."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.validation.gpt.launch import ROOT, TINY, arguments_of, read_events, steps_of

PATIENCE_S = 300.0
LONG = ("train.steps=100000", "checkpoint.every_steps=2", "checkpoint.mode=async")


def start(command: Sequence[str], folder: Path, settings: Sequence[str]) -> "subprocess.Popen[bytes]":
    config = folder / "tiny.toml"
    config.write_text(TINY)
    words = [*command, "-m", "validation.gpt", *arguments_of(config, folder / "out", settings)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (folder / "said.txt").open("w") as said:
        return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=said, stderr=said)


def wait_for_checkpoint(process: "subprocess.Popen[bytes]", folder: Path, step: int) -> None:
    wait_for(process, folder, lambda line: '"event": "checkpoint"' in line and f'"step": {step},' in line)


def wait_for(process: "subprocess.Popen[bytes]", folder: Path, wanted: Callable[[str], bool]) -> None:
    """Wait until a line of the log is the wanted one."""
    deadline = time.monotonic() + PATIENCE_S
    log = folder / "out" / "log.jsonl"
    while time.monotonic() < deadline:
        assert process.poll() is None, (folder / "said.txt").read_text()
        if log.exists() and any(wanted(line) for line in log.read_text().splitlines()):
            return
        time.sleep(0.05)
    process.kill()
    raise AssertionError((folder / "said.txt").read_text())


def test_a_killed_run_leaves_whole_lines_and_goes_on(train: Callable[..., int], tmp_path: Path) -> None:
    process = start([sys.executable], tmp_path, LONG)
    wait_for_checkpoint(process, tmp_path, 4)
    process.kill()
    process.wait()
    before = read_events(tmp_path / "out")  # every line is JSON
    assert before[-1]["event"] != "end"
    reached = steps_of(before)[-1]["step"]
    last = reached + 3
    assert train(tmp_path / "out", *LONG, f"train.steps={last}", "train.schedule=constant") == 0
    second = [event for event in read_events(tmp_path / "out") if event["attempt"] == 1]
    resumed = next(event["step"] for event in second if event["event"] == "resume")
    assert 4 <= resumed <= reached
    assert [step["step"] for step in steps_of(second)] == list(range(resumed + 1, last + 1))


def test_torchrun_restarts_a_killed_process_and_passes_sigterm_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    process = start([*command, "--max-restarts", "1"], tmp_path, [*LONG, "parallel.data=2"])
    wait_for_checkpoint(process, tmp_path, 2)
    os.kill(children(process.pid)[1], signal.SIGKILL)
    wait_for(process, tmp_path, lambda line: '"event": "step"' in line and '"attempt": 1' in line)
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE_S)
    events = read_events(tmp_path / "out")
    assert [event["reason"] for event in events if event["event"] == "end"][-1] == "stopped by SIGTERM"
    second = [event for event in events if event["attempt"] == 1]
    stopped = second[-1]["step"]
    resumed = next(event["step"] for event in second if event["event"] == "resume")
    assert resumed >= 2
    assert [step["step"] for step in steps_of(second)] == list(range(resumed + 1, stopped + 1))
    assert [event["step"] for event in second if event["event"] == "checkpoint"][-1] == stopped


def children(parent: int) -> list[int]:
    """Processes that a process started, in the order of their numbers."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return sorted(found)
