"""``clustersim validate real``: predictions against measurements of real jobs that nobody fitted."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clustersim.cli.options import AsJson
from clustersim.cli.terminal import BAD_INPUT, INTERRUPTED, closable_output, console, fail, note

if TYPE_CHECKING:
    from clustersim.calibration.cases import Case
    from clustersim.study.scoreboard import Measurement


def real(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Campaigns, killed runs, testbeds; those of the checkout when omitted.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict measured jobs that were held out, killed runs and testbeds, and list every case."""
    from clustersim.calibration.rows import TableError
    from clustersim.study.scoreboard.measurements import compared

    chosen = files or _own_files()
    found: list[Measurement] = []
    problems: list[str] = []
    try:
        for file in chosen:
            try:
                found.append(compared(file))
            except TableError as error:
                problems.append(str(error))
    except KeyboardInterrupt:
        note("Interrupted.")
        raise typer.Exit(INTERRUPTED) from None
    if problems:
        fail("\n".join(problems))
    with closable_output():
        if as_json:
            sys.stdout.write(json.dumps(_tree(found), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            _print(found)


def _own_files() -> list[Path]:
    from clustersim.study.scoreboard.measurements import FOLDER, measurement_files

    tried = [Path("validation"), Path(__file__).parents[2] / "validation"]
    for folder in tried:
        if files := measurement_files(folder):
            return files
    places = " and ".join(str(folder / FOLDER) for folder in tried)
    typer.echo(
        f"No measurements: looked for {places}.\nName the files, or measure yours: python -m validation.campaign.",
        err=True,
    )
    raise typer.Exit(BAD_INPUT)


def _tree(found: "list[Measurement]") -> dict[str, Any]:
    return {
        "files": [
            {
                "file": one.path.name,
                "kind": one.kind,
                "note": one.note,
                "groups": {name: _numbers(cases) for name, cases in _groups(one).items()},
                "cases": [_case(case) for case in one.cases],
            }
            for one in found
        ]
    }


def _case(case: "Case") -> dict[str, Any]:
    return {
        "group": case.group,
        "name": case.name,
        "unit": case.unit,
        "measured": case.expected,
        "predicted": case.found,
        "error": case.error,
        "low": case.low,
        "high": case.high,
        "inside": case.inside,
        "note": case.note,
    }


def _groups(one: "Measurement") -> "dict[str, list[Case]]":
    groups: dict[str, list[Case]] = {}
    for case in one.cases:
        groups.setdefault(case.group, []).append(case)
    return groups


def _numbers(cases: "list[Case]") -> dict[str, float | int | None]:
    from clustersim.calibration.errors_by import errors_of

    errors = [case.error for case in cases if case.error is not None]
    judged = [case.inside for case in cases if case.inside is not None]
    found = errors_of("", errors)
    return {
        "cases": len(cases),
        "median_error": found.median if errors else None,
        "worst_error": max(map(abs, errors)) if errors else None,
        "bias": found.bias if errors else None,
        "judged": len(judged),
        "inside": sum(judged),
    }


def _print(found: "list[Measurement]") -> None:
    from clustersim.report.listing import print_rows

    out = console()
    for one in found:
        out.print(f"{one.path.name}: {one.kind or 'no kind'}", highlight=False)
        if one.note:
            out.print(one.note, highlight=False)
        for name, cases in _groups(one).items():
            out.print(f"\n{name}: {_said(_numbers(cases))}", highlight=False)
            print_rows(("case", "measured", "predicted", "error", "90 %", "inside"), map(_row, cases), out)
        out.print()


def _said(numbers: dict[str, float | int | None]) -> str:
    said = f"{numbers['cases']} cases"
    if numbers["median_error"] is not None:
        said += f", median error {numbers['median_error']:.1%}, worst {numbers['worst_error']:.1%}"
    if numbers["judged"]:
        said += f", {numbers['inside']} of {numbers['judged']} inside"
    return said


def _row(case: "Case") -> tuple[str, ...]:
    interval = "" if case.low is None or case.high is None else f"{case.low:.4g} to {case.high:.4g}"
    inside = {None: "", True: "yes", False: "no"}[case.inside]
    error = "" if case.error is None else f"{case.error:+.1%}"
    return case.name, _text(case.expected, case.unit), _text(case.found, case.unit), error, interval, inside


def _text(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.4g} {unit}".rstrip()
