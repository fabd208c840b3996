"""What jobs that were killed on purpose say of detection, restart and checkpoints."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clustersim.calibration.fitted import INTERVAL_SPREADS
from clustersim.calibration.measured.known import Known, typical
from clustersim.calibration.measured.observations import Observations, TimedRecovery, TimedWrite
from clustersim.calibration.measured.suite import device_of

PARTS = ("schedule", "init", "collectives", "load", "warmup")
"""Of a restart, as a scenario names them."""


@dataclass(frozen=True, slots=True)
class RecoveryFit:
    """Recovery of jobs of one size.

    Attributes
    ----------
    gpus : int
        Accelerators of the jobs.
    kills : int
        Kills behind it.
    detection : Known
        Median from a kill to the end of the attempt [s].
    detection_sigma : float
        Spread of its logarithm; 0 where one kill was seen.
    parts : dict of str to Known
        Median of each part of a restart [s].
    spread : Known
        Spread of the logarithm of a whole restart.
    """

    gpus: int
    kills: int
    detection: Known
    detection_sigma: float
    parts: Mapping[str, Known]
    spread: Known


def read_recovery(tree: Mapping[str, Any]) -> Observations:
    """Calibration runs of a file of ``python -m validation.faults``.

    Raises
    ------
    KeyError
        If a field is missing.
    """
    found = tree["calibration"]
    parallel = tree["calibration_runs"][0]["config"]["parallel"]
    gpus = math.prod(int(parallel.get(name, 1)) for name in ("data", "tensor", "pipeline"))
    writes: tuple[TimedWrite, ...] = ()
    if found.get("checkpoint_persist_s"):
        writes = (TimedWrite(gpus, float(found["checkpoint_bytes"]), float(found["checkpoint_persist_s"])),)
    recoveries: tuple[TimedRecovery, ...] = ()
    if found.get("restart_s"):
        parts = {name: tuple(map(float, times)) for name, times in found["restart_parts"].items()}
        detection, restart = (tuple(map(float, found[name])) for name in ("detection_s", "restart_s"))
        recoveries = (TimedRecovery(gpus, detection, restart, parts),)
    return Observations(devices=(device_of(tree.get("environment", {})),), writes=writes, recoveries=recoveries)


def fit_recovery(recoveries: Sequence[TimedRecovery]) -> RecoveryFit | None:
    """Medians and spreads of the largest jobs that were killed; None where none was.

    Notes
    -----
    Lognormal: the median is the exponential of the mean logarithm, its interval that of Student's t. A part that takes
    no time keeps its zero.
    """
    if not recoveries:
        return None
    gpus = max(item.gpus for item in recoveries)
    some = [item for item in recoveries if item.gpus == gpus]
    detection = [time for item in some for time in item.detection_s]
    restart = [time for item in some for time in item.restart_s]
    parts = {name: _median([time for item in some for time in item.parts_s.get(name, ())]) for name in PARTS}
    return RecoveryFit(
        gpus, len(restart), _median(detection), _spread(detection).value, parts, _spread(restart)
    )  # fmt: skip


def _median(times_s: Sequence[float]) -> Known:
    some = [time for time in times_s if time > 0.0]
    return typical(some) if 2 * len(some) > len(times_s) else Known(0.0)


def _spread(times_s: Sequence[float]) -> Known:
    """Spread of the logarithm, with an interval from its own standard error, s / sqrt(2 (n - 1))."""
    logs = [math.log(time) for time in times_s if time > 0.0]
    if len(logs) < 2:
        return Known(0.0)
    spread = statistics.stdev(logs)
    half = INTERVAL_SPREADS * spread / math.sqrt(2.0 * (len(logs) - 1))
    return Known(spread, max(0.0, spread - half), spread + half)
