"""``clustersim calibrate FILE...``: measurements of your own machines in, an entry of hardware out."""

import json
import math
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clustersim.cli.files import checked_out, write_or_fail
from clustersim.cli.options import AsJson
from clustersim.cli.terminal import INTERRUPTED, closable_output, console, fail, note

if TYPE_CHECKING:
    from clustersim.calibration.measured.calibration import Calibration


def measurements(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Measured jobs, campaigns, microbenchmarks, accelerator suites, killed jobs, nccl-tests logs, "
            "profiler traces.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="YAML of the measured hardware, to extend.")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="NODE", help="Catalogue node that the device stands in; found by its name."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit a machine to what was measured on it; steps marked test are predicted, never fitted."""
    from clustersim.calibration.measured.base import UnknownDevice
    from clustersim.calibration.measured.calibration import calibrate
    from clustersim.calibration.measured.entry import entry_text
    from clustersim.calibration.measured.reader import UnreadableMeasurement, read_measurements

    checked_out(out, files)
    try:
        found = calibrate(read_measurements(files), base)
    except (UnreadableMeasurement, UnknownDevice) as error:
        fail(str(error))
    except KeyboardInterrupt:
        note("Interrupted; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    write_or_fail(out, entry_text(found) if out else "")
    with closable_output():
        if as_json:
            sys.stdout.write(json.dumps(_tree(found), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            _print(found)
    if out:
        note(f"Hardware: {out}")


def _tree(found: "Calibration") -> dict[str, Any]:
    return {
        "source": found.source,
        "node": found.cluster.node.catalogue_entry,
        "parameters": _parameters(found),
        "errors": {split: _summary(found.errors_of(split)) for split in ("fit", "test")},
        "steps": [
            {
                "name": step.name,
                "split": step.split,
                "measured_s": step.time_s,
                "predicted_s": step.time_s * math.exp(error),
                "error": math.expm1(error),
                "spread_of_repeats": step.spread,
            }
            for step, error in zip(found.steps, found.errors, strict=True)
        ],
    }


def _summary(errors: list[float]) -> dict[str, float | int | None]:
    if not errors:
        return {"steps": 0, "median": None, "worst": None, "bias": None}
    absolute = [abs(error) for error in errors]
    return {
        "steps": len(errors),
        "median": statistics.median(absolute),
        "worst": max(absolute),
        "bias": statistics.median(errors),
    }


def _parameters(found: "Calibration") -> list[dict[str, Any]]:
    """Every fitted number with the ends of its interval, where it has one."""
    from clustersim.calibration.measured.values import fitted_values

    return [
        {"name": one.name, "value": one.value, "low": one.low, "high": one.high} for one in fitted_values(found)
    ]  # fmt: skip


def _print(found: "Calibration") -> None:
    from clustersim.calibration.measured.values import fitted_values
    from clustersim.report.listing import print_rows

    out = console()
    out.print(found.source, highlight=False)
    out.print()
    rows = [
        (one.name, *("" if end is None else _text(end, one.annotation) for end in (one.value, one.low, one.high)))
        for one in fitted_values(found)
    ]
    print_rows(("parameter", "value", "5 %", "95 %"), rows, out)
    for split, title in (("fit", "Steps of the fit"), ("test", "Steps held out")):
        errors = found.errors_of(split)
        if errors:
            _print_errors(found, split, f"{title}: {_said(errors)}")


def _said(errors: list[float]) -> str:
    summary = _summary(errors)
    return (
        f"{summary['steps']}, median error {summary['median']:.1%}, worst {summary['worst']:.1%},"
        f" bias {summary['bias']:+.1%}"
    )


def _print_errors(found: "Calibration", split: str, title: str) -> None:
    from clustersim.report.listing import print_rows

    out = console()
    out.print()
    out.print(title, highlight=False)
    rows = [
        (step.name, f"{step.time_s:.4g} s", f"{step.time_s * math.exp(error):.4g} s", f"{math.expm1(error):+.1%}")
        for step, error in zip(found.steps, found.errors, strict=True)
        if step.split == split
    ]
    print_rows(("step", "measured", "predicted", "error"), rows, out)


def _text(value: float, kind: Any) -> str:
    from clustersim.scenario.leaves import value_text

    return value_text(float(f"{value:.3g}"), kind)
