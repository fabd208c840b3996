"""Reads a file of ``python -m validation.faults``: what things cost, and what became of the jobs that were broken."""

import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clustersim.calibration.rows import TableError
from clustersim.run.compile import RESTART_PARTS

KIND = "faults"
"""What such a file calls itself."""

SCHEMA = 1

_CHECKPOINT = ("stall_s", "persist_s", "bytes")


@dataclass(frozen=True, slots=True)
class Law:
    """Lognormal law of a duration, from a few measured ones.

    Attributes
    ----------
    mean_s : float
        Their mean [s].
    sigma : float
        Standard deviation of their logarithms; 0 of a single one.
    """

    mean_s: float
    sigma: float

    @property
    def median_s(self) -> float:
        """Median that gives the law its mean [s]."""
        return self.mean_s * math.exp(-0.5 * self.sigma**2)


@dataclass(frozen=True, slots=True)
class CheckpointCost:
    """What a checkpoint costs: the training's stall and the time until it is durable [s], and its size [bytes]."""

    stall_s: float
    persist_s: float
    size_bytes: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What the calibration runs measured; no compared run is in it.

    Attributes
    ----------
    step_time_s : float
        Mean time of an undisturbed step [s].
    checkpoints : dict
        Cost of a checkpoint by mode, ``blocking`` and ``async``.
    detection : Law
        From a kill to the end of the attempt.
    restart : Law
        From there to the first step.
    restart_parts_s : dict
        Mean of each part [s].
    slowdown : float
        Factor on the step of a job with a straggler; 1 where none was measured.
    """

    step_time_s: float
    checkpoints: Mapping[str, CheckpointCost]
    detection: Law
    restart: Law
    restart_parts_s: Mapping[str, float]
    slowdown: float


@dataclass(frozen=True, slots=True)
class Struck:
    """What was done to a run: when, what, and for how long; 0 s what is done in a moment."""

    at_s: float
    category: str
    lasted_s: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """One run.

    Attributes
    ----------
    ettr : float
        Productive over wall time.
    lost_steps : int
        Steps trained and not kept.
    date : str
        When it was measured.
    as_planned : bool
        Whether every incident that was planned before its end took place, and no attempt ended for another reason.
    disturbed : bool
        Whether others used the machine meanwhile.
    struck : tuple of Struck
        What was done to it, in the order of time.
    """

    ettr: float
    lost_steps: int
    date: str
    as_planned: bool
    disturbed: bool
    struck: tuple[Struck, ...]


@dataclass(frozen=True, slots=True)
class BrokenRun:
    """A run that was repeated.

    Attributes
    ----------
    name : str
        Its name.
    config : mapping
        Tables of the job.
    hang_timeout_s : float
        Silence after which it was taken for hung [s].
    repeats : tuple of Repeat
        In the order of their dates.
    """

    name: str
    config: Mapping[str, Mapping[str, Any]]
    hang_timeout_s: float
    repeats: tuple[Repeat, ...]


@dataclass(frozen=True, slots=True)
class FaultFile:
    """A whole file; ``random`` and its mean interval between kills are None where no random run was made."""

    path: Path
    machine: str
    costs: Costs
    scenarios: tuple[BrokenRun, ...]
    random: BrokenRun | None
    interval_s: float | None


def read_fault_file(path: Path) -> FaultFile:
    """Read a file of measurements.

    Raises
    ------
    TableError
        If it is none, or lacks what the simulation needs; the message names file and field.
    """
    try:
        tree = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path}: {getattr(error, 'strerror', None) or f'not JSON in UTF-8: {error}'}"
        raise TableError(message) from None
    if not isinstance(tree, dict) or tree.get("kind") != KIND or tree.get("schema") != SCHEMA:
        message = (
            f"{path}: no measurement of the kind {KIND!r}, schema {SCHEMA}; python -m validation.faults writes one"
        )
        raise TableError(message)
    with naming(path):
        random = tree.get("random") or None
        return FaultFile(
            path,
            str(tree["environment"].get("name", "")),
            _costs(tree["calibration"]),
            tuple(_run(entry) for entry in tree["scenarios"]),
            None if random is None else _run({**random, "incidents": ()}),
            None if random is None else float(random["interval_s"]),
        )


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what a malformed file raises into a message that names the file."""
    try:
        yield
    except KeyError as error:
        message = f"{path}: no field {error}; measure it again with python -m validation.faults --out {path.name}"
        raise TableError(message) from None
    except (TypeError, ValueError, AttributeError) as error:
        message = f"{path}: {error}; measure it again with python -m validation.faults --out {path.name}"
        raise TableError(message) from None


def _costs(found: Mapping[str, Any]) -> Costs:
    checkpoints = {
        mode: _checkpoint(found, prefix)
        for mode, prefix in (("blocking", ""), ("async", "async_"))
        if f"{prefix}checkpoint_stall_s" in found
    }
    return Costs(
        step_time_s=_positive(found, "step_time_s"),
        checkpoints=checkpoints,
        detection=_law(found, "detection_s"),
        restart=_law(found, "restart_s"),
        restart_parts_s={part: statistics.fmean(found["restart_parts"][part]) for part in RESTART_PARTS},
        slowdown=float(found.get("slowdown", 1.0)),
    )


def _checkpoint(found: Mapping[str, Any], prefix: str) -> CheckpointCost:
    stall_s, persist_s, size = (_positive(found, f"{prefix}checkpoint_{name}") for name in _CHECKPOINT)
    return CheckpointCost(stall_s, persist_s, size)


def _positive(found: Mapping[str, Any], name: str) -> float:
    value = float(found[name])
    if not 0.0 < value < math.inf:
        message = f"calibration.{name}: {value} is not above 0"
        raise ValueError(message)
    return value


def _law(found: Mapping[str, Any], name: str) -> Law:
    values_s = [float(value) for value in found[name]]
    if not values_s or min(values_s) <= 0.0:
        message = f"calibration.{name}: {values_s} are no durations above 0; at least one is needed"
        raise ValueError(message)
    logarithms = [math.log(value) for value in values_s]
    return Law(statistics.fmean(values_s), statistics.stdev(logarithms) if len(logarithms) > 1 else 0.0)


def _run(entry: Mapping[str, Any]) -> BrokenRun:
    return BrokenRun(
        str(entry["name"]),
        entry["config"],
        float(entry["hang_timeout_s"]),
        tuple(_repeat(found, entry["incidents"]) for found in entry["repeats"]),
    )


def _repeat(found: Mapping[str, Any], incidents: Sequence[Mapping[str, Any]]) -> Repeat:
    """A run that was over before an incident was due went as planned."""
    due = sum(incident["at_s"] < found["wall_s"] for incident in incidents)
    struck = [Struck(float(one["at_s"]), str(one["category"]), float(one["lasted_s"])) for one in found["struck"]]
    return Repeat(
        ettr=float(found["ettr"]),
        lost_steps=int(found["lost_steps"]),
        date=str(found["date"]),
        as_planned=not found["unplanned_ends"] and len(struck) >= due,
        disturbed=found["disturbed"],
        struck=tuple(sorted(struck, key=lambda one: one.at_s)),
    )
