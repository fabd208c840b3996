"""Fits what single kernels do not show, and corrects what they do, on the step times of a real job."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clustersim.calibration.fitted import INTERVAL_SPREADS
from clustersim.calibration.measured.kernels import KernelFit
from clustersim.calibration.measured.observations import TimedStep
from clustersim.scenario.schema.hardware import Accelerator, Cluster, Precision
from clustersim.scenario.schema.measured import CollectiveTimes, MatrixRates, Measured
from clustersim.scenario.schema.training import Software
from clustersim.step.breakdown import step_breakdown
from clustersim.step.efficiency import calibrated_table
from clustersim.step.job import job_of
from clustersim.step.options import options_of
from clustersim.workload.layout import micro_batches

if TYPE_CHECKING:
    import numpy as np

    Logs = np.ndarray[tuple[int], np.dtype[np.float64]]

STACK: Software = "pytorch"
"""Software class of whatever the measurements do not replace: torch.distributed's own layouts."""

ERROR_SCALE = 0.03
"""Log error beyond which a step counts less than its square: scatter of repeats on a shared machine."""

MEASURED_SPREAD, UNKNOWN_SPREAD = 0.3, 1.0
"""Log-standard-deviation of what is known of a parameter beforehand: from kernels of its own, which ran alone and warm
where a step is neither; and without."""


