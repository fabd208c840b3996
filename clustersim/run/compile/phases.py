"""Phases with their steps."""

import math
from collections.abc import Sequence

from clustersim.run.compile.size import nodes_of
from clustersim.run.plan import PhasePlan
from clustersim.scenario.schema.scenario import Scenario
from clustersim.step.step_time import StepTime

_ROUNDING = 1e-9
"""Steps by which tokens over tokens per step may miss a whole number."""


def compile_phases(scenario: Scenario, steps: Sequence[StepTime], job_nodes: int) -> tuple[PhasePlan, ...]:
    """Phases in whole steps, of a job that has at most so many nodes."""
    phases = []
    layout = None
    for phase, step in zip(scenario.training.phases, steps, strict=True):
        tokens_per_step = float(phase.sequence_length * phase.global_batch)
        new_layout = scenario.training.layout_of(phase)
        nodes = nodes_of(scenario, new_layout)
        phases.append(
            PhasePlan(
                name=phase.name,
                steps=math.ceil(phase.tokens / tokens_per_step - _ROUNDING),
                tokens_per_step=tokens_per_step,
                step_time_s=step.mean_s,
                step_sigma=step.prediction_sigma,
                restart_before=layout is not None and layout != new_layout,
                main=phase.main,
                nodes=None if nodes == job_nodes else nodes,
            )
        )
        layout = new_layout
    return tuple(phases)
