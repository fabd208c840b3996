"""``clustersim calibrate``: measurements in, fitted parameters with their uncertainty out."""

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from clustersim.cli.calibrate_measurements import measurements
from clustersim.cli.files import checked_out, write_or_fail
from clustersim.cli.options import AsJson
from clustersim.cli.terminal import INTERRUPTED, closable_output, console, fail, note

if TYPE_CHECKING:
    from clustersim.calibration.fitted import Fit
    from clustersim.calibration.rows import PublishedStep, Skipped
    from clustersim.calibration.score import ClassScore

DEFAULT = "measurements"
"""Command that is meant when files follow ``calibrate`` at once."""


class _FilesFirst(TyperGroup):
    """``clustersim calibrate FILE...`` is ``clustersim calibrate measurements FILE...``."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


calibrate = typer.Typer(
    name="calibrate",
    cls=_FilesFirst,
    help="Fit the few parameters of the models to measurements; held-out rows are never fitted.",
    no_args_is_help=True,
)
calibrate.command(DEFAULT)(measurements)


@calibrate.command()
def throughput(
    data: Annotated[
        list[Path],
        typer.Option("--data", metavar="FILE", help="CSV of published step times. Repeatable.", show_default=False),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="CSV of parameters, in the catalogue's form.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the catalogue's parameters and only score them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fit the efficiencies of the step model to the rows marked fit, and score them on the others."""
    from clustersim.calibration.throughput import evaluate

    checked_out(out, data)
    rows, skipped = _read(data)
    try:
        with _busy("Scoring" if keep else f"Fitting {sum(row.split == 'fit' for row in rows):,} rows"):
            result = _fitted(rows, keep)
            scores = evaluate(rows, result.table)
            text = _table_text(result, rows, scores, data) if out else ""
    except KeyboardInterrupt:
        note("Interrupted; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    write_or_fail(out, text)
    _print(result, scores, rows, skipped, as_json)
    if out:
        note(f"Parameters: {out}")


def _read(files: list[Path]) -> "tuple[list[PublishedStep], list[Skipped]]":
    from clustersim.calibration.predictions import usable_rows
    from clustersim.calibration.rows import TableError

    rows: list[PublishedStep] = []
    skipped: list[Skipped] = []
    problems: list[str] = []
    for file in files:
        try:
            found, passed = usable_rows(file)
        except TableError as error:
            problems.append(str(error))
            continue
        rows += found
        skipped += passed
    if problems:
        fail("\n".join(problems))
    if not any(row.split == "fit" for row in rows):
        named = ", ".join(map(str, files))
        fail(f"{named}: no usable row is marked fit in the column split; nothing can be fitted or scored")
    return rows, skipped


def _fitted(rows: "list[PublishedStep]", keep: bool) -> "Fit":
    from clustersim.calibration.fitted import kept
    from clustersim.calibration.free import FREE
    from clustersim.calibration.throughput import fit
    from clustersim.step.efficiency import calibrated_table

    return kept(calibrated_table(), FREE) if keep else fit(rows)


def _table_text(result: "Fit", rows: "list[PublishedStep]", scores: "dict[str, ClassScore]", data: list[Path]) -> str:
    """The table as text, so that it can be written all at once."""
    from tempfile import TemporaryDirectory

    from clustersim.calibration.store import write_table
    from clustersim.calibration.throughput import fitted_cards

    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, result, fitted_cards(rows), scores, ", ".join(file.name for file in data))
        return path.read_text("utf-8")


@contextmanager
def _busy(doing: str) -> Iterator[None]:
    """A spinner with the time gone by on a terminal; nothing when standard error goes elsewhere."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn(doing), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task(doing, total=None)
        yield


def _print(
    result: "Fit",
    scores: "dict[str, ClassScore]",
    rows: "list[PublishedStep]",
    skipped: "list[Skipped]",
    as_json: bool,
) -> None:
    parameters = list(_parameters(result))
    with closable_output():
        if as_json:
            splits = [row.split for row in rows]
            tree = {
                "rows": {"fit": splits.count("fit"), "held_out": splits.count("test")},
                "skipped": [{"id": item.id, "reason": item.reason} for item in skipped],
                "parameters": parameters,
                "errors_on_held_out_rows": {name: _score(item) for name, item in scores.items()},
            }
            sys.stdout.write(json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
            return
        _print_tables(parameters, scores, len(rows), skipped)


def _parameters(result: "Fit") -> Iterator[dict[str, Any]]:
    for (entry, field), item in result.fitted.items():
        yield {
            "entry": entry,
            "field": field,
            "value": float(f"{item.value:.4g}"),
            "low": float(f"{item.low:.4g}"),
            "high": float(f"{item.high:.4g}"),
            "rows": item.rows,
            "verdict": item.verdict,
        }


def _score(item: "ClassScore") -> dict[str, float | int | None]:
    from dataclasses import asdict

    values = asdict(item).items()
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values}


def _print_tables(
    parameters: list[dict[str, Any]], scores: "dict[str, ClassScore]", rows: int, skipped: "list[Skipped]"
) -> None:
    from clustersim.report.listing import print_rows

    out = console()
    columns = ("entry", "field", "value", "low", "high", "rows", "verdict")
    print_rows(columns, [tuple(item[name] for name in columns) for item in parameters], out)
    tested = {name: item for name, item in scores.items() if item.rows_test}
    errors = [
        (name, item.rows_fit, item.rows_test, f"{item.median:.1%}", f"{item.p90:.1%}", f"{item.bias:+.1%}")
        for name, item in tested.items()
    ]
    print_rows(("class", "fit rows", "held out", "median", "p90", "bias"), errors, out)
    out.print(f"{rows:,} rows used, {len(skipped):,} complete rows not usable.", highlight=False)
    for item in skipped:
        out.print(f"  {item.id}: {item.reason}", markup=False)
