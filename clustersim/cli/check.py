"""``clustersim check``: is a scenario well formed and possible?"""

import json

import typer

from clustersim.cli.options import AsJson, ScenarioFile, Settings
from clustersim.cli.plans import load_plan


def check(scenario: ScenarioFile, settings: Settings = None, as_json: AsJson = False) -> None:
    """Check a scenario without running it: is it well formed, and is it physically possible?"""
    plan = load_plan(scenario, settings)
    gpus, phases = plan.scenario.training.gpus, plan.scenario.training.phases
    if as_json:
        steps = [
            {
                "phase": phase.name,
                "step_time_s": step.mean_s,
                "mfu_fraction": step.mfu,
                "memory_bytes_per_gpu": step.memory.total_bytes,
            }
            for phase, step in zip(phases, plan.steps, strict=True)
        ]
        typer.echo(json.dumps({"ok": True, "name": plan.scenario.name, "gpus": gpus, "phases": steps}))
        return
    counted = f"{len(phases)} phase{'s' if len(phases) > 1 else ''}"
    typer.echo(f"{scenario}: ok. {plan.scenario.name}: {gpus:,} GPUs, {counted}.")
