"""``clustersim learn``: what the run of a scenario learns."""

import json
import sys
from typing import Annotated

import typer

from clustersim.cli.options import AsJson, ScenarioFile, Settings
from clustersim.cli.plans import load_plan
from clustersim.cli.run import simulated
from clustersim.cli.terminal import INTERRUPTED, closable_output, console, note


def learn(
    scenario: ScenarioFile,
    settings: Settings = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed: same file, seed and version give the same forecast.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.", show_default="one per core")] = None,
    as_json: AsJson = False,
) -> None:
    """Forecast what the run learns: its loss, what emerges and when, its corpus, and what its optimizer meets."""
    plan = load_plan(scenario, settings)
    forecast = simulated(plan, seed, workers)
    with closable_output():
        if as_json:
            tree = {"scenario": forecast.summary["scenario"], "learning": forecast.summary["learning"]}
            sys.stdout.write(json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            from clustersim.report.learning_text import print_learning

            print_learning(forecast.summary, console())
    if forecast.ensemble.interrupted:
        note("Interrupted: the forecast rests on the replications done so far.")
        raise typer.Exit(INTERRUPTED)
