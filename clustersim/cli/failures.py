"""``clustersim failures LOG``: a failure log of your own in, a failure model out."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from clustersim.cli.files import checked_out, write_or_fail
from clustersim.cli.options import AsJson
from clustersim.cli.terminal import INTERRUPTED, closable_output, fail, note


def failures(
    log: Annotated[
        Path,
        typer.Argument(
            metavar="LOG",
            help="CSV of failures: time, unit, category; also unit_kind, component, effect, repaired.",
            show_default=False,
        ),
    ],
    begin: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Since when the log is complete; its first row when omitted."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Until when the log is complete; its last row when omitted."),
    ] = None,
    units: Annotated[
        list[str] | None,
        typer.Option("--units", metavar="KIND=NUMBER", help="Units of a kind, e.g. --units node=2048. Repeatable."),
    ] = None,
    fleet: Annotated[
        Path | None,
        typer.Option("--fleet", metavar="FILE", help="CSV of units: unit, unit_kind, in_service, out_of_service."),
    ] = None,
    fleet_age: Annotated[
        str | None,
        typer.Option("--fleet-age", metavar="TIME", help="Age of all other units at --from, e.g. 90 d; else unknown."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="YAML of the failure model, to extend.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit the lifetime of every category of failures in a log, and test whether it is memoryless."""
    from clustersim.calibration.failure_log.entry import entry_text
    from clustersim.calibration.failure_log.log_fit import Question, fit_log
    from clustersim.cli.failures_text import print_fit, tree
    from clustersim.tables.csv_lines import TableError

    checked_out(out, [log] if fleet is None else [log, fleet])
    try:
        found = fit_log(Question(log, fleet, begin, end, tuple(units or ()), fleet_age))
    except TableError as error:
        fail(str(error))
    except KeyboardInterrupt:
        note("Interrupted; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    write_or_fail(out, entry_text(found) if out else "")
    for line in found.notes:
        note(f"Note: {line}.")
    with closable_output():
        if as_json:
            sys.stdout.write(json.dumps(tree(found), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            print_fit(found)
    if out:
        note(f"Failure model: {out}")
