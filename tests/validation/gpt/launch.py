"""Jobs on several processes, all started at once and kept for the whole test session."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PATIENCE_S = 300.0

TINY = """
[model]
layers = 2
hidden = 32
heads = 4
kv_heads = 2
ffn_hidden = 48
vocab = 64

[train]
sequence_length = 16
micro_batch = 1
global_batch = 4
steps = 5
learning_rate = 1e-2
warmup_steps = 2
clip = 0.5

[parallel]
threads = 1
"""
"""Clipping is at work: the norm of the gradient is about 1. Each process has several micro-batches."""


@dataclass(frozen=True)
class Job:
    """A run of the job.

    ``folder`` names its output (its own name when empty); ``signal_before`` is the step before which the last process
    gets SIGTERM; ``damage`` is the output whose newest checkpoint is damaged before the run.
    """

    name: str
    world: int
    settings: tuple[str, ...] = ()
    folder: str = ""
    signal_before: int = 0
    damage: str = ""


@dataclass(frozen=True)
class Runs:
    """Outputs of jobs that ran."""

    root: Path
    codes: dict[str, list[int]]

    def events(self, name: str) -> list[dict[str, Any]]:
        return read_events(self.root / name)

    def steps(self, name: str) -> list[dict[str, Any]]:
        return steps_of(self.events(name))

    def losses(self, name: str) -> list[float]:
        return [step["loss"] for step in self.steps(name)]

    def norms(self, name: str) -> list[float]:
        return [step["gradient_norm"] for step in self.steps(name)]

    def measurement(self, name: str) -> dict[str, Any]:
        return json.loads((self.root / name / "measurement.json").read_text())


def read_events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def steps_of(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == "step"]


def arguments_of(config: Path, out: Path, settings: Sequence[str]) -> list[str]:
    return [str(config), "--out", str(out), *(word for setting in settings for word in ("--set", setting))]


def run_jobs(root: Path, jobs: Sequence[Job]) -> Runs:
    """Run jobs in turn on as many processes as the largest needs.

    The processes of a job meet at a store that is open before they start, as under torchrun: a port that is only chosen
    beforehand may be taken by the time its job comes.
    """
    from torch.distributed import TCPStore

    config = root / "tiny.toml"
    config.write_text(TINY)
    stores = [TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False) for _job in jobs]
    listed = [_described(root, config, job, store.port) for job, store in zip(jobs, stores, strict=True)]
    (root / "jobs.json").write_text(json.dumps(listed))
    world = max(job.world for job in jobs)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.validation.gpt.worker"]
    workers = []
    for rank in range(world):
        with (root / f"worker.{rank}.txt").open("w") as output:
            words = [*command, str(rank), str(root / "jobs.json")]
            workers.append(subprocess.Popen(words, cwd=ROOT, env=environment, stdout=output, stderr=output))
    _wait(workers, root)
    results = [json.loads((root / f"result.{rank}.json").read_text()) for rank in range(world)]
    codes = {job.name: [result[place] for result in results[: job.world]] for place, job in enumerate(jobs)}
    return Runs(root, codes)


def _described(root: Path, config: Path, job: Job, port: int) -> dict[str, Any]:
    folder = root / (job.folder or job.name)
    return {
        "world": job.world,
        "port": port,
        "signal_before": job.signal_before,
        "damage": str(root / job.damage / "checkpoints") if job.damage else "",
        "arguments": arguments_of(config, folder, [setting.replace("ROOT", str(root)) for setting in job.settings]),
    }


def _wait(workers: Sequence["subprocess.Popen[bytes]"], root: Path) -> None:
    """Wait for all; when one fails, end the others, which would wait for it."""
    deadline = time.monotonic() + PATIENCE_S
    while any(worker.poll() is None for worker in workers):
        if any(worker.poll() for worker in workers) or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    for worker in workers:
        worker.kill()
        worker.wait()
    if any(worker.returncode for worker in workers):
        said = "\n".join(path.read_text()[-3000:] for path in sorted(root.glob("worker.*.txt")))
        message = f"processes ended with {[worker.returncode for worker in workers]}:\n{said}"
        raise AssertionError(message)
