"""What is said of the predicted step of a phase: plain values, for JSON and for the terminal."""

import math
from collections.abc import Sequence
from typing import Any

from clustersim.scenario import Scenario
from clustersim.scenario.schema.training import Phase
from clustersim.step.step_time import StepTime
from clustersim.study.step_summary import layout_text

SCHEMA = "clustersim.step/1"

_ROUNDING = 1e-9

NINETY_PERCENT = 1.645
"""Standard deviations on each side that hold 90 % of a normal distribution."""


def step_answer(
    scenario: Scenario, steps: Sequence[StepTime], phase: str | None = None, *, groups: bool = False
) -> dict[str, Any]:
    """Write the steps of a scenario's phases as plain values.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    steps : sequence of StepTime, shape (phases,)
        Its steps.
    phase : str, optional
        Name of the only phase to show; all when omitted.
    groups : bool
        Also say what the groups of the layout exchange (:func:`~clustersim.report.step_groups.group_rows`).

    Returns
    -------
    dict
        ``clustersim.step/1``, as docs/step.md describes it: name, and for each phase the layout, step time with its
        90 % interval [s], rates, MFU and HFU with their convention, breakdown [s], memory [bytes] and what is
        extrapolated.

    Raises
    ------
    ValueError
        If no phase has that name; the message lists those there are.
    """
    phases = scenario.training.phases
    if phase is not None and phase not in {one.name for one in phases}:
        msg = f"no phase is called {phase!r}; there are {', '.join(repr(one.name) for one in phases)}"
        raise ValueError(msg)
    shown = [pair for pair in zip(phases, steps, strict=True) if phase in (None, pair[0].name)]
    answer: dict[str, Any] = {
        "schema": SCHEMA,
        "name": scenario.name,
        "phases": [_phase(scenario, one, step) for one, step in shown],
    }
    if groups:
        from clustersim.report.step_groups import group_rows

        for written, (one, _) in zip(answer["phases"], shown, strict=True):
            written["groups"] = group_rows(scenario, one)
    return answer


def _phase(scenario: Scenario, phase: Phase, step: StepTime) -> dict[str, Any]:
    layout = phase.layout or scenario.training.layout
    spread = math.exp(NINETY_PERCENT * step.prediction_sigma)
    return {
        "name": phase.name,
        "gpus": layout.gpus,
        "layout": layout_text(layout),
        "schedule": layout.schedule if layout.pipeline_parallel > 1 else None,
        "tokens": phase.tokens,
        "steps": math.ceil(phase.tokens / (phase.sequence_length * phase.global_batch) - _ROUNDING),
        "sequence_length": phase.sequence_length,
        "global_batch": phase.global_batch,
        "basis": step.basis,
        "step_time_s": step.mean_s,
        "step_time_low_s": step.mean_s / spread,
        "step_time_high_s": step.mean_s * spread,
        "step_time_sigma": step.prediction_sigma,
        "tokens_per_s": step.tokens_per_s,
        "model_tflops_per_gpu": step.model_flops_per_gpu_s / 1e12,
        "causal_model_tflops_per_gpu": step.causal_model_flops_per_gpu_s / 1e12,
        "mfu_fraction": step.mfu,
        "hfu_fraction": step.hfu,
        "flop_convention": step.flop_convention,
        "breakdown_s": dict(step.breakdown_s),
        "memory_bytes_per_gpu": step.memory.as_dict(),
        "memory_total_bytes": step.memory.total_bytes,
        "memory_capacity_bytes": scenario.cluster.node.accelerator.memory,
        "extrapolations": list(step.extrapolations),
    }
