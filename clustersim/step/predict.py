"""Predicts the time of one optimizer step from workload, layout and hardware."""

import math
from dataclasses import replace

from clustersim.scenario.schema.hardware import Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Layout, Phase, Resize, Software, SoftwareOption
from clustersim.step.breakdown import step_breakdown
from clustersim.step.calibrated import extrapolations_of, prediction_sigma
from clustersim.step.efficiency import calibrated_table, default_stack, peak_of
from clustersim.step.job import job_of
from clustersim.step.options import chosen_options
from clustersim.step.step_time import BREAKDOWN_KEYS, FLOP_CONVENTION, StepTime
from clustersim.workload.flops import hardware_flops_per_token, model_flops_per_token
from clustersim.workload.layout import micro_batches
from clustersim.workload.memory import memory_per_gpu


def predict_step(
    model: Model,
    layout: Layout,
    sequence_length: int,
    global_batch: int,
    precision: Precision,
    cluster: Cluster,
    *,
    stack: Software | None = None,
    options: tuple[SoftwareOption, ...] | None = None,
) -> StepTime:
    """Predict the time of one optimizer step.

    Parameters
    ----------
    model : Model
        The transformer.
    layout : Layout
        How it is spread over the GPUs.
    sequence_length : int
        Tokens per sequence.
    global_batch : int
        Sequences per step, over all replicas.
    precision : Precision
        Number format of the matrix products.
    cluster : Cluster
        The machines.
    stack : str, optional
        Software class of the calibration; by default the one the layout speaks of: ``pytorch`` for ZeRO 2 and 3,
        else ``megatron``.

    options : tuple of str, optional
        What the software turns on (:mod:`clustersim.step.options`); what today's recipes do by default.

    Returns
    -------
    StepTime
        Mean, spread, breakdown, memory, FLOP rates and what is extrapolated.

    Raises
    ------
    ValueError
        If the batch or the layers do not divide, or the accelerator has no peak for the precision;
        :func:`clustersim.step.feasibility.feasibility_problems` says so first.
    """
    chosen = stack or default_stack(layout)
    turned_on = chosen_options(options, model, chosen, cluster.node.accelerator)
    table = calibrated_table()
    count = micro_batches(layout, global_batch)
    job = job_of(model, layout, sequence_length, precision, cluster, chosen, table, turned_on, count)
    parts = step_breakdown(job, count)
    breakdown_s = {name: parts[name] for name in BREAKDOWN_KEYS}
    mean_s = math.fsum(breakdown_s.values())
    found = extrapolations_of(model, layout, sequence_length, precision, cluster, chosen)
    tokens_per_s = sequence_length * global_batch / mean_s
    per_gpu, peak_flop_s = tokens_per_s / layout.gpus, peak_of(cluster.node.accelerator, precision)
    model_flop_s = model_flops_per_token(model, sequence_length, "full") * per_gpu
    hardware_flop_s = (
        hardware_flops_per_token(model, sequence_length, "full", layout.recompute, job.recomputed) * per_gpu
    )
    return StepTime(
        mean_s=mean_s,
        prediction_sigma=prediction_sigma(model, precision, cluster, chosen, found),
        breakdown_s=breakdown_s,
        memory=memory_per_gpu(model, layout, sequence_length, precision, count, software=chosen),
        model_flops_per_gpu_s=model_flop_s,
        causal_model_flops_per_gpu_s=model_flops_per_token(model, sequence_length, "causal") * per_gpu,
        mfu=model_flop_s / peak_flop_s,
        hfu=hardware_flop_s / peak_flop_s,
        flop_convention=FLOP_CONVENTION,
        tokens_per_s=tokens_per_s,
        extrapolations=tuple(extrapolation.text for extrapolation in found),
        basis="predicted",
    )


def phase_steps(scenario: Scenario) -> tuple[StepTime, ...]:
    """Step time of every phase of a scenario.

    Parameters
    ----------
    scenario : Scenario
        A plan without feasibility problems.

    Returns
    -------
    tuple of StepTime, shape (phases,)
        A phase that gives its ``step_time`` keeps it: basis ``measured``, sigma 0, no extrapolations. Its breakdown is
        the predicted one stretched to the measured mean, since a stopwatch does not say where the time went.
    """
    return tuple(_phase_step(scenario, phase) for phase in scenario.training.phases)


def resized_steps(scenario: Scenario, resize: Resize) -> tuple[StepTime, ...]:
    """Step time of every phase after a change of the size of the job.

    Parameters
    ----------
    scenario : Scenario
        A plan without feasibility problems.
    resize : Resize
        One of its changes.

    Returns
    -------
    tuple of StepTime, shape (phases,)
        A measured ``step_time`` becomes as much longer or shorter as the prediction does, whose uncertainty it has.
    """
    then = scenario.model_copy(update={"training": scenario.training.resized(resize)})
    pairs = zip(scenario.training.phases, then.training.phases, strict=True)
    return tuple(_resized_step(scenario, phase, then, resized) for phase, resized in pairs)


def _resized_step(scenario: Scenario, phase: Phase, then: Scenario, resized: Phase) -> StepTime:
    predicted = predict_phase(then, resized)
    if phase.step_time is None:
        return predicted
    measured = _measured(predicted, phase.step_time * predicted.mean_s / predict_phase(scenario, phase).mean_s)
    return replace(
        measured,
        prediction_sigma=predicted.prediction_sigma,
        extrapolations=predicted.extrapolations,
        basis="predicted",
    )


def predict_phase(
    scenario: Scenario,
    phase: Phase,
    *,
    layout: Layout | None = None,
    global_batch: int | None = None,
    cluster: Cluster | None = None,
) -> StepTime:
    """Predict a step of a phase, whether or not it gives its ``step_time``.

    Parameters
    ----------
    scenario : Scenario
        A plan without feasibility problems.
    phase : Phase
        One of its phases.
    layout, global_batch, cluster : optional
        In place of what the scenario says of them.
    """
    training = scenario.training
    return predict_step(
        scenario.model,
        layout or phase.layout or training.layout,
        phase.sequence_length,
        global_batch or phase.global_batch,
        training.precision,
        cluster or scenario.cluster,
        stack=training.software,
        options=training.software_options,
    )


def _phase_step(scenario: Scenario, phase: Phase) -> StepTime:
    predicted = predict_phase(scenario, phase)
    return predicted if phase.step_time is None else _measured(predicted, phase.step_time)


def _measured(predicted: StepTime, step_time_s: float) -> StepTime:
    stretch = step_time_s / predicted.mean_s
    return replace(
        predicted,
        mean_s=step_time_s,
        prediction_sigma=0.0,
        breakdown_s={name: seconds * stretch for name, seconds in predicted.breakdown_s.items()},
        model_flops_per_gpu_s=predicted.model_flops_per_gpu_s / stretch,
        causal_model_flops_per_gpu_s=predicted.causal_model_flops_per_gpu_s / stretch,
        mfu=predicted.mfu / stretch,
        hfu=predicted.hfu / stretch,
        tokens_per_s=predicted.tokens_per_s / stretch,
        extrapolations=(),
        basis="measured",
    )
