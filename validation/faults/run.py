"""Runs one scenario: starts the job under torchrun, lets happen what is to happen, and takes stock."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from validation.faults.account import account, checkpoint_costs_s
from validation.faults.disk import small_disk
from validation.faults.lives import Event, lives, read_log
from validation.faults.plan import STOPPING, WORLD, Scenario
from validation.faults.processes import MARK, end_all
from validation.faults.strikes import Schedule, Struck, fault_of
from validation.faults.watching import Attempt, Heartbeat, Watcher
from validation.gpt.config_text import toml_text
from validation.machine import Watch

TICK_S = 0.02
"""Time between two looks at the job [s]: a tenth of a step."""

DISK_BYTES = 400 << 20
"""Size of the file system of the checkpoints: seven of them, three of which are there at once."""

SPARE_RESTARTS = 3
"""Restarts that torchrun may make beyond those that are planned."""

STARTS_S = 60.0
"""Time that each start of the job may take before a run is given up [s]."""

Tables = Mapping[str, Mapping[str, Any]]


class JobFailed(RuntimeError):  # noqa: N818 - named after what it says
    """A job that did not come to its end; the message has the end of what it printed."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of a run when it is over."""

    events: list[Event]
    attempts: list[Attempt]
    struck: list[Struck]


def measured(scenario: Scenario, tables: Tables, on_disk: bool) -> dict[str, Any]:
    """Run a scenario once.

    Parameters
    ----------
    scenario : Scenario
        What happens.
    tables : mapping
        Configuration of the job, table by table.
    on_disk : bool
        Checkpoints in the folder of temporary files; otherwise on a small file system in memory, which root mounts.

    Returns
    -------
    dict
        The account of the run, what struck it and when, checkpoints, and how busy the machine was.

    Raises
    ------
    JobFailed
        If the job does not come to its end.
    NoMount
        If the small file system cannot be mounted.
    """
    watch = Watch()
    with TemporaryDirectory(prefix="faults-") as name, ExitStack() as stack:
        folder = Path(name)
        disk = folder / "disk"
        disk.mkdir()
        if not on_disk:
            stack.enter_context(small_disk(disk, DISK_BYTES))
        seen = observe(scenario, tables, folder, disk)
    told = watch.told()
    every = int(tables["checkpoint"]["every_steps"])
    found = lives(seen.events, seen.attempts, every)
    taken = account(found, seen.struck)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **taken.tree(),
        "checkpoints": _checkpoints(seen.events),
        "checkpoint_costs_s": checkpoint_costs_s(found[0], taken.step_s),
        "struck": _struck(seen.struck, seen.attempts[0].started_s),
        **told,
        "environment": _environment(seen.events),
    }


def observe(scenario: Scenario, tables: Tables, folder: Path, disk: Path) -> Observed:
    """Run the job with its incidents to its end; leaves no process behind, whatever happens.

    Parameters
    ----------
    scenario : Scenario
        What happens.
    tables : mapping
        Configuration of the job.
    folder : Path
        Where the job writes.
    disk : Path
        Folder in which the checkpoints are written to a folder of their own.
    """
    mark, out, checkpoints = uuid.uuid4().hex, folder / "out", disk / "checkpoints"
    config = folder / "job.toml"
    placed = {**tables, "checkpoint": {**tables["checkpoint"], "folder": str(checkpoints)}}
    config.write_text(toml_text(placed), "utf-8")
    restarts = SPARE_RESTARTS + sum(incident.category in STOPPING for incident in scenario.incidents)
    schedule = Schedule(scenario.incidents, lambda incident: fault_of(incident, disk, checkpoints))
    heartbeat = Heartbeat(out / "log.jsonl", scenario.hang_timeout_s)
    limit_s = STARTS_S * (1 + restarts) + 10.0 * scenario.work_s
    try:
        with (folder / "printed.txt").open("wb") as printed:
            agent = _start(config, out, restarts, mark, folder, printed)
            watcher = Watcher(agent.pid)
            try:
                code = _follow(agent, watcher, schedule, heartbeat, limit_s)
            finally:
                schedule.close()
                agent.kill()
                end_all(mark)
                agent.wait()
    finally:
        end_all(mark)
    watcher.look()
    events = read_log(out / "log.jsonl")
    _check(scenario, code, events, folder / "printed.txt", limit_s)
    if not watcher.attempts:
        message = f"{scenario.name}: no process of the job was seen; the kernel must have CONFIG_PROC_CHILDREN"
        raise JobFailed(message)
    return Observed(events, watcher.attempts, schedule.struck)


def _start(config: Path, out: Path, restarts: int, mark: str, folder: Path, printed: Any) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(WORLD),
        "--max-restarts", str(restarts), "--monitor-interval", "0.1",
        "-m", "validation.gpt", str(config), "--out", str(out),
    ]  # fmt: skip
    environment = {
        **os.environ,
        MARK: mark,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "TMPDIR": str(folder),  # torchrun leaves folders there
        # In the agent's own store (torch 2.13) a restarted process may find the address of one that is dead.
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed, start_new_session=True
    )


def _follow(
    agent: "subprocess.Popen[bytes]", watcher: Watcher, schedule: Schedule, heartbeat: Heartbeat, limit_s: float
) -> int | None:
    """Look and act until torchrun ends; its exit code, or None when the time is over."""
    until_s = time.monotonic() + limit_s
    while time.monotonic() < until_s:
        job = watcher.look()
        if watcher.started_s is not None and not heartbeat.completed:
            schedule.tick(time.time() - watcher.started_s, job)
            heartbeat.tick(watcher.attempts[-1], job)
        code = agent.poll()
        if code is not None:
            return code
        time.sleep(TICK_S)
    return None


def _check(scenario: Scenario, code: int | None, events: list[Event], printed: Path, limit_s: float) -> None:
    """Raise if the job did not train to its last step."""
    last = events[-1] if events else {}
    if code == 0 and last.get("event") == "end" and last.get("reason") == "completed":
        return
    how = f"no end after {limit_s:.0f} s" if code is None else f"exit code {code}"
    said = printed.read_text("utf-8", "replace").splitlines()
    # Each attempt says it again, and the agent talks last.
    mistakes = list(dict.fromkeys(line for line in said if line.startswith("error: ")))
    tail = "\n".join(mistakes or said[-40:])
    message = f"{scenario.name}: {how}, the log ends with {last.get('event')!r} {last.get('reason', '')}\n{tail}"
    raise JobFailed(message)


def _checkpoints(events: list[Event]) -> dict[str, Any]:
    """What the job logged of its checkpoints."""
    written = [event for event in events if event["event"] == "checkpoint"]
    return {
        "written": len(written),
        "failed": sum(event["event"] == "checkpoint_failed" for event in events),
        "skipped": sum(event["event"] == "skipped_checkpoint" for event in events),
        "bytes": written[-1]["bytes"] if written else 0,
        "blocking_s": [event["blocking_s"] for event in written],
        "persist_s": [event["persist_s"] for event in written],
    }


def _struck(struck: list[Struck], zero_s: float) -> list[dict[str, Any]]:
    return [
        {
            "category": strike.category,
            "at_s": strike.at_s - zero_s,
            "lasted_s": strike.until_s - strike.at_s,
            "absorbed": strike.absorbed,
            "means": strike.means,
        }
        for strike in struck
    ]


def _environment(events: list[Event]) -> dict[str, Any]:
    return dict(next(event["environment"] for event in events if event["event"] == "start"))
