"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (YAML).", show_default=False)]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override a setting, e.g. --set spares.warm=16. Repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
DataFile = Annotated[Path, typer.Option("--data", metavar="FILE", help="CSV to compare with.", show_default=False)]
PredictionsFile = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="CSV of predictions: the rows as they came, and more columns."),
]