_NO_TIME = CollectiveTimes.model_validate({"call": "0 s", "hop": "0 s"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a measured accelerator: where it starts without a measurement, and its limits."""

    name: str
    start: float
    low: float
    high: float


PARAMETERS = (
    Parameter("matrix_half_size", 50.0, 1.0, 3000.0),
    Parameter("attention", 5e10, 1e8, 3e15),
    Parameter("attention_half_length", 100.0, 1.0, 20000.0),
    Parameter("attention_backward", 3.0, 1.0, 8.0),
    Parameter("memory", 1e10, 1e8, 2e13),
    Parameter("elementwise_traffic", 1.5, 0.2, 20.0),
    Parameter("loss_traffic", 1.5, 0.1, 50.0),
    Parameter("optimizer_bytes", 40.0, 10.0, 400.0),
    Parameter("launch", 1e-5, 1e-7, 1e-3),
    Parameter("host", 1e-3, 1e-6, 0.5),
    Parameter("host_collective", 1e-4, 1e-7, 2e-2),
    Parameter("contention", 1.1, 1.0, 3.0),
    Parameter("collectives.call", 2e-4, 1e-7, 2e-2),
    Parameter("scale_up", 2e9, 1e6, 1e13),
)
"""What is fitted on step times, beside the rate of products of each number format."""

_ONE_DEVICE = frozenset({"contention", "collectives.call", "scale_up", "host_collective"})
"""Parameters that only jobs on more than one device speak of."""


@dataclass(frozen=True, slots=True)
class StepFit:
    """Parameters with the ends of their 90 % intervals, and the log error of every step.

    ``errors`` are of all steps, fitted or not, in the order given.
    """

    values: Mapping[str, float]
    matrix: Mapping[Precision, float]
    intervals: Mapping[str, tuple[float, float]]
    errors: tuple[float, ...]


def fit_steps(
    steps: Sequence[TimedStep], kernels: KernelFit, base: Cluster, *, overlap: bool, near: StepFit | None = None
) -> StepFit:
    """Fit the parameters to the steps marked ``fit``.

    Parameters
    ----------
    steps : sequence of TimedStep
        Measured steps; those marked ``test`` are predicted and never fitted.
    kernels : KernelFit
        Where the parameters start, and what ties them.
    base : Cluster
        The machine; what is not measured of it stays.
    overlap : bool
        Whether gradients move beside computation.
    near : StepFit, optional
        Another fit of the same steps, to start from.

    Notes
    -----
    Soft-L1 loss of the log errors, each parameter tied to its start by a log-normal prior. Intervals are from the
    curvature at the optimum, inside the bounds.
    """
    import numpy as np
    from scipy.optimize import least_squares

    fitted = [step for step in steps if step.split == "fit"]
    names, starts, spreads, bounds = _unknowns(fitted, kernels)
    low, high = (np.array([math.log(end) for end in ends]) for ends in zip(*bounds, strict=True))
    priors = np.clip(np.log(starts), low, high)
    ties = ERROR_SCALE / np.array(spreads)

    def residuals(logs: "Logs") -> "Logs":
        values = dict(zip(names, np.exp(logs), strict=True))
        return np.concatenate([_errors(fitted, values, base, overlap), ties * (logs - priors)])

    found = least_squares(
        residuals,
        _start(names, near, priors),
        bounds=(low - 1e-9, high + 1e-9),
        loss="soft_l1",
        f_scale=ERROR_SCALE,
        diff_step=1e-4,
        ftol=1e-5,
        xtol=1e-4,
    )
    half = INTERVAL_SPREADS * ERROR_SCALE * np.sqrt(np.diag(np.linalg.pinv(found.jac.T @ found.jac)))
    values = {name: float(math.exp(log)) for name, log in zip(names, found.x, strict=True)}
    intervals = {
        name: (max(bound[0], values[name] * math.exp(-width)), min(bound[1], values[name] * math.exp(width)))
        for name, width, bound in zip(names, half, bounds, strict=True)
    }
    return StepFit(*_split(values), intervals, tuple(float(error) for error in _errors(steps, values, base, overlap)))


def _start(names: Sequence[str], near: StepFit | None, priors: "Logs") -> "Logs":
    if near is None:
        return priors
    import numpy as np

    known = {**near.values, **{f"matrix.{precision}": rate for precision, rate in near.matrix.items()}}
    return np.log([known[name] for name in names])


def _unknowns(
    fitted: Sequence[TimedStep], kernels: KernelFit
) -> tuple[list[str], list[float], list[float], list[tuple[float, float]]]:
    """Names, starts, spreads beforehand and bounds of the parameters that the steps speak of."""
    names: list[str] = []
    starts: list[float] = []
    spreads: list[float] = []
    bounds: list[tuple[float, float]] = []
    several = any(step.layout.gpus > 1 for step in fitted)
    for precision in sorted({step.precision for step in fitted}):
        rate = kernels.matrix.get(precision)
        names.append(f"matrix.{precision}")
        starts.append(rate or _rate_of(fitted, precision))
        spreads.append(0.1 if rate else UNKNOWN_SPREAD)
        bounds.append((1e8, 1e17))
    for parameter in PARAMETERS:
        if parameter.name in _ONE_DEVICE and not several:
            continue
        known = kernels.values.get(parameter.name)
        names.append(parameter.name)
        starts.append(parameter.start if known is None else min(max(known, parameter.low), parameter.high))
        spreads.append(UNKNOWN_SPREAD if known is None else MEASURED_SPREAD)
        bounds.append((parameter.low, parameter.high))
    return names, starts, spreads, bounds


def _rate_of(fitted: Sequence[TimedStep], precision: Precision) -> float:
    """Highest rate of model FLOPs that a device reached: where the rate of products starts without timings of them."""
    from clustersim.workload.flops import model_flops_per_token

    return max(
        model_flops_per_token(step.model, step.sequence_length, "causal")
        * step.sequence_length
        * step.global_batch
        / step.layout.gpus
        / step.time_s
        for step in fitted
        if step.precision == precision
    )


def _errors(steps: Sequence[TimedStep], values: Mapping[str, float], base: Cluster, overlap: bool) -> "list[float]":
    cluster = measured_cluster(base, values, overlap=overlap)
    return [math.log(predicted_step_s(step, cluster) / step.time_s) for step in steps]


def predicted_step_s(step: TimedStep, cluster: Cluster) -> float:
    """Step time of a measured job on a cluster of such machines [s]."""
    machines = cluster.model_copy(
        update={
            "nodes": step.nodes,
            "node": cluster.node.model_copy(update={"gpus": max(cluster.node.gpus, step.gpus_per_node)}),
        }
    )
    count = micro_batches(step.layout, step.global_batch)
    job = job_of(
        step.model,
        step.layout,
        step.sequence_length,
        step.precision,
        machines,
        STACK,
        calibrated_table(),
        options_of(step.options),
        count,
    )
    return math.fsum(step_breakdown(job, count).values())


def measured_cluster(base: Cluster, values: Mapping[str, float], *, overlap: bool | None) -> Cluster:
    """A cluster whose accelerators have these parameters."""
    accelerator = base.node.accelerator
    update: dict[str, object] = {"measured": _measured(values, accelerator, overlap)}
    if "scale_up" in values:
        update["scale_up_bandwidth"] = float(values["scale_up"])
    node = base.node.model_copy(update={"accelerator": accelerator.model_copy(update=update)})
    return base.model_copy(update={"node": node})


def _measured(values: Mapping[str, float], accelerator: Accelerator, overlap: bool | None) -> Measured:
    plain = {name: float(value) for name, value in values.items() if "." not in name and name != "scale_up"}
    rates = {name.removeprefix("matrix."): float(rate) for name, rate in values.items() if name.startswith("matrix.")}
    times = None
    if "collectives.call" in values:
        times = _NO_TIME.model_copy(
            update={
                "call": float(values["collectives.call"]),
                "hop": float(values.get("collectives.hop", 0.0)),
                "reduce_scatter": "all_reduce" if accelerator.scale_up == SHARED_MEMORY else "ring",
            }
        )
    return Measured(source="being fitted").model_copy(
        update={
            **plain,
            "matrix": MatrixRates().model_copy(update=rates),
            "collectives": times,
            "overlap": overlap,
            "synchronous": accelerator.scale_up == SHARED_MEMORY,
        }
    )


SHARED_MEMORY = "shared memory"
"""Scale-up link of the catalogue's CPU cores: there the host is the device, and kernels run one after the other."""


def _split(values: Mapping[str, float]) -> tuple[dict[str, float], dict[Precision, float]]:
    plain = {name: value for name, value in values.items() if not name.startswith("matrix.")}
    matrix: dict[Precision, float] = {
        precision: values[f"matrix.{precision}"]
        for precision in ("fp32", "tf32", "fp16", "bf16", "fp8", "fp4")
        if f"matrix.{precision}" in values
    }
    return plain, matrix
