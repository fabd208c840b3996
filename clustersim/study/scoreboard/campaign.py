"""Step times of real jobs against the calibration that some of them made."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.calibration.measured.calibration import Calibration, calibrate
from clustersim.calibration.measured.observations import Observations, TimedStep, together
from clustersim.calibration.measured.reader import read_measurement
from clustersim.calibration.measured.steps import predicted_step_s
from clustersim.calibration.measured.suite import device_of

HELD_OUT, FITTED, ANOTHER_DAY = "real steps: held out", "real steps: fitted", "real steps: held out, another day"

NINETY = 1.645
"""Half of a 90 % interval in standard deviations of a normal distribution."""


def campaign_cases(path: Path) -> list[Case]:
    """Measured step times of a campaign against predicted ones.

    Parameters
    ----------
    path : Path
        The campaign. Microbenchmarks of the same device in the same folder join the calibration. If an earlier campaign
        of this device lies there too, that one calibrates, and nothing of this one does.

    Returns
    -------
    list of Case
        Held-out jobs, with the 90 % interval of their prediction; then the fitted ones.
    """
    first = _first_campaign(path)
    found = calibrate(campaign_observations(first))
    if first == path:
        return [*_cases(found, "test", HELD_OUT, path.name), *_cases(found, "fit", FITTED, path.name)]
    spread = _spread(found)
    held_out = [step for step in read_measurement(path).steps if step.split == "test"]
    return [_case(step, predicted_step_s(step, found.cluster), spread, ANOTHER_DAY, path.name) for step in held_out]


def _first_campaign(path: Path) -> Path:
    """The earliest campaign of the same device in the folder."""
    dated = {path: _device_and_date(path)}
    for file in sorted(path.parent.glob("*.json")):
        if json.loads(file.read_text("utf-8")).get("kind") == "campaign":
            dated[file] = _device_and_date(file)
    same = [file for file, (device, _) in dated.items() if device == dated[path][0]]
    return min(same, key=lambda file: dated[file][1])


def _device_and_date(path: Path) -> tuple[str, str]:
    environment = json.loads(path.read_text("utf-8")).get("environment", {})
    return device_of(environment).name, str(environment.get("date", ""))


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
    spread = _spread(found) if split == "test" else None
    for step, error in zip(found.steps, found.errors, strict=True):
        if step.split == split:
            yield _case(step, step.time_s * math.exp(error), spread, group, source)


def _spread(found: Calibration) -> float | None:
    measured = found.cluster.node.accelerator.measured
    return None if measured is None else measured.spread


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
