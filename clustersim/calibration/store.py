"""Writes fitted parameters into the catalogue's table of step efficiencies."""

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from clustersim._version import __version__
from clustersim.calibration.fitted import Fitted
from clustersim.calibration.free import Key
from clustersim.calibration.score import ClassScore
from clustersim.catalog import entries, entry
from clustersim.step.efficiency import TABLE, Table

_HEADER = ("entry", "field", "value", "source")
_CLASS = "class-"
_NOTES = ("low.", "high.", "rows.")


def write_table(
    path: Path, table: Table, fitted: Mapping[Key, Fitted], scores: Mapping[str, ClassScore], data: str
) -> None:
    """Write a table of efficiencies in the catalogue's long form.

    Parameters
    ----------
    path : Path
        CSV to write.
    table : Table
        All parameters, fitted or not. Texts, and sources of what was not fitted, are carried over from the catalogue.
    fitted : mapping of Key to Fitted
        Fitted parameters; their interval and number of rows are written beside them.
    scores : mapping of str to ClassScore
        Errors on held-out rows by class.
    data : str
        Name and date of the data, for the provenance.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows(_parameter_rows(table, fitted, data))
        writer.writerows(_score_rows(scores, data))


def _parameter_rows(table: Table, fitted: Mapping[Key, Fitted], data: str) -> Iterator[tuple[str, str, str, str]]:
    source = f"clustersim {__version__}: fitted on the fit rows of published step times ({data})"
    for name in entries(TABLE):
        if name.startswith(_CLASS):
            continue
        known = entry(TABLE, name)
        yield name, "title", known.title, f"clustersim {__version__}"
        for field, value in known.values.items():
            if field.startswith(_NOTES):
                continue
            found = fitted.get((name, field))
            if found is None:
                text = f"{table[name][field]:.4g}" if field in table[name] else value.text
                yield name, field, text, value.source
                continue
            yield name, field, f"{found.value:.4g}", source
            yield name, f"low.{field}", f"{found.low:.4g}", "5 % end of its interval"
            yield name, f"high.{field}", f"{found.high:.4g}", "95 % end of its interval"
            yield name, f"rows.{field}", str(found.rows), "fit rows of this GPU generation or stack"


def _score_rows(scores: Mapping[str, ClassScore], data: str) -> Iterator[tuple[str, str, str, str]]:
    for name, item in scores.items():
        source = f"clustersim {__version__}: {item.rows_test} test rows of published step times ({data})"
        yield f"{_CLASS}{name}", "title", f"Errors on held-out rows: {name}", f"clustersim {__version__}"
        measured = {} if math.isnan(item.sigma) else {"sigma": item.sigma, "median": item.median, "p90": item.p90}
        for field, value in measured.items():
            yield f"{_CLASS}{name}", field, f"{value:.4f}", source
        for field in ("rows_fit", "rows_test", "gpus_max", "sequence_max"):
            yield f"{_CLASS}{name}", field, str(getattr(item, field)), source
