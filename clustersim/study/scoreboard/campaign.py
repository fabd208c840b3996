"""Step times of real jobs against the calibration that some of them made."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.calibration.measured.calibration import Calibration, calibrate
from clustersim.calibration.measured.observations import Observations, TimedStep, together
from clustersim.calibration.measured.reader import read_measurement

HELD_OUT, FITTED = "real steps: held out", "real steps: fitted"

NINETY = 1.645
"""Half of a 90 % interval in standard deviations of a normal distribution."""


def campaign_cases(path: Path) -> list[Case]:
    """Measured step times of a campaign against predicted ones.

    Parameters
    ----------
    path : Path
        The campaign. Microbenchmarks of the same device in the same folder join the calibration.

    Returns
    -------
    list of Case
        Held-out jobs, with the 90 % interval of their prediction; then the fitted ones.
    """
    found = calibrate(campaign_observations(path))
    return [*_cases(found, "test", HELD_OUT, path.name), *_cases(found, "fit", FITTED, path.name)]


def campaign_observations(path: Path) -> Observations:
    """A campaign and the microbenchmarks of its device that lie beside it."""
    campaign = read_measurement(path)
    names = {device.name for device in campaign.devices}
    others = (read_measurement(file) for file in _benchmarks(path))
    return together([campaign, *(other for other in others if {device.name for device in other.devices} == names)])


def _benchmarks(path: Path) -> Iterator[Path]:
    for file in sorted(path.parent.glob("*.json")):
        if file != path and json.loads(file.read_text("utf-8")).get("kind") == "microbenchmarks":
            yield file


def _cases(found: Calibration, split: str, group: str, source: str) -> Iterator[Case]:
    measured = found.cluster.node.accelerator.measured
    spread = measured.spread if measured is not None and split == "test" else None
    for step, error in zip(found.steps, found.errors, strict=True):
        if step.split == split:
            yield _case(step, step.time_s * math.exp(error), spread, group, source)


def _case(step: TimedStep, predicted_s: float, spread: float | None, group: str, source: str) -> Case:
    width = None if spread is None else math.exp(NINETY * spread)
    return Case(
        group=group,
        name=step.name,
        expected=step.time_s,
        found=predicted_s,
        unit="s",
        source=source,
        low=None if width is None else predicted_s / width,
        high=None if width is None else predicted_s * width,
        note=f"repeats differ by {step.spread:.1%}" if step.spread else "",
    )
