"""Writes fitted parameters into the catalogue's table of step efficiencies."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from clustersim._version import __version__
from clustersim.calibration.fitted import Fit
from clustersim.calibration.free import FREE
from clustersim.calibration.score import ClassScore
from clustersim.catalog import Value, entries, entry
from clustersim.step.card import FITTED_ON
from clustersim.step.efficiency import TABLE

_HEADER = ("entry", "field", "value", "source")
_CLASS = "class-"
_END = "end of its interval: how well the rows and the prior know it; no forecast draws from it"
"""What the ends are for. The error of a forecast comes from the held-out rows instead."""
_NOTES = ("low.", "high.", "rows.")
_LABELS = "clustersim "
_NOT_FREE = "assumed: what an earlier fit found; no longer fitted"


def write_table(
    path: Path,
    result: Fit,
    cards: Mapping[str, Sequence[str]],
    scores: Mapping[str, ClassScore],
    data: str,
) -> None:
    """Write a table of efficiencies in the catalogue's long form.

    Parameters
    ----------
    path : Path
        CSV to write.
    result : Fit
        All parameters, fitted or not. Texts, and sources of what was not fitted, are carried over from the catalogue;
        the interval and the number of rows of a fitted one are written beside it. A free parameter that these rows say
        nothing of keeps what an earlier fit wrote of it; one that is not free any more keeps neither its interval nor
        the label of that fit.
    cards : mapping of str to sequence of str
        Catalogue names of the cards of the fit rows, by GPU generation and stack; where it says nothing, the
        catalogue's are carried over.
    scores : mapping of str to ClassScore
        Errors on held-out rows by class.
    data : str
        Name and date of the data, for the provenance.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows(_parameter_rows(result, cards, data))
        writer.writerows(_score_rows(scores, data))


_Row = tuple[str, str, str, str]


def _parameter_rows(result: Fit, cards: Mapping[str, Sequence[str]], data: str) -> Iterator[_Row]:
    for name in entries(TABLE):
        if name.startswith(_CLASS):
            continue
        known = entry(TABLE, name)
        yield name, "title", known.title, f"clustersim {__version__}"
        if name in cards:
            yield name, FITTED_ON, "; ".join(cards[name]), f"accelerators of the fit rows ({data})"
        for field, value in known.values.items():
            if field.startswith(_NOTES) or (field == FITTED_ON and name in cards):
                continue
            yield from _field_rows(name, field, value, result, data)


def _field_rows(name: str, field: str, value: Value, result: Fit, data: str) -> Iterator[_Row]:
    found, numbers = result.fitted.get((name, field)), result.table[name]
    if found is None:
        number = f"{numbers[field]:.4g}" if field in numbers else value.text
        yield name, field, number, _carried_source(name, field, value)
        yield from _carried_notes(name, field)
        return
    yield name, field, f"{found.value:.4g}", f"{_LABELS}{__version__}: {found.verdict} (step times, {data})"
    yield name, f"low.{field}", f"{found.low:.4g}", f"5 % {_END}"
    yield name, f"high.{field}", f"{found.high:.4g}", f"95 % {_END}"
    yield name, f"rows.{field}", str(found.rows), "fit rows that it has a say in"


def _carried_source(name: str, field: str, value: Value) -> str:
    stale = value.source.startswith(_LABELS) and not _is_free(name, field)
    return _NOT_FREE if stale else value.source


def _carried_notes(name: str, field: str) -> Iterator[_Row]:
    """Interval and rows of an earlier fit."""
    values = entry(TABLE, name).values
    for note in (f"{prefix}{field}" for prefix in _NOTES):
        if note in values and _is_free(name, field):
            yield name, note, values[note].text, values[note].source


def _is_free(name: str, field: str) -> bool:
    return any(parameter.key == (name, field) for parameter in FREE)


def _score_rows(scores: Mapping[str, ClassScore], data: str) -> Iterator[_Row]:
    for name, item in scores.items():
        rows = f"{item.rows_test} test rows of {item.models_test} models"
        source = f"{_LABELS}{__version__}: {rows}, published step times ({data})"
        yield f"{_CLASS}{name}", "title", f"Errors on held-out rows: {name}", f"clustersim {__version__}"
        measured = {} if math.isnan(item.sigma) else {"sigma": item.sigma, "median": item.median, "p90": item.p90}
        for field, value in measured.items():
            yield f"{_CLASS}{name}", field, f"{value:.4f}", source
        for field in ("rows_fit", "rows_test", "models_test", "gpus_max", "sequence_max"):
            yield f"{_CLASS}{name}", field, str(getattr(item, field)), source
