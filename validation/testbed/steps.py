"""A real training step over a testbed, with its links limited and without."""

import json
import os
import statistics
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from validation.testbed.launch import python_module, run_or_explain
from validation.testbed.streams import MeasurementError
from validation.testbed.testbed import brought_up
from validation.testbed.topology import Topology

FOLDER = Path(__file__).with_name("jobs")
"""Configurations of ``validation.gpt``, written for four hosts."""

DIMENSIONS = ("pipeline", "data", "tensor")
"""Of the mesh that the job lays over its ranks, the outermost first."""

Command = Callable[[Topology, Path], Sequence[str]]
"""Gives the command that trains on the hosts of a topology and writes ``measurement.json`` into a folder."""


@dataclass(frozen=True, slots=True)
class Job:
    """A training job.

    Attributes
    ----------
    name : str
        What its records are called.
    command : callable
        How it is started.
    """

    name: str
    command: Command


@dataclass(frozen=True, slots=True)
class StepRun:
    """One run of a job: whether its links were limited, the median of its steps, their quartile distance, the load."""

    limited: bool
    step_time_s: float
    iqr_s: float
    load: float


@dataclass(frozen=True, slots=True)
class StepRecord:
    """The step time of a job on a topology.

    Attributes
    ----------
    name : str
        Of the job.
    config : dict
        The six tables of its configuration.
    groups : dict of str to list of list of str
        Hosts that communicate, by dimension of the layout (those above 1).
    step_time_s, baseline_step_time_s : float
        Median over the runs, with the links limited and without.
    spread, baseline_spread : float
        Largest minus smallest of the runs, over their median.
    repeats : int
        Runs of each kind.
    runs : tuple of StepRun
        In the order in which they were made.
    summary : dict
        What the job itself says of its last limited run: medians of the parts, traffic of the collectives.
    """

    name: str
    config: dict[str, Any]
    groups: dict[str, list[list[str]]]
    step_time_s: float
    baseline_step_time_s: float
    spread: float
    baseline_spread: float
    repeats: int
    runs: tuple[StepRun, ...]
    summary: dict[str, Any]


def shipped_jobs() -> dict[str, Path]:
    """Configurations that belong to the testbed, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def gpt_job(name: str, config: Path) -> Job:
    """The real GPT job with a configuration; its ``parallel.data`` and ``train.global_batch`` follow the hosts."""

    def command(topology: Topology, folder: Path) -> Sequence[str]:
        settings = (f"--set={key}={value}" for key, value in fitted(config, len(topology.hosts)).items())
        return python_module("validation.gpt", str(config), *settings, "--out", str(folder))

    return Job(name, command)


def fitted(config: Path, hosts: int) -> dict[str, int]:
    """Settings that spread a configuration over a number of hosts, with the work of each as it was.

    Returns
    -------
    dict of str to int
        Empty where the layout of the file already fits.

    Raises
    ------
    MeasurementError
        If the hosts are no multiple of ``tensor`` x ``pipeline``.
    """
    tables = tomllib.loads(config.read_text(encoding="utf-8"))
    data, tensor, pipeline = (int(tables["parallel"].get(key, 1)) for key in ("data", "tensor", "pipeline"))
    replicas, rest = divmod(hosts, tensor * pipeline)
    if rest or not replicas:
        message = f"{config.stem}: {hosts} hosts are no multiple of tensor {tensor} x pipeline {pipeline}"
        raise MeasurementError(message)
    if replicas == data:
        return {}
    return {"parallel.data": replicas, "train.global_batch": int(tables["train"]["global_batch"]) * replicas // data}


def measure_step(
    topology: Topology, job: Job, repeats: int, before_run: Callable[[], object] = lambda: None
) -> StepRecord:
    """Time a job's step with and without limits, in turns so that a drift of the machine falls on both.

    Every run has a testbed of its own. The order turns round with every repeat.

    Parameters
    ----------
    topology : Topology
        With its limits.
    job : Job
        What trains.
    repeats : int
        Runs with the limits, and as many without.
    before_run : callable
        Called before each of them.

    Raises
    ------
    MeasurementError
        If the job fails or leaves no measurement; its text holds the end of what it wrote.
    """
    runs: list[StepRun] = []
    last: dict[str, Any] = {}
    for repeat in range(repeats):
        for limited in (True, False) if repeat % 2 == 0 else (False, True):
            before_run()
            measured = _measurement(topology if limited else topology.unlimited(), job)
            runs.append(_run(limited, measured["summary"]))
            last = measured if limited else last
    times = {kind: [run.step_time_s for run in runs if run.limited is kind] for kind in (True, False)}
    return StepRecord(
        name=job.name,
        config=last["config"],
        groups=layout_groups(topology.hosts, last["config"]["parallel"]),
        step_time_s=statistics.median(times[True]),
        baseline_step_time_s=statistics.median(times[False]),
        spread=_spread(times[True]),
        baseline_spread=_spread(times[False]),
        repeats=repeats,
        runs=tuple(runs),
        summary=last["summary"],
    )


def layout_groups(hosts: Sequence[str], parallel: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """Hosts that communicate with each other, by dimension of the layout.

    Parameters
    ----------
    hosts : sequence of str
        In the order of the ranks.
    parallel : mapping
        ``pipeline``, ``data`` and ``tensor``, whose product is the number of hosts. Tensor-parallel peers are
        neighbours.
    """
    sizes = [int(parallel[dimension]) for dimension in DIMENSIONS]
    places = list(product(*map(range, sizes)))
    found: dict[str, list[list[str]]] = {}
    for axis, dimension in enumerate(DIMENSIONS):
        if sizes[axis] > 1:
            groups: dict[tuple[int, ...], list[str]] = {}
            for host, place in zip(hosts, places, strict=True):
                groups.setdefault((*place[:axis], *place[axis + 1 :]), []).append(host)
            found[dimension] = list(groups.values())
    return found


def _measurement(topology: Topology, job: Job) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, brought_up(topology) as bed:
        problem = run_or_explain(bed, job.command(topology, Path(name)))
        path = Path(name) / "measurement.json"
        if problem or not path.exists():
            raise MeasurementError(problem or "the job wrote no measurement.json")
        return dict(json.loads(path.read_text(encoding="utf-8")))


def _run(limited: bool, summary: Mapping[str, Any]) -> StepRun:
    load = summary.get("load")
    return StepRun(
        limited,
        float(summary["step_time_s"]),
        float(summary.get("iqr_s") or 0.0),
        os.getloadavg()[0] if load is None else float(load),
    )


def _spread(times_s: Sequence[float]) -> float:
    return (max(times_s) - min(times_s)) / statistics.median(times_s)
