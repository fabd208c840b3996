"""Measured against simulated ETTR, run by run."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from clustersim.run.engine import simulate
from clustersim.run.metrics import effective_training_time
from clustersim.run.plan import RunPlan
from clustersim.run.records import RECOMPUTE, ROLLBACK, Records
from clustersim.study.faults.measurement import BrokenRun, FaultFile, Repeat, naming, read_fault_file
from clustersim.study.faults.scenario import incident_plan, random_plan

TOLERANCE = 0.02
"""Difference of ETTR that is allowed where the incidents are known."""

INCIDENT_REPLICATIONS = 100
"""Replications of each repeat with recorded incidents, where only detection and restart are drawn."""

RANDOM_REPLICATIONS = 400
"""Replications with random kills: the ends of a 90 % interval are then known to a twentieth of its width."""

SEED = 0


@dataclass(frozen=True, slots=True)
class FaultComparison:
    """One run that was broken, as it was measured and as it is simulated.

    Attributes
    ----------
    name : str
        The run.
    kind : {"incidents", "random"}
        Whether the simulation knew the incidents, or their rate alone.
    measured_ettr, simulated_ettr : float
        Means over repeats and over replications.
    measured_ettrs : tuple of float
        Of each repeat.
    low, high : float
        Ends of the 90 % interval of the simulated ETTR.
    measured_lost_steps, simulated_lost_steps : float
        Steps trained and not kept, means.
    note : str
        What is to be known of it.
    """

    name: str
    kind: Literal["incidents", "random"]
    measured_ettr: float
    measured_ettrs: tuple[float, ...]
    simulated_ettr: float
    low: float
    high: float
    measured_lost_steps: float
    simulated_lost_steps: float
    note: str = ""

    @property
    def difference_points(self) -> float:
        """Simulated less measured ETTR, in percentage points."""
        return 100.0 * (self.simulated_ettr - self.measured_ettr)

    @property
    def inside(self) -> bool:
        """Whether they agree: within two points, or within the interval where the kills were random."""
        if self.kind == "random":
            return self.low <= self.measured_ettr <= self.high
        return abs(self.simulated_ettr - self.measured_ettr) <= TOLERANCE


@dataclass(frozen=True, slots=True)
class _Simulated:
    """What replications found."""

    ettr: float
    low: float
    high: float
    lost_steps: float


def fault_cases(path: Path) -> list[FaultComparison]:
    """Hold the simulation against a file of jobs that were broken.

    Parameters
    ----------
    path : Path
        A file of ``python -m validation.faults``.

    Returns
    -------
    list of FaultComparison
        One for each run with incidents at planned moments, and one for each repeat of the run with random kills.

    Raises
    ------
    TableError
        If the file cannot be read or lacks what the simulation needs; the message names file and field.
    """
    file = read_fault_file(path)
    with naming(path):
        return [*_planned(file), *_random(file)]


def _planned(file: FaultFile) -> Iterator[FaultComparison]:
    for run in file.scenarios:
        counted, note = _counted(run)
        if counted:
            found = _simulate(
                [incident_plan(file.costs, run, repeat.struck) for repeat in counted], INCIDENT_REPLICATIONS
            )
            yield _comparison(run.name, "incidents", counted, found, note)


def _random(file: FaultFile) -> Iterator[FaultComparison]:
    if file.random is None or file.interval_s is None:
        return
    counted, note = _counted(file.random)
    found = _simulate([random_plan(file.costs, file.random, file.interval_s)], RANDOM_REPLICATIONS)
    for number, repeat in enumerate(counted, 1):
        yield _comparison(f"random kills of {repeat.date[:10]}, run {number}", "random", [repeat], found, note)


def _counted(run: BrokenRun) -> tuple[Sequence[Repeat], str]:
    """Repeats that went as planned, of these the undisturbed ones if there are any, and a word on that."""
    planned = [repeat for repeat in run.repeats if repeat.as_planned]
    quiet = [repeat for repeat in planned if not repeat.disturbed]
    counted = quiet or planned
    notes = []
    if len(counted) < len(run.repeats):
        notes.append(f"{len(run.repeats) - len(counted)} of {len(run.repeats)} repeats left out")
    if counted and not quiet:
        notes.append("others used the machine")
    return counted, "; ".join(notes)


def _comparison(
    name: str, kind: Literal["incidents", "random"], repeats: Sequence[Repeat], found: _Simulated, note: str
) -> FaultComparison:
    ettrs = tuple(repeat.ettr for repeat in repeats)
    return FaultComparison(
        name=name,
        kind=kind,
        measured_ettr=statistics.fmean(ettrs),
        measured_ettrs=ettrs,
        simulated_ettr=found.ettr,
        low=found.low,
        high=found.high,
        measured_lost_steps=statistics.fmean(repeat.lost_steps for repeat in repeats),
        simulated_lost_steps=found.lost_steps,
        note=note,
    )


def _simulate(plans: Sequence[RunPlan], replications: int) -> _Simulated:
    """Replications of every plan, taken together; the plans differ in their incidents alone."""
    runs = [simulate(plan, SEED, number) for plan in plans for number in range(replications)]
    ettrs = [effective_training_time(records) for records in runs]
    low, high = np.quantile(ettrs, (0.05, 0.95)).tolist()
    tokens_per_step = plans[0].phases[0].tokens_per_step
    lost = statistics.fmean(lost_steps(records, tokens_per_step) for records in runs)
    return _Simulated(statistics.fmean(ettrs), low, high, lost)


def lost_steps(records: Records, tokens_per_step: float) -> float:
    """Whole steps of a simulated run that were trained again.

    Parameters
    ----------
    records : Records
        The run.
    tokens_per_step : float
        Tokens of a step.
    """
    again = np.isin(records.intervals["state"], (RECOMPUTE, ROLLBACK))
    tokens = records.intervals["tokens_end"][again] - records.intervals["tokens_start"][again]
    return float(tokens.sum()) / tokens_per_step
