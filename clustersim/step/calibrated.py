"""What the calibration covers: the spread of its errors, and what of a workload lies outside it."""

import math
from collections.abc import Iterator, Mapping

from clustersim.scenario.schema.fabric import ClosFabric, FatTreeFabric
from clustersim.scenario.schema.hardware import Accelerator, Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.step.card import card_extrapolations, fitted_on
from clustersim.step.efficiency import (
    DEFAULT_GENERATION,
    calibrated_precision,
    calibrated_table,
    generation_of,
    generation_of_card,
)
from clustersim.step.extrapolation import Extrapolation
from clustersim.step.measured import measured_extrapolations, measured_sigma

UNCALIBRATED_SIGMA = 0.20
"""Spread of the log error where no row was held out. Assumed: about twice that of the calibrated dense classes."""


SPLIT_SIGMA = 0.10
"""Least spread where the efficiency of a software stack is known only together with the clock of the one card it was
fitted on. Assumed: one and a half times the spread of that clock's prior, for whatever else sets that card apart."""


CALIBRATED_FABRICS = (ClosFabric, FatTreeFabric)
"""Kinds of fabric that the calibrated step times ran on: full bisection as far as their jobs reach."""


def class_name(accelerator: Accelerator, precision: Precision, *, mixture: bool) -> str:
    """Name of the calibration record of a GPU generation, precision and model class."""
    kind = "moe" if mixture else "dense"
    return f"class-{generation_of(accelerator)}-{calibrated_precision(precision)}-{kind}"


def extrapolations_of(
    model: Model, layout: Layout, sequence_length: int, precision: Precision, cluster: Cluster, stack: str
) -> tuple[Extrapolation, ...]:
    """Everything about a workload that no fitted step time covers.

    Parameters
    ----------
    model, layout, sequence_length, precision, cluster, stack
        As in :func:`clustersim.step.predict.predict_step`.

    Returns
    -------
    tuple of Extrapolation
        Empty inside the calibrated range.
    """
    accelerator = cluster.node.accelerator
    if accelerator.measured is not None and accelerator.measured.covers is not None:
        return (
            *measured_extrapolations(accelerator.measured.covers, model, layout, sequence_length),
            *_fabric_extrapolations(layout, cluster),
        )
    name = class_name(accelerator, precision, mixture=model.mixture is not None)
    coverage = calibrated_table().get(name, {})
    return (
        *_class_extrapolations(accelerator, precision, model, coverage),
        *card_extrapolations(accelerator),
        *_stack_extrapolations(name, stack, coverage),
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
        The spread of the same class of hardware and model with the same software stack, as wide as held-out rows are
        and as one more model may be (:func:`clustersim.calibration.score.unseen_sigma`); without held-out rows of both,
        the larger of the two taken apart (:data:`UNCALIBRATED_SIGMA` where no row was held out). The spread of each
        extrapolation is added in quadrature.

    Notes
    -----
    PyTorch's own software was fitted on one power-limited card, so the fit knows only its efficiency times that card's
    clock, and priors separate the two: at the same product, a higher clock of that card makes the software slower on
    any other. On other cards of the generation the spread is therefore never less than :data:`SPLIT_SIGMA`; that covers
    a clock one spread of its prior higher or lower.
    """
    name = class_name(cluster.node.accelerator, precision, mixture=model.mixture is not None)
    base = measured_sigma(cluster.node.accelerator) or _stack_sigma(name, stack)
    return math.hypot(base, *(extrapolation.sigma for extrapolation in extrapolations))


def _stack_sigma(name: str, stack: str) -> float:
    """Spread of a class with a stack, before any extrapolation."""
    table = calibrated_table()
    both = table.get(f"{name}-{stack}", {}).get("sigma")
    hardware = table.get(name, {}).get("sigma", UNCALIBRATED_SIGMA)
    software = table.get(f"class-stack-{stack}-{name.rpartition('-')[2]}", {}).get("sigma", UNCALIBRATED_SIGMA)
    return both if both is not None else max(hardware, software)


def _class_extrapolations(
    accelerator: Accelerator, precision: Precision, model: Model, coverage: Mapping[str, float]
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
    if not coverage.get("rows_fit"):
        kind = "mixture-of-experts" if model.mixture else "dense"
        text = f"no fitted step times of {kind} models in {precision} on {generation}; other classes stand in"
        yield Extrapolation(text, 0.10)


def _stack_extrapolations(name: str, stack: str, coverage: Mapping[str, float]) -> Iterator[Extrapolation]:
    """A stack that was fitted, but on other hardware. Its spread is that of the stack, so this adds none or little."""
    if calibrated_table().get(f"{name}-{stack}", {}).get("rows_fit"):
        return
    card = _only_card(stack)
    if card is not None:
        text = (
            f"the efficiency of {stack} software was fitted on one power-limited card ({card})"
            " and separated from that card's clock by assumption"
        )
        yield Extrapolation(text, _missing_spread(_stack_sigma(name, stack), SPLIT_SIGMA))
    elif coverage.get("rows_fit"):
        text = (
            f"no fitted step times of {stack} software in class {name.removeprefix('class-')}; fitted on other hardware"
        )
        yield Extrapolation(text, 0.0)


def _only_card(stack: str) -> str | None:
    """The one card behind a stack whose clock was fitted on the same rows; None for any other stack."""
    cards = fitted_on(f"stack-{stack}")
    only = cards[0] if len(cards) == 1 else None
    entry = generation_of_card(only) if only else None
    return only if entry is not None and "clock" in calibrated_table()[entry] else None


def _missing_spread(present: float, least: float) -> float:
    return math.sqrt(max(0.0, least**2 - present**2))


def _range_extrapolations(
    layout: Layout, sequence_length: int, coverage: Mapping[str, float]
) -> Iterator[Extrapolation]:
    for what, value, limit in (
        ("job of {:,} GPUs", layout.gpus, coverage.get("gpus_max", 0.0)),
        ("sequence of {:,} tokens", sequence_length, coverage.get("sequence_max", 0.0)),
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
    if not isinstance(network, CALIBRATED_FABRICS):
        yield Extrapolation(f"fabric {network.kind}: every calibrated step time ran on a Clos network", 0.05)
    elif network.degraded or network.routing == "ecmp":
        what = "links that lost bandwidth" if network.degraded else "hashed routes"
        yield Extrapolation(f"fabric with {what}: no calibrated step time has such a one", 0.05)
    domain = cluster.node.accelerator.scale_up_domain
    if layout.tensor_parallel > domain:
        text = (
            f"tensor parallelism over {layout.tensor_parallel} GPUs leaves the scale-up domain of {domain}:"
            " no calibrated step time does, and it is slow"
        )
        yield Extrapolation(text, 0.15)
