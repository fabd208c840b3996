"""``clustersim step``: how long one optimizer step takes, and where the time and the memory go."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clustersim.cli.options import AsJson, ScenarioFile, Settings
from clustersim.cli.plans import load_plan
from clustersim.cli.terminal import INTERRUPTED, closable_output, console, fail, note

if TYPE_CHECKING:
    from clustersim.api import Plan


def step(
    scenario: ScenarioFile,
    settings: Settings = None,
    phase: Annotated[
        str | None, typer.Option("--phase", metavar="NAME", help="Show only this phase.", show_default="all")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE.html",
            help="Write a page: pipeline, groups, load of the links, assumptions.",
            show_default=False,
        ),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            metavar="FILE.json",
            help="Write the predicted pipeline of one step for Perfetto; of several phases name one with --phase.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict one optimizer step of every phase: its time, where it goes, and memory per GPU."""
    _check_file("--out", out, ".html", ".htm")
    _check_file("--trace", trace, ".json")
    try:
        _step(scenario, settings, phase, out, trace, as_json=as_json)
    except KeyboardInterrupt:
        note("Interrupted; no file was left half written.")
        raise typer.Exit(INTERRUPTED) from None


def _step(
    scenario: Path,
    settings: list[str] | None,
    phase: str | None,
    out: Path | None,
    trace: Path | None,
    *,
    as_json: bool,
) -> None:
    plan = load_plan(scenario, settings)
    from clustersim.report.step_answer import step_answer

    try:
        answer = step_answer(plan.scenario, plan.steps, phase, groups=as_json or out is not None)
    except ValueError as error:
        fail(f"--phase: {error}")
    if trace is not None and len(answer["phases"]) > 1:
        names = ", ".join(repr(one["name"]) for one in answer["phases"])
        fail(f"--trace: a trace shows one step; choose its phase with --phase, out of {names}")
    if out is not None:
        _write_page(plan, answer, out)
    if trace is not None:
        _write_trace(plan, answer["phases"][0], trace)
    with closable_output():
        if as_json:
            typer.echo(json.dumps(answer, indent=1, ensure_ascii=False, allow_nan=False))
        else:
            from clustersim.report.step_text import print_step

            print_step(answer, console())
    if out is not None:
        note(f"Page: {out}")
    if trace is not None:
        note(f"Trace of {answer['phases'][0]['name']!r}: {trace}. Open it at ui.perfetto.dev.")


def _check_file(option: str, path: Path | None, *suffixes: str) -> None:
    """Refuse a file that cannot be written before anything is computed."""
    if path is None:
        return
    if path.is_dir():
        fail(f"{option} {path}: is a folder; name a file in it, such as {path / ('step' + suffixes[0])}")
    if not path.parent.is_dir():
        fail(f"{option} {path}: there is no folder {path.parent}; make it first")
    if path.suffix.lower() not in suffixes:
        fail(f"{option} {path}: its name must end in {suffixes[0]}")


def _write_page(plan: "Plan", answer: dict[str, Any], path: Path) -> None:
    from clustersim.report.step_page import write_step_page

    try:
        write_step_page(plan.loaded, answer, path)
    except OSError as error:
        fail(f"--out {path}: {error.strerror or error}")


def _write_trace(plan: "Plan", shown: dict[str, Any], path: Path) -> None:
    from clustersim.report.trace import write_trace
    from clustersim.step.step_timeline import phase_timeline

    chosen = next(one for one in plan.scenario.training.phases if one.name == shown["name"])
    drawn = phase_timeline(plan.scenario, chosen)
    about = {"scenario": plan.scenario.name, "phase": chosen.name, "basis": "predicted"}
    measured = shown["basis"] == "measured"
    about[f"{shown['basis']}_step_time_s"] = shown["step_time_s"]
    try:
        write_trace(
            path, drawn.timeline, reductions=drawn.reductions, updates=drawn.updates,
            step_s=None if measured else shown["step_time_s"], about=about,
        )  # fmt: skip
    except OSError as error:
        fail(f"--trace {path}: {error.strerror or error}")
