"""Every number that a calibration fitted, by the setting of a scenario that it belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clustersim.calibration.fitted import four_digits
from clustersim.calibration.measured.calibration import Calibration
from clustersim.calibration.measured.known import Known
from clustersim.calibration.measured.network import NetworkFit
from clustersim.calibration.measured.recovery import RecoveryFit
from clustersim.scenario.document import Path, dotted
from clustersim.scenario.leaves import leaves
from clustersim.scenario.schema.checkpoint import BlockingCheckpoint
from clustersim.scenario.schema.fabric import ClosFabric
from clustersim.scenario.schema.hardware import Accelerator
from clustersim.scenario.schema.law import Lognormal
from clustersim.scenario.schema.measured import Measured
from clustersim.scenario.schema.recovery import Restart, RestartPart
from clustersim.scenario.schema.shape import below

ACCELERATOR: Path = ("cluster", "node", "accelerator")
FABRIC: Path = ("cluster", "fabric")
STORAGE: Path = ("checkpoint",)
DETECTION: Path = ("recovery", "detection", "crash")
RESTART: Path = ("recovery", "restart")


@dataclass(frozen=True, slots=True)
class FittedValue:
    """A number in SI units, with the ends of its 90 % interval where it has one.

    ``path`` is that of the setting, ``annotation`` its type in the schema.
    """

    path: Path
    value: float
    low: float | None
    high: float | None
    annotation: Any

    @property
    def name(self) -> str:
        """Short name: without the way to the accelerator and to what was measured on it."""
        short = self.path
        for prefix in ((*ACCELERATOR, "measured"), ACCELERATOR, ("cluster",)):
            if short[: len(prefix)] == prefix:
                short = short[len(prefix) :]
        return "scale_up" if short == ("scale_up_bandwidth",) else dotted(short)


def fitted_values(found: Calibration) -> Iterator[FittedValue]:
    """Every fitted number of a calibration, the accelerator's first."""
    if found.has_device:
        yield from _device(found)
    if found.network is not None:
        yield from _network(found.network)
    if found.storage is not None:
        yield _known((*STORAGE, "write_bandwidth"), found.storage, below(BlockingCheckpoint, "write_bandwidth"))
    if found.recovery is not None:
        yield from _recovery(found.recovery)


def _device(found: Calibration) -> Iterator[FittedValue]:
    accelerator = found.cluster.node.accelerator
    link = below(Accelerator, "scale_up_bandwidth", accelerator)
    yield _scaled(
        found, "scale_up", (*ACCELERATOR, "scale_up_bandwidth"), accelerator.scale_up_bandwidth, link
    )  # fmt: skip
    for leaf in leaves(accelerator.measured, Measured):
        if isinstance(leaf.value, float):
            path = (*ACCELERATOR, "measured", *leaf.path)
            yield _scaled(found, dotted(leaf.path), path, leaf.value, leaf.annotation)


def _scaled(found: Calibration, name: str, path: Path, value: float, annotation: Any) -> FittedValue:
    ends = found.intervals.get(name)
    low, high = (None, None) if ends is None else (value * ends[0], value * ends[1])
    return FittedValue(path, value, low, high, annotation)


def _network(fit: NetworkFit) -> Iterator[FittedValue]:
    share = fit.efficiency
    whole = Known(share.value, share.low, None if share.high is None else min(1.0, share.high))
    yield _known((*FABRIC, "efficiency"), whole, below(ClosFabric, "efficiency"))
    yield _known((*FABRIC, "latency"), fit.latency_s, below(ClosFabric, "latency"))


def _recovery(fit: RecoveryFit) -> Iterator[FittedValue]:
    yield _known((*DETECTION, "median"), fit.detection, below(Lognormal, "median"))
    if fit.detection_sigma > 0.0:
        yield _known((*DETECTION, "sigma"), Known(fit.detection_sigma), below(Lognormal, "sigma"))
    for part, known in fit.parts.items():
        yield _known((*RESTART, part, "median"), known, below(RestartPart, "median"))
    yield _known((*RESTART, "spread"), fit.spread, below(Restart, "spread"))


def _known(path: Path, known: Known, annotation: Any) -> FittedValue:
    return FittedValue(path, four_digits(known.value), known.low, known.high, annotation)
