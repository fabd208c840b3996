"""One process of several that run a list of jobs in turn: starting Python and torch is paid for once.

``python -m tests.validation.gpt.worker RANK JOBS.json``: see :mod:`tests.validation.gpt.launch`. Processes beyond the
world of a job leave it out. The exit codes end up in ``result.RANK.json`` beside the list.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.validation.gpt.damage import damage_newest
from validation.gpt.__main__ import main
from validation.gpt.step import StepResult, TrainingStep

RUN = TrainingStep.run


def signal_before(step: int) -> None:
    """Send this process SIGTERM when it comes to a step; 0 is never."""

    def run(self: TrainingStep, number: int, *arguments: Any) -> StepResult:
        if number == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return RUN(self, number, *arguments)

    TrainingStep.run = run  # type: ignore[method-assign]


def environment(rank: int, world: int, port: int) -> dict[str, str]:
    """What torchrun tells a process of the only host, which holds the store itself."""
    numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "MASTER_PORT": port, "GROUP_WORLD_SIZE": 1}
    elastic = {"TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "0"}
    return {"MASTER_ADDR": "127.0.0.1", **elastic} | {name: str(number) for name, number in numbers.items()}


def run(rank: int, path: Path) -> None:
    codes: list[int | None] = []
    for job in json.loads(path.read_text()):
        if rank >= job["world"]:
            codes.append(None)
            continue
        if rank == 0 and job["damage"]:
            damage_newest(Path(job["damage"]))
        os.environ |= environment(rank, job["world"], job["port"])
        signal_before(job["signal_before"] if rank == job["world"] - 1 else 0)
        codes.append(main(job["arguments"]))
    path.with_name(f"result.{rank}.json").write_text(json.dumps(codes))


if __name__ == "__main__":
    run(int(sys.argv[1]), Path(sys.argv[2]))
