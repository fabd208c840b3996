"""What the calibration covers: the spread of its errors, and what of a workload lies outside it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clustersim.scenario.schema.hardware import Accelerator, Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.step.efficiency import DEFAULT_GENERATION, calibrated_precision, calibrated_table, generation_of

UNCALIBRATED_SIGMA = 0.20
"""Spread of the log error where no row was held out. Assumed: twice that of the calibrated dense classes."""


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """One way in which a workload leaves the calibrated range.

    Attributes
    ----------
    text : str
        What and by how much, for the report.
    sigma : float
        Spread of the log error it adds, in quadrature. Not measured: assumed, by the size of the step outside.
    """

    text: str
    sigma: float


def coverage_of(accelerator: Accelerator, precision: Precision, mixture: bool) -> Mapping[str, float] | None:
    """Calibration record of a GPU generation, precision and model class; None where there is none.

    Returns
    -------
    mapping of str to float or None
        ``sigma`` (dimensionless), ``rows_fit``, ``rows_test``, ``gpus_max``, ``sequence_max`` [tokens].
    """
    generation = generation_of(accelerator)
    kind = "moe" if mixture else "dense"
    return calibrated_table().get(f"class-{generation}-{calibrated_precision(precision)}-{kind}")


def extrapolations_of(
    model: Model, layout: Layout, sequence_length: int, precision: Precision, cluster: Cluster
) -> tuple[Extrapolation, ...]:
    """Everything about a workload that no fitted step time covers.

    Parameters
    ----------
    model, layout, sequence_length, precision, cluster
        As in :func:`clustersim.step.predict.predict_step`.

    Returns
    -------
    tuple of Extrapolation
        Empty inside the calibrated range.
    """
    accelerator = cluster.node.accelerator
    coverage = coverage_of(accelerator, precision, model.mixture is not None)
    return (
        *_class_extrapolations(accelerator, precision, model, coverage),
        *_range_extrapolations(layout, sequence_length, coverage),
        *_fabric_extrapolations(layout, cluster),
    )


def prediction_sigma(
    model: Model, precision: Precision, cluster: Cluster, stack: str, extrapolations: tuple[Extrapolation, ...]
) -> float:
    """Standard deviation of the log error of a prediction, dimensionless.

    Returns
    -------
    float
        The robust spread over held-out rows of the same class of hardware and model, or of the same software stack,
        whichever is larger (:data:`UNCALIBRATED_SIGMA` where no row was held out), with the spread of each extrapolation
        added in quadrature.
    """
    coverage = coverage_of(cluster.node.accelerator, precision, model.mixture is not None) or {}
    software = calibrated_table().get(f"class-stack-{stack}", {})
    base = max(coverage.get("sigma", UNCALIBRATED_SIGMA), software.get("sigma", 0.0))
    return math.hypot(base, *(extrapolation.sigma for extrapolation in extrapolations))


def _class_extrapolations(
    accelerator: Accelerator, precision: Precision, model: Model, coverage: Mapping[str, float] | None
) -> Iterator[Extrapolation]:
    generation = generation_of(accelerator)
    name = accelerator.catalogue_entry or accelerator.scale_up
    if generation is None:
        text = f"GPU {name} has no calibrated step times; the efficiencies of {DEFAULT_GENERATION} stand in"
        yield Extrapolation(text, 0.15)
        return
    if calibrated_precision(precision) != precision and precision != "fp16":
        stand_in = calibrated_precision(precision)
        yield Extrapolation(f"precision {precision} is not calibrated; the efficiencies of {stand_in} stand in", 0.10)
    if not (coverage or {}).get("rows_fit"):
        kind = "mixture-of-experts" if model.mixture else "dense"
        text = f"no fitted step times of {kind} models in {precision} on {generation}; other classes stand in"
        yield Extrapolation(text, 0.10)


def _range_extrapolations(
    layout: Layout, sequence_length: int, coverage: Mapping[str, float] | None
) -> Iterator[Extrapolation]:
    for what, value, limit in (
        ("job of {:,} GPUs", layout.gpus, (coverage or {}).get("gpus_max", 0.0)),
        ("sequence of {:,} tokens", sequence_length, (coverage or {}).get("sequence_max", 0.0)),
    ):
        if limit and value > limit:
            text = f"{what.format(value)} is {value / limit:.3g} times the largest calibrated ({limit:,.0f})"
            yield Extrapolation(text, 0.02 * math.log2(value / limit))


def _fabric_extrapolations(layout: Layout, cluster: Cluster) -> Iterator[Extrapolation]:
    network = cluster.fabric
    pod_gpus = (network.nodes_per_pod or cluster.nodes) * cluster.node.gpus
    if network.oversubscription > 1.0 and layout.gpus > pod_gpus:
        text = (
            f"job spans pods of {pod_gpus:,} GPUs with oversubscription {network.oversubscription:g}:"
            " no calibrated step time has such a fabric"
        )
        yield Extrapolation(text, 0.03)
