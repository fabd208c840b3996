"""Writes fitted rates of collectives into the catalogue's table ``collective_rates``.

Run as ``python -m clustersim.calibration.collectives.store --data FILE --out FILE``: fits the rows of FILE that are
not marked ``test``, prints the errors on those that are, and writes the table.
"""

import argparse
import csv
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from clustersim._version import __version__
from clustersim.calibration.collectives.fit import (
    INTERVAL_SPREADS,
    CollectivesFit,
    Coverage,
    FittedRate,
    fit_collectives,
)
from clustersim.calibration.collectives.predict import predict_collectives
from clustersim.calibration.collectives.rows import read_collectives
from clustersim.calibration.collectives.score import score_collectives
from clustersim.catalog import Value, entries, entry
from clustersim.hardware.rates import TABLE

_HEADER = ("entry", "field", "value", "source")
_COVERAGE = ("rows", "gpus_max", "bytes_min", "bytes_max")
_NOTES = ("low.", "high.", "rows.")

NARROWED = 0.95
"""Spread left of the prior's above which a rate counts as no better known than before. Chosen."""

_Row = tuple[str, str, str, str]


def write_rates(path: Path, result: CollectivesFit, data: str) -> None:
    """Write a table of rates in the catalogue's long form; whoever reads `path` sees the old file or the whole new one.

    Parameters
    ----------
    path : Path
        CSV to write.
    result : CollectivesFit
        The fit. Titles, and values that were not fitted with their sources, are carried over from the catalogue.
    data : str
        Name of the data, for the provenance.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEADER)
        for name in entries(TABLE):
            writer.writerows(_entry_rows(name, result, data))
    unfinished.replace(path)


def _entry_rows(name: str, result: CollectivesFit, data: str) -> Iterator[_Row]:
    known = entry(TABLE, name)
    yield name, "title", known.title, f"clustersim {__version__}"
    for field, value in known.values.items():
        if not field.startswith(_NOTES) and field not in _COVERAGE:
            yield from _field_rows(name, field, value, result, data)
    if name != "pipelining":
        item = result.coverage.get(name, Coverage(0, 0, 0.0, 0.0))
        for field in _COVERAGE:
            yield (
                name,
                field,
                f"{getattr(item, field):.0f}",
                f"clustersim {__version__}: fit rows of this entry ({data})",
            )


def _field_rows(name: str, field: str, value: Value, result: CollectivesFit, data: str) -> Iterator[_Row]:
    found = result.fitted.get((name, field))
    if found is None:
        yield name, field, value.text, value.source
        return
    yield name, field, f"{found.value:.4g}", f"clustersim {__version__}: {_verdict(found)} ({data})"
    yield name, f"low.{field}", f"{found.low:.4g}", "5 % end of its interval"
    yield name, f"high.{field}", f"{found.high:.4g}", "95 % end of its interval"
    yield name, f"rows.{field}", str(found.rows), "fit rows of this entry"


def _verdict(found: FittedRate) -> str:
    """What the rows had to do with a value, for its source."""
    ends = (found.high / found.value, found.value / found.low)
    spread = max(math.log(end) for end in ends) / INTERVAL_SPREADS
    if spread <= NARROWED * found.free.spread:
        return "fitted on the fit rows"
    moved = abs(math.log(found.value / found.free.prior)) >= 0.15 * found.free.spread
    return (
        "fitted on the fit rows, which move it but do not narrow it" if moved else "prior; the rows say nothing of it"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, print the errors on the rows marked ``test``, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="CSV of measured collectives")
    parser.add_argument("--out", type=Path, required=True, help="CSV of fitted rates")
    options = parser.parse_args(arguments)
    rows = read_collectives(options.data)
    try:
        result = fit_collectives(rows)
    except ValueError as error:
        parser.error(f"{options.data}: {error}")
    write_rates(options.out, result, options.data.name)
    scores = score_collectives(predict_collectives(rows, result.table), split="test")
    sys.stdout.write(f"test rows: {scores.overall}\n")
    for name, score in scores.large.items():
        sys.stdout.write(f"{name} rows from 1 MiB on: {score}\n")
    for group in (scores.by_collective, scores.by_size, scores.by_source):
        for name, score in group.items():
            sys.stdout.write(f"  {name}: {score}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
