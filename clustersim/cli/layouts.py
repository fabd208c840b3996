"""``clustersim layouts``: which parallel layout is the fastest that fits."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clustersim.cli.options import AsJson, ScenarioFile, Settings
from clustersim.cli.terminal import BAD_INPUT, INTERRUPTED, closable_output, console, fail, note, progress_bar

if TYPE_CHECKING:
    from clustersim.scenario import Loaded
    from clustersim.study.layouts import Found, Question


def layouts(
    scenario: ScenarioFile,
    settings: Settings = None,
    phase: Annotated[
        str | None, typer.Option("--phase", metavar="NAME", help="Phase of the job.", show_default="most tokens")
    ] = None,
    gpus: Annotated[
        int | None, typer.Option("--gpus", min=1, help="GPUs of the job.", show_default="those of the layout")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="How many layouts to rank.")] = 10,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE.csv", help="Write every predicted layout.", show_default=False),
    ] = None,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print only the lines that set the fastest layout.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search all parallel layouts of the job for the fastest that fit into device memory."""
    loaded, question = _question(scenario, settings, phase, gpus)
    if out is not None:
        _check_out(out)
    from clustersim.study.layouts import find_layouts

    with progress_bar("Searching", "layouts") as on_progress:
        found = find_layouts(question, top, on_progress=on_progress)
    if out is not None:
        _write(found, out)
    _print(found, loaded.scenario.name, as_yaml=as_yaml, as_json=as_json)
    if found.interrupted:
        note("Interrupted: the search was not finished.")
        raise typer.Exit(INTERRUPTED)
    if not found.ranked:
        note(f"{scenario}: no layout fits.")
        raise typer.Exit(BAD_INPUT)


def _question(path: Path, settings: list[str] | None, phase: str | None, gpus: int | None) -> "tuple[Loaded, Question]":
    """Read the scenario; that its own layout is possible is not asked."""
    from clustersim.scenario import ScenarioError, load
    from clustersim.study.layouts import question_of, question_problems

    try:
        loaded = load(path, settings or ())
    except ScenarioError as error:
        fail(str(error))
    try:
        question = question_of(loaded.scenario, phase, gpus)
    except ValueError as error:
        fail(f"--phase: {error}")
    found = question_problems(loaded.scenario, question)
    if found:
        fail(str(ScenarioError([loaded.problem(at, message) for at, message in found])))
    return loaded, question


def _check_out(path: Path) -> None:
    from clustersim.study.layouts.table import check_csv

    try:
        check_csv(path)
    except OSError as error:
        fail(f"--out {path}: {error.strerror or error}")


def _write(found: "Found", path: Path) -> None:
    from clustersim.study.layouts.table import write_csv

    try:
        write_csv(found, path)
    except OSError as error:
        fail(f"--out {path}: {error.strerror or error}")
    note(f"{len(found.predicted):,} predicted layouts: {path}")


def _print(found: "Found", name: str, *, as_yaml: bool, as_json: bool) -> None:
    from clustersim.study.layouts.summary import layouts_summary, yaml_lines

    with closable_output():
        if as_yaml:
            if found.ranked:
                typer.echo("\n".join(yaml_lines(found)))
        elif as_json:
            typer.echo(json.dumps(layouts_summary(found, name), indent=1, ensure_ascii=False, allow_nan=False))
        else:
            from clustersim.report.layouts_text import print_layouts

            print_layouts(layouts_summary(found, name), console())
