"""The command line: parse, call the API, print."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from clustersim.api import Plan
    from clustersim.study.ensemble import Progress

app = typer.Typer(
    name="clustersim",
    help="Forecast a months-long training run on thousands of GPUs: time, money, failures, learning - and how sure.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

BAD_INPUT = 2
INTERRUPTED = 130

_PIPE_COLUMNS = 160

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (YAML).", show_default=False)]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override a setting, e.g. --set spares.warm=16. Repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]


def _version(wanted: bool) -> None:
    if wanted:
        from clustersim._version import __version__

        typer.echo(f"clustersim {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    scenario: ScenarioFile,
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Output folder.", show_default="NAME-forecast in this folder")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed: same file, seed and version give the same forecast.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.", show_default="one per core")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate the run many times and forecast its time, cost, failures and loss."""
    from clustersim.study.output import check_folder

    folder = out or Path(f"{scenario.stem}-forecast")
    plan = _load(scenario, settings)
    try:
        check_folder(folder)
    except OSError as error:
        _fail(f"--out {folder}: {error.strerror or error}")
    from clustersim.api import write

    _preload()
    try:
        with progress_bar() as on_progress:
            forecast = plan.run(seed, workers, on_progress)
    except KeyboardInterrupt:
        _note("Interrupted before two runs were done; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    try:
        write(forecast, folder)
    except OSError as error:
        _fail(f"--out {folder}: {error.strerror or error}")
    with _closable_output():
        if as_json:
            from clustersim.study.output import summary_text

            sys.stdout.write(summary_text(forecast.summary))
        else:
            from clustersim.report import print_summary

            print_summary(forecast.summary, _console())
    _note(f"Report, records and summary: {folder / 'report.html'}")
    if forecast.ensemble.interrupted:
        _note("Interrupted: the forecast rests on the replications done so far.")
        raise typer.Exit(INTERRUPTED)


@app.command()
def check(scenario: ScenarioFile, settings: Settings = None, as_json: AsJson = False) -> None:
    """Check a scenario without running it: is it well formed, and is it physically possible?"""
    plan = _load(scenario, settings)
    gpus, phases = plan.scenario.training.layout.gpus, plan.scenario.training.phases
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


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from clustersim.scenario import json_schema

    with _closable_output():
        typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command()
def catalog(
    table: Annotated[str | None, typer.Argument(help="A table, e.g. accelerators.", show_default=False)] = None,
    name: Annotated[
        str | None, typer.Argument(help="An entry of the table, e.g. h100-sxm.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the catalogue: its tables, a table's entries, or an entry's values with their sources."""
    from clustersim.catalog import UnknownEntry

    try:
        columns, rows = _catalog_rows(table, name)
    except UnknownEntry as error:
        _fail(str(error))
    with _closable_output():
        if as_json:
            typer.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=1, ensure_ascii=False))
            return
        from clustersim.report.listing import print_rows

        print_rows(columns, rows, _console())


def _catalog_rows(table: str | None, name: str | None) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    from clustersim.catalog.listing import TableRow, ValueRow, list_entries, list_tables, list_values

    if table is None:
        return TableRow._fields, list(list_tables())
    if name is not None:
        return ValueRow._fields, list(list_values(table, name))
    listing = list_entries(table)
    return ("entry", "title", *listing.columns), [(row.entry, row.title, *row.headline) for row in listing.rows]


def main() -> None:
    """Entry point of the ``clustersim`` command."""
    app()


@contextmanager
def _closable_output() -> Iterator[None]:
    """Let the reader of a pipe leave early (``| head``): that is no error, and nothing is said of it, even at exit."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _load(path: Path, settings: list[str] | None) -> "Plan":
    from clustersim.api import load
    from clustersim.scenario import ScenarioError

    try:
        return load(path, settings or ())
    except ScenarioError as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(BAD_INPUT)


def _preload() -> None:
    """Import what the report needs while the workers simulate, and this process only waits for them."""
    names = ("scipy.special", "pyarrow.csv", "pyarrow.parquet", "clustersim.report.page", "clustersim.report.terminal")
    Thread(target=lambda: [import_module(name) for name in names], daemon=True).start()


@contextmanager
def progress_bar() -> Iterator["Progress | None"]:
    """A bar with the time left on a terminal; nothing when standard error goes elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Simulating"), BarColumn(), MofNCompleteColumn(), TextColumn("runs"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("runs", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _note(message: str) -> None:
    with suppress(BrokenPipeError):
        typer.echo(message, err=True)


def _console() -> "Console":
    from rich.console import Console

    class PatientConsole(Console):
        """A console that leaves a closed pipe to :func:`_closable_output` instead of exiting with 1."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    # A pipe has no width of its own; a table that is cut to 80 columns there helps nobody.
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_COLUMNS
    return PatientConsole(highlight=False, width=width)
