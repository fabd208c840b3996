"""From measurements to the parameters of one machine, their intervals, and how well held-out steps are predicted."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from clustersim.calibration.fitted import four_digits
from clustersim.calibration.measured.base import base_cluster, base_node
from clustersim.calibration.measured.kernels import KernelFit, fit_kernels
from clustersim.calibration.measured.known import Known
from clustersim.calibration.measured.network import NetworkFit, fit_network
from clustersim.calibration.measured.observations import Observations, TimedStep
from clustersim.calibration.measured.recovery import RecoveryFit, fit_recovery
from clustersim.calibration.measured.steps import StepFit, fit_steps, measured_cluster, predicted_step_s
from clustersim.calibration.measured.storage import fit_storage
from clustersim.scenario.schema.hardware import Cluster, Precision
from clustersim.scenario.schema.measured import Range

LEAST_STEPS = 6
"""Step times below which they are predicted but not fitted: fewer would not tell compute from traffic."""

LEAST_SPREAD = 0.02
"""Spread that a prediction carries at least: repeats of one job on one machine differ by as much."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Result of a calibration.

    Attributes
    ----------
    cluster : Cluster
        One node of the measured machines.
    source : str
        What it rests on, in words.
    kernels : KernelFit
        What the timings of kernels say by themselves.
    intervals : mapping
        Ends of the 90 % interval over the value, by parameter; empty without step times.
    steps : tuple of TimedStep
        Step times, fitted and held out.
    errors : tuple of float
        Log error of each.
    network : NetworkFit or None
        The network, where collectives between nodes were measured.
    storage : Known or None
        Bandwidth of checkpoint storage [bytes/s], where checkpoints were written.
    recovery : RecoveryFit or None
        Detection and restart, where jobs were killed.
    """

    cluster: Cluster
    source: str
    kernels: KernelFit
    intervals: Mapping[str, tuple[float, float]]
    steps: tuple[TimedStep, ...]
    errors: tuple[float, ...]
    network: NetworkFit | None = None
    storage: Known | None = None
    recovery: RecoveryFit | None = None

    @property
    def has_device(self) -> bool:
        """Whether anything was measured on the accelerators themselves."""
        return bool(self.steps or self.kernels.matrix or self.kernels.values)

    def errors_of(self, split: str) -> list[float]:
        """Relative errors of the steps of one split."""
        return [math.expm1(error) for step, error in zip(self.steps, self.errors, strict=True) if step.split == split]


def calibrate(seen: Observations, base: str | None = None) -> Calibration:
    """Fit the parameters of a machine to everything measured on it.

    Parameters
    ----------
    seen : Observations
        Timings of kernels, collectives and training steps, or some of them.
    base : str, optional
        The catalogue's node that the device stands in; guessed from its name when omitted.

    Raises
    ------
    clustersim.calibration.measured.base.UnknownDevice
        If no node of the catalogue is meant.

    Notes
    -----
    Kernels first; then the steps marked ``fit`` correct them, with and without communication beside computation, and
    the better of the two counts.
    """
    machine = base_cluster(base_node(seen.devices, base), seen.devices)
    return replace(
        _of_devices(seen, machine),
        network=fit_network(seen.collectives, machine),
        storage=fit_storage(seen.writes),
        recovery=fit_recovery(seen.recoveries),
    )


def _of_devices(seen: Observations, machine: Cluster) -> Calibration:
    kernels = fit_kernels(seen)
    fitted = [step for step in seen.steps if step.split == "fit"]
    if len(fitted) < LEAST_STEPS:
        return _of_kernels(seen, machine, kernels)
    apart = fit_steps(seen.steps, kernels, machine, overlap=False)
    beside = fit_steps(seen.steps, kernels, machine, overlap=True, near=apart)
    tried = {False: apart, True: beside}
    overlap = min(tried, key=lambda choice: _loss(seen.steps, tried[choice]))
    return _of_steps(seen, machine, kernels, tried[overlap], overlap=overlap)


def _loss(steps: Sequence[TimedStep], found: StepFit) -> float:
    return statistics.fmean(
        error * error for step, error in zip(steps, found.errors, strict=True) if step.split == "fit"
    )


def _of_kernels(seen: Observations, machine: Cluster, kernels: KernelFit) -> Calibration:
    values = {name: four_digits(value) for name, value in _all(kernels.values, kernels.matrix).items()}
    cluster = measured_cluster(machine, values, overlap=None)
    cluster = _labelled(cluster, source_of(seen), None, None)
    errors = tuple(math.log(predicted_step_s(step, cluster) / step.time_s) for step in seen.steps)
    return Calibration(cluster, source_of(seen), kernels, {}, seen.steps, errors)


def _of_steps(
    seen: Observations, machine: Cluster, kernels: KernelFit, found: StepFit, *, overlap: bool
) -> Calibration:
    values = {name: four_digits(value) for name, value in _all(found.values, found.matrix).items()}
    cluster = measured_cluster(machine, values, overlap=overlap)
    errors = tuple(math.log(predicted_step_s(step, cluster) / step.time_s) for step in seen.steps)
    cluster = _labelled(cluster, source_of(seen), _spread(seen.steps, errors), _range(seen.steps))
    relative = {
        name: (ends[0] / _all(found.values, found.matrix)[name], ends[1] / _all(found.values, found.matrix)[name])
        for name, ends in found.intervals.items()
    }
    return Calibration(cluster, source_of(seen), kernels, relative, seen.steps, errors)


def _all(values: Mapping[str, float], matrix: Mapping[Precision, float]) -> dict[str, float]:
    return {**values, **{f"matrix.{precision}": rate for precision, rate in matrix.items()}}


def _labelled(cluster: Cluster, source: str, spread: float | None, covers: Range | None) -> Cluster:
    accelerator = cluster.node.accelerator
    if accelerator.measured is None:
        return cluster
    measured = accelerator.measured.model_copy(update={"source": source, "spread": spread, "covers": covers})
    node = cluster.node.model_copy(update={"accelerator": accelerator.model_copy(update={"measured": measured})})
    return cluster.model_copy(update={"node": node})


def _spread(steps: Sequence[TimedStep], errors: Sequence[float]) -> float:
    """Spread of the log error of held-out steps; without any, of the fitted ones widened for having been fitted."""
    held_out = [abs(error) for step, error in zip(steps, errors, strict=True) if step.split == "test"]
    seen = held_out or [1.5 * abs(error) for error in errors]
    ordered = sorted(seen)
    tail = ordered[min(len(ordered) - 1, math.ceil(0.9 * len(ordered)) - 1)] / 1.645
    return four_digits(max(LEAST_SPREAD, 1.48 * statistics.median(seen), tail))


def _range(steps: Sequence[TimedStep]) -> Range:
    fitted = [step for step in steps if step.split == "fit"]
    return Range(
        gpus=max(step.layout.gpus for step in fitted),
        tokens=max(step.layout.micro_batch * step.sequence_length for step in fitted),
        hidden_min=min(step.model.hidden for step in fitted),
        hidden_max=max(step.model.hidden for step in fitted),
    )


def source_of(seen: Observations) -> str:
    """What a calibration rests on: device, software, date, and how much of everything."""
    device = seen.devices[0] if seen.devices else None
    where = f"{device.name}, {device.software}, {device.date}" if device is not None else "machine not said"
    counts = (
        (len(seen.steps), "step times"),
        (len(seen.products), "matrix products"),
        (len(seen.attention), "attention kernels"),
        (len(seen.traffic), "elementwise kernels"),
        (len(seen.updates), "optimizer steps"),
        (len(seen.collectives), "collectives"),
        (len(seen.writes), "checkpoints"),
        (sum(len(item.restart_s) for item in seen.recoveries), "restarts"),
    )
    return f"{where}: " + ", ".join(f"{count} {what}" for count, what in counts if count)
