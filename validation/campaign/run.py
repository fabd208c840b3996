"""Runs jobs in rounds: each round runs every job once, so that a slow hour does not fall on one job alone."""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from validation.campaign.machine import foreign_share, usage
from validation.campaign.plan import Job

SCHEMA = 1

DISTURBED = 0.05
"""Share of the machine used by others above which a repeat does not count, as long as there are others."""

JOB_LIMIT_S = 300.0
"""Time after which a job is given up [s]."""

PARTS = ("data_s", "forward_s", "backward_s", "forward_backward_s", "clip_s", "optimizer_s")

Said = Callable[[str], None]


class JobFailed(RuntimeError):  # noqa: N818 - named after what it says
    """A job that did not end well; the message has the end of what it printed."""


def run_campaign(jobs: Sequence[Job], out: Path, rounds: int, *, seed: int, say: Said) -> dict[str, Any]:
    """Run every job `rounds` times and gather the step times.

    Parameters
    ----------
    jobs : sequence of Job
        What to run.
    out : Path
        The campaign file. It is rewritten after every job; repeats that it holds already count, so that a campaign that
        was interrupted goes on.
    rounds : int
        Undisturbed repeats of every job.
    seed : int
        Of the order of the jobs, another in each round.
    say : callable
        Told what happens, a line each.

    Returns
    -------
    dict
        What the file holds.
    """
    tree = _opened(out, jobs, rounds)
    order = random.Random(seed)
    for turn in range(2 * rounds):
        waiting = [job for job in jobs if _clean(tree, job) < rounds]
        if not waiting:
            break
        order.shuffle(waiting)
        for place, job in enumerate(waiting):
            repeat = measured(job)
            _add(tree, job, repeat)
            _write(tree, out)
            say(
                f"round {turn + 1}, {place + 1} of {len(waiting)}: {job.name} {repeat['step_time_s']:.4f} s"
                f"{' (disturbed)' if repeat['disturbed'] else ''}"
            )
    return tree


def measured(job: Job) -> dict[str, Any]:
    """Run one job once.

    Returns
    -------
    dict
        Date, median step time and its interquartile range [s], parts, load, and the share of the machine that others
        used meanwhile.

    Raises
    ------
    JobFailed
        If it does not end with a measurement.
    """
    with TemporaryDirectory() as folder:
        before, begun = usage(), time.monotonic()
        tree = _run(job, Path(folder))
        wall_s = time.monotonic() - begun
        share = foreign_share(before, usage(), wall_s, os.cpu_count() or 1)
    summary = tree["summary"]
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "step_time_s": summary["step_time_s"],
        "iqr_s": summary["iqr_s"],
        "steps": summary["repeats"],
        "load": None if before is None else before.load,
        "foreign_share": share,
        "disturbed": share is not None and share > DISTURBED,
        "parts": {name: summary[name] for name in PARTS if summary.get(name) is not None},
        "collectives": summary.get("collectives", {}),
        "parameters": tree["parameters"],
        "environment": tree["environment"],
        "config": tree["config"],
    }


def _run(job: Job, folder: Path) -> dict[str, Any]:
    config = folder / "job.toml"
    config.write_text(toml_text(job), "utf-8")
    out = folder / "out"
    start = [sys.executable, "-m"]
    if job.world > 1:
        start += ["torch.distributed.run", "--standalone", "--nproc-per-node", str(job.world), "-m"]
    command = [*start, "validation.gpt", str(config), "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=JOB_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        problem = f"{job.name}: no end after {JOB_LIMIT_S:.0f} s"
        raise JobFailed(problem) from None
    file = out / "measurement.json"
    if done.returncode != 0 or not file.exists():
        tail = "\n".join((done.stderr or done.stdout).splitlines()[-8:])
        problem = f"{job.name}: exit code {done.returncode}\n{tail}"
        raise JobFailed(problem)
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def toml_text(job: Job) -> str:
    """The job's tables as TOML."""
    return tables_text(job.config)


def tables_text(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Tables of plain values as TOML."""
    lines: list[str] = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _opened(out: Path, jobs: Sequence[Job], rounds: int) -> dict[str, Any]:
    if out.exists():
        tree: dict[str, Any] = json.loads(out.read_text("utf-8"))
    else:
        tree = {"schema": SCHEMA, "kind": "campaign", "environment": {}, "protocol": {}, "runs": []}
    tree["protocol"] = {
        "rounds": rounds,
        "order": "every job once a round, in a new order each",
        "step_time_s": "median over the repeats of the median over the steps of a repeat",
        "disturbed": f"repeats during which others used more than {DISTURBED:.0%} of the processors do not count",
        "spread": "largest over smallest undisturbed repeat, minus one",
    }
    known = {run["name"] for run in tree["runs"]}
    for job in jobs:
        if job.name not in known:
            tree["runs"].append({"name": job.name, "split": job.split, "world": job.world, "repeats": []})
    return tree


def _of(tree: dict[str, Any], job: Job) -> dict[str, Any]:
    found: dict[str, Any] = next(run for run in tree["runs"] if run["name"] == job.name)
    return found


def _clean(tree: dict[str, Any], job: Job) -> int:
    return sum(not repeat["disturbed"] for repeat in _of(tree, job)["repeats"])


def _add(tree: dict[str, Any], job: Job, repeat: dict[str, Any]) -> None:
    run = _of(tree, job)
    tree["environment"] = repeat.pop("environment")
    run["config"], run["parameters"] = repeat.pop("config"), repeat.pop("parameters")
    run["repeats"].append(repeat)
    counted = [one["step_time_s"] for one in run["repeats"] if not one["disturbed"]]
    counted = counted or [one["step_time_s"] for one in run["repeats"]]
    run["step_time_s"] = statistics.median(counted)
    run["spread"] = max(counted) / min(counted) - 1.0


def _write(tree: dict[str, Any], out: Path) -> None:
    """Rewrite the file; runs that were not measured yet are left out."""
    kept = {**tree, "runs": [run for run in tree["runs"] if run["repeats"]]}
    part = out.with_name(out.name + ".part")
    part.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    part.replace(out)
