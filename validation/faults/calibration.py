"""What the calibration runs say: the costs that a simulation is set with."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from validation.faults.account import PARTS

Repeat = Mapping[str, Any]


def calibration(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Gather the calibration runs.

    Parameters
    ----------
    runs : sequence of mapping
        Runs as they stand in the file: name, configuration, incidents and repeats.

    Returns
    -------
    dict
        ``step_time_s`` and ``checkpoint_*`` of runs that write blocking checkpoints, ``async_checkpoint_*`` of those
        that do not; ``detection_s`` and ``restart_s`` of single kills, a value each, with ``restart_parts``;
        ``startup_s`` of all; ``slowdown`` of the straggler. A cost that no run has measured is left out. [s]

    Notes
    -----
    A stall is what a checkpoint takes from the training: the time that it stands still, and what the steps take longer
    while the rest is written in the background.
    """
    repeats = [(run, repeat) for run in runs for repeat in _counted(run)]
    every = [repeat for _run, repeat in repeats]
    found: dict[str, Any] = {"repeats": len(every)}
    if every:
        found["step_time_s"] = statistics.fmean(repeat["step_time_s"] for repeat in every)
        found["startup_s"] = [repeat["startup_s"] for repeat in every if repeat["startup_s"] is not None]
    for mode, prefix in (("blocking", ""), ("async", "async_")):
        own = [repeat for run, repeat in repeats if run["config"]["checkpoint"]["mode"] == mode]
        found |= {f"{prefix}{name}": value for name, value in _checkpoints(own)}
    found["detection_s"] = [value for repeat in every for value in repeat["detections_s"]]
    found["restart_s"] = [value for repeat in every for value in repeat["restarts_s"]]
    found["restart_parts"] = {part: [v for repeat in every for v in repeat["restart_parts_s"][part]] for part in PARTS}
    slowdowns = [value for repeat in every for value in repeat["slowdowns"]]
    if slowdowns:
        found["slowdown"] = statistics.fmean(slowdowns)
    return found


def _counted(run: Mapping[str, Any]) -> Sequence[Repeat]:
    """Repeats that went as planned; of these the undisturbed ones, if there are any."""
    planned = [repeat for repeat in run["repeats"] if not repeat["unplanned_ends"]]
    return [repeat for repeat in planned if not repeat["disturbed"]] or planned


def _checkpoints(repeats: Sequence[Repeat]) -> Iterator[tuple[str, float]]:
    stalls_s = [value for repeat in repeats for value in repeat["checkpoint_costs_s"]]
    persists_s = [value for repeat in repeats for value in repeat["checkpoints"]["persist_s"]]
    if stalls_s and persists_s:
        yield "checkpoint_stall_s", statistics.fmean(stalls_s)
        yield "checkpoint_persist_s", statistics.fmean(persists_s)
        yield "checkpoint_bytes", repeats[-1]["checkpoints"]["bytes"]
