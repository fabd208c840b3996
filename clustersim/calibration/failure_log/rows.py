"""Rows of a log or of a fleet, cell by cell; what is wrong with them is collected, not raised."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clustersim.calibration.failure_log.moments import WAYS, Moments
from clustersim.scenario.quantity import QuantityError, suggestion
from clustersim.tables.csv_lines import CsvLine, TableError
from clustersim.tables.header import separated_otherwise
from clustersim.tables.numbers import said

MOMENTS = ("repaired", "in_service", "out_of_service")
"""Columns of moments beside the time itself."""
MOST_TOLD = 20
"""Problems that are told one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; its methods note what is wrong with a cell and go on."""

    file: Path
    header: tuple[str, ...]
    written: CsvLine
    problems: list[str]

    def text(self, column: str) -> str:
        """Cell of a column; empty where nothing is said or there is no such column."""
        cells = dict(zip(self.header, self.written.cells, strict=False))
        return said(cells.get(column))

    def needed(self, column: str, meaning: str) -> str:
        """Cell that may not be empty."""
        found = self.text(column)
        if not found:
            self.refuse(column, f"is empty: {meaning}")
        return found

    def choice(self, column: str, known: Sequence[str]) -> str:
        """Cell that holds one of some words, in whatever case; may be empty."""
        found = self.text(column).lower()
        if found and found not in known:
            near = suggestion(found, known) or ";"
            self.refuse(column, f"'{found}' is unknown{near} known: {', '.join(known)}")
        return found

    def moment(self, moments: Moments, name: str) -> float | None:
        """Moment in a column [s]; None where the cell is empty or wrong."""
        column = moments.column(name)
        found = self.text(column)
        try:
            return moments.read(found) if found else None
        except QuantityError as error:
            self.refuse(column, str(error))
            return None

    def refuse(self, column: str, message: str) -> None:
        """Note what is wrong with a cell, or with the whole row where the column is empty."""
        place = f"column {column}: " if column else ""
        self.problems.append(f"{self.file}:{self.written.line}: {place}{message}")

    def check_length(self) -> None:
        """Note a row of more or fewer cells than the header."""
        cells, columns = len(self.written.cells), len(self.header)
        if cells != columns:
            self.refuse("", f"{cells} cells under {columns} columns; quote cells that hold commas")


def check_header(file: Path, header: tuple[str, ...], needed: Sequence[str], moments: Moments) -> list[str]:
    """Problems of a header: columns that are missing, there twice, or written in another way than the time is."""
    missing = [f"{file}:1: column '{name}' is missing" for name in needed if name not in header]
    if missing and separated_otherwise(header):
        return [f"{file}:1: not separated by commas; export the table as CSV with commas"]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    missing += [f"{file}:1: column '{name}' stands there twice; rename one of them" for name in twice]
    others = {way.column(name): moments.column(name) for way in WAYS if way != moments for name in MOMENTS}
    return missing + [
        f"{file}:1: column '{name}': the log's time is written otherwise; make it '{others[name]}'"
        for name in header
        if name in others
    ]


def raise_all(problems: Sequence[str]) -> None:
    """Raise what is wrong, all at once.

    Raises
    ------
    TableError
        With one line for each of the first :data:`MOST_TOLD` problems; not if there are none.
    """
    if not problems:
        return
    told = list(problems[:MOST_TOLD])
    if len(problems) > MOST_TOLD:
        told.append(f"... and {len(problems) - MOST_TOLD} more")
    raise TableError("\n".join(told))
