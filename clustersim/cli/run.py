"""``clustersim run``: the forecast of a scenario."""

import sys
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from clustersim.cli.one_run import STANDARD_OUTPUT, show, wanted
from clustersim.cli.options import AsJson, ScenarioFile, Settings
from clustersim.cli.plans import load_plan
from clustersim.cli.terminal import INTERRUPTED, closable_output, console, fail, note, progress_bar

if TYPE_CHECKING:
    from clustersim.api import Forecast, Plan


def run(
    scenario: ScenarioFile,
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Output folder.", show_default="NAME-forecast in this folder")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed: same file, seed and version give the same forecast.")] = 0,
    events: Annotated[
        Path | None,
        typer.Option(
            "--events",
            metavar="FILE",
            help="Write the event log of one replication; - prints it in place of the summary.",
            show_default=False,
        ),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            metavar="FILE.json[.gz]",
            help="Write one replication as a trace for Perfetto.",
            show_default=False,
        ),
    ] = None,
    replication: Annotated[
        str | None,
        typer.Option(
            "--replication",
            metavar="WHICH",
            help="What --events and --trace show: median, fastest, slowest, or a number.",
            show_default="median",
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.", show_default="one per core")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate the run many times and forecast its time, cost, failures and loss."""
    from clustersim.study.output import check_folder

    folder = out or Path(f"{scenario.stem}-forecast")
    plan = load_plan(scenario, settings)
    try:
        check_folder(folder)
    except OSError as error:
        fail(f"--out {folder}: {error.strerror or error}")
    if as_json and events == STANDARD_OUTPUT:
        fail("--events -: --json prints to standard output too; name a file for one of them")
    replications = plan.scenario.study.replications
    one_run = wanted(events, trace, replication, replications=replications, data=[scenario], folder=folder)
    forecast = simulated(plan, seed, workers)
    _write(forecast, folder)
    show(forecast, one_run)
    if not one_run.events_printed:
        _print(forecast, as_json)
    note(f"Report, records and summary: {folder / 'report.html'}")
    if forecast.ensemble.interrupted:
        note("Interrupted: the forecast rests on the replications done so far.")
        raise typer.Exit(INTERRUPTED)


def simulated(plan: "Plan", seed: int, workers: int | None) -> "Forecast":
    """The forecast of a plan, with a bar of its progress; interrupted too early, the command ends."""
    _preload()
    try:
        with progress_bar("Simulating", "runs") as on_progress:
            return plan.run(seed, workers, on_progress)
    except KeyboardInterrupt:
        note("Interrupted before two runs were done; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None


def _preload() -> None:
    """Import what the report needs while the workers simulate, and this process only waits for them."""
    names = ("scipy.special", "pyarrow.csv", "pyarrow.parquet", "clustersim.report.page", "clustersim.report.terminal")
    Thread(target=lambda: [import_module(name) for name in names], daemon=True).start()


def _write(forecast: "Forecast", folder: Path) -> None:
    from clustersim.api import write

    try:
        write(forecast, folder)
    except OSError as error:
        fail(f"--out {folder}: {error.strerror or error}")


def _print(forecast: "Forecast", as_json: bool) -> None:
    with closable_output():
        if as_json:
            from clustersim.study.output import summary_text

            sys.stdout.write(summary_text(forecast.summary))
            return
        from clustersim.report import print_summary

        print_summary(forecast.summary, console())
