"""What the summary says of the step of each phase."""

import math
from collections.abc import Sequence
from typing import Any

from clustersim.run.records import STATES
from clustersim.scenario import Scenario
from clustersim.scenario.schema.training import Layout
from clustersim.step.step_time import StepTime
from clustersim.study.ensemble import Ensemble
from clustersim.study.statistics import summarise

_HOUR_S = 3600.0
_DAY_S = 86400.0


def phase_sections(scenario: Scenario, steps: Sequence[StepTime], ensemble: Ensemble) -> list[dict[str, Any]]:
    """One section for each phase."""
    sections = []
    for number, (phase, step) in enumerate(zip(scenario.training.phases, steps, strict=True)):
        layout = scenario.training.layout_of(phase)
        spent_s = [run.wall.phase_s(number) for run in ensemble.replications]
        gpu_s = [run.full_size.phase_s(number) * scenario.training.gpus for run in ensemble.replications]
        sections.append(
            {
                "name": phase.name,
                "main": phase.main,
                "tokens": phase.tokens,
                "steps": ensemble.plan.phases[number].steps,
                "sequence_length": phase.sequence_length,
                "global_batch": phase.global_batch,
                "gpus": layout.gpus,
                "layout": layout_text(layout),
                "step_time_s": step.mean_s,
                "step_time_sigma": step.prediction_sigma,
                "basis": step.basis,
                "tokens_per_s": step.tokens_per_s,
                "model_tflops_per_gpu": step.model_flops_per_gpu_s / 1e12,
                "causal_model_tflops_per_gpu": step.causal_model_flops_per_gpu_s / 1e12,
                "mfu_fraction": step.mfu,
                "hfu_fraction": step.hfu,
                "flop_convention": step.flop_convention,
                "breakdown_s": {name: seconds for name, seconds in step.breakdown_s.items() if seconds > 0.0},
                "memory_bytes_per_gpu": step.memory.as_dict(),
                "memory_capacity_bytes": scenario.cluster.node.accelerator.memory,
                "wall_days": summarise([seconds / _DAY_S for seconds in spent_s]),
                "gpu_hours": summarise([seconds / _HOUR_S for seconds in gpu_s]),
                "extrapolations": list(step.extrapolations),
            }
        )
    return sections


def layout_text(layout: Layout) -> str:
    """A layout in the field's short form, e.g. ``TP8 CP1 PP16 VPP8 DP128``."""
    parts = [
        f"TP{layout.tensor_parallel}",
        f"CP{layout.context_parallel}",
        f"PP{layout.pipeline_parallel}",
        f"VPP{layout.virtual_pipeline}" if layout.virtual_pipeline > 1 else "",
        f"DP{layout.data_parallel}",
        f"EP{layout.expert_parallel}" if layout.expert_parallel > 1 else "",
        f"ZeRO-{layout.zero_stage}" if layout.zero_stage else "",
    ]
    return " ".join(part for part in parts if part)


def extrapolations(scenario: Scenario, steps: Sequence[StepTime]) -> list[str]:
    """Everything the step predictions rest on that was not measured, each with the phases it concerns."""
    phases: dict[str, list[str]] = {}
    for phase, step in zip(scenario.training.phases, steps, strict=True):
        for text in step.extrapolations:
            phases.setdefault(text, []).append(phase.name)
    every = len(scenario.training.phases)
    return [
        f"step time: {text}" if len(names) == every else f"step time of {', '.join(names)}: {text}"
        for text, names in phases.items()
    ]


def time_by_state_means_s(ensemble: Ensemble, phase: int, factor: float = 1.0) -> dict[str, float]:
    """Mean GPU time in each state of one phase over the replications, times a factor [s]."""
    count = len(ensemble.replications)
    sums = [
        math.fsum(run.full_size.by_phase_and_state_s[phase][state] for run in ensemble.replications) * factor
        for state in range(len(STATES))
    ]
    return {name: total / count for name, total in zip(STATES, sums, strict=True)}
