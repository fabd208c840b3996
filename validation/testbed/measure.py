"""Measures topologies one after the other: their links, collectives over them, and training steps."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from validation.quiet import wait_for_quiet
from validation.testbed.collectives import CollectiveRecord, measure_collectives
from validation.testbed.requirements import UnavailableError
from validation.testbed.results import Results
from validation.testbed.steps import fitted, gpt_job, measure_step
from validation.testbed.streams import MeasurementError, measure_streams
from validation.testbed.testbed import brought_up
from validation.testbed.topology import Topology

SECTIONS = ("streams", "collectives", "steps")

QUIET_SHARE = 0.1
"""Of the processors' time, used by others: below it, two cores have a tenth less than all they could give."""

LOOK_S = 1.0
"""Time that is looked at before each part [s]."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes
    ----------
    topologies : tuple of Topology
        On which networks.
    sections : tuple of str
        Of :data:`SECTIONS`.
    jobs : dict of str to Path
        Configurations of the training job, by name.
    repeats : int
        Of everything.
    quiet_wait_s : float
        Longest wait, before every part and every run of a job, for a machine that nobody else uses.
    """

    topologies: tuple[Topology, ...]
    sections: tuple[str, ...]
    jobs: dict[str, Path]
    repeats: int
    quiet_wait_s: float = 0.0


def measure(plan: Plan, out: Path) -> list[str]:
    """Measure a plan and write the file as it grows.

    Returns
    -------
    list of str
        What could not be measured, one line each.
    """
    results = Results(out)
    problems: list[str] = []
    for topology in plan.topologies:
        results.begin(topology)
        for section in plan.sections:
            for name, work in _work(section, topology, plan, results):
                problem = _attempt(topology, name, work)
                if problem:
                    results.not_run(name, problem)
                    problems.append(f"{topology.name}: {name}: {problem}")
    return problems


def _work(section: str, topology: Topology, plan: Plan, results: Results) -> Sequence[tuple[str, Callable[[], None]]]:
    """What a section does on a topology, in parts that fail on their own."""
    if section == "streams":
        return [(section, partial(_streams, topology, plan, results))]
    if section == "collectives":
        return [(section, partial(_collectives, topology, plan, results))]
    return [(name, partial(_step, topology, name, config, plan, results)) for name, config in plan.jobs.items()]


def _attempt(topology: Topology, name: str, work: Callable[[], None]) -> str:
    sys.stderr.write(f"{topology.name}: {name} ...\n")
    begin_s = time.monotonic()
    try:
        work()
    except (MeasurementError, UnavailableError) as error:
        sys.stderr.write(f"{topology.name}: {name} not run: {error}\n")
        return str(error)
    sys.stderr.write(f"{topology.name}: {name} done in {time.monotonic() - begin_s:.0f} s\n")
    return ""


def _streams(topology: Topology, plan: Plan, results: Results) -> None:
    _wait_until_quiet(plan.quiet_wait_s)
    with brought_up(topology) as bed:
        results.add("streams", measure_streams(bed, plan.repeats))


def _collectives(topology: Topology, plan: Plan, results: Results) -> None:
    """With the limits and without them: the second is what processors and kernel take."""
    _need("torch")
    limited, free = (_all_collectives(kind, plan) for kind in (topology, topology.unlimited()))
    results.add("collectives", [_with_baseline(*pair) for pair in zip(limited, free, strict=True)])


def _all_collectives(topology: Topology, plan: Plan) -> list[CollectiveRecord]:
    _wait_until_quiet(plan.quiet_wait_s)
    with brought_up(topology) as bed:
        return measure_collectives(bed, plan.repeats)


def _with_baseline(record: CollectiveRecord, free: CollectiveRecord) -> CollectiveRecord:
    return replace(record, baseline_time_s=free.time_s, baseline_iqr_s=free.iqr_s)


def _step(topology: Topology, name: str, config: Path, plan: Plan, results: Results) -> None:
    _need("torch")
    _need("validation.gpt")
    fitted(config, len(topology.hosts))
    before_run = partial(_wait_until_quiet, plan.quiet_wait_s)
    results.add("steps", [measure_step(topology, gpt_job(name, config), plan.repeats, before_run)])


def _wait_until_quiet(limit_s: float) -> bool:
    return wait_for_quiet(limit_s, share=QUIET_SHARE, look_s=LOOK_S)


def _need(module: str) -> None:
    if find_spec(module) is None:
        message = f"the module {module} is not there; install or add it"
        raise MeasurementError(message)
