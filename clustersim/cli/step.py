"""``clustersim step``: how long one optimizer step takes, and where the time and the memory go."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clustersim.cli.options import AsJson, ScenarioFile, Settings
from clustersim.cli.plans import load_plan
from clustersim.cli.terminal import closable_output, console, fail, note

if TYPE_CHECKING:
    from clustersim.api import Plan


def step(
    scenario: ScenarioFile,
    settings: Settings = None,
    phase: Annotated[
        str | None, typer.Option("--phase", metavar="NAME", help="Show only this phase.", show_default="all")
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            metavar="FILE.json",
            help="Write the predicted pipeline of one step for Perfetto; of the first phase shown.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict one optimizer step of every phase: its time, where it goes, and memory per GPU."""
    plan = load_plan(scenario, settings)
    from clustersim.report.step_answer import step_answer

    try:
        answer = step_answer(plan.scenario, plan.steps, phase)
    except ValueError as error:
        fail(f"--phase: {error}")
    if trace is not None:
        _write_trace(plan, answer["phases"][0]["name"], trace)
    with closable_output():
        if as_json:
            typer.echo(json.dumps(answer, indent=1, ensure_ascii=False, allow_nan=False))
        else:
            from clustersim.report.step_text import print_step

            print_step(answer, console())
    if trace is not None:
        note(f"Trace of {answer['phases'][0]['name']!r}: {trace}. Open it at ui.perfetto.dev.")


def _write_trace(plan: "Plan", phase: str, path: Path) -> None:
    from clustersim.report.trace import write_trace
    from clustersim.step.step_timeline import phase_timeline

    chosen = next(one for one in plan.scenario.training.phases if one.name == phase)
    shown = phase_timeline(plan.scenario, chosen)
    about = {"scenario": plan.scenario.name, "phase": phase, "basis": "predicted"}
    try:
        write_trace(path, shown.timeline, reductions=shown.reductions, updates=shown.updates, about=about)
    except OSError as error:
        fail(f"--trace {path}: {error.strerror or error}")
