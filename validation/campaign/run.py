"""Runs jobs in rounds: each round runs every job once, so that a slow hour does not fall on one job alone."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from validation.campaign.plan import Job
from validation.gpt.config_text import toml_text
from validation.gpt.whole_file import write_whole
from validation.machine import DISTURBED, Watch

SCHEMA = 1

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
        watch = Watch()
        tree = _run(job, Path(folder))
        told = watch.told()
    summary = tree["summary"]
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "step_time_s": summary["step_time_s"],
        "iqr_s": summary["iqr_s"],
        "steps": summary["repeats"],
        **told,
        "parts": {name: summary[name] for name in PARTS if summary.get(name) is not None},
        "collectives": summary.get("collectives", {}),
        "parameters": tree["parameters"],
        "environment": tree["environment"],
        "config": tree["config"],
    }


def _run(job: Job, folder: Path) -> dict[str, Any]:
    config = folder / "job.toml"
    config.write_text(toml_text(job.config), "utf-8")
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


def _opened(out: Path, jobs: Sequence[Job], rounds: int) -> dict[str, Any]:
    if out.exists():
        tree: dict[str, Any] = json.loads(out.read_text("utf-8"))
    else:
        tree = {"schema": SCHEMA, "kind": "campaign", "environment": {}, "protocol": {}, "runs": []}
    tree["protocol"] = {
        "rounds": rounds,
        "order": "every job once a round, in a new order each",
        "step_time_s": "median over the steps of the quickest repeat: what others do only ever takes time away",
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
    run["step_time_s"] = min(counted)
    run["spread"] = max(counted) / min(counted) - 1.0


def _write(tree: dict[str, Any], out: Path) -> None:
    """Rewrite the file; runs that were not measured yet are left out."""
    write_whole(out, {**tree, "runs": [run for run in tree["runs"] if run["repeats"]]})
