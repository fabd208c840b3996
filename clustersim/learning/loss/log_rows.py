"""The rows of a run's log as it is exported: its columns, gaps and rewinds, and what is wrong with them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clustersim.tables.csv_lines import CsvLine, TableError, lines_in
from clustersim.tables.header import separated_otherwise
from clustersim.tables.numbers import number_in, said

Floats = NDArray[np.float64]
Counted = Literal["tokens", "step"]

LOSS = "loss"
POSITIONS: tuple[Counted, ...] = ("tokens", "step")
"""Columns that say where a loss was measured, the better one first."""
_MOST_NAMED = 8
"""Columns that a message names."""
_FEWEST_TO_SORT = 3
"""Rows from which on a log that only falls is taken for one that stands upside down."""


@dataclass(frozen=True, slots=True, eq=False)
class LogRows:
    """What a log says, before a plan has a say.

    Parameters
    ----------
    lines : tuple of int
        Lines of the file.
    at : ndarray of shape (rows,)
        Tokens or steps, rising.
    loss_nats : ndarray of shape (rows,)
        Loss there [nats/token].
    counted : {"tokens", "step"}
        What ``at`` counts.
    column : int
        Its column, from 1.
    notes : tuple of str
        What was left out, in sentences.
    problems : tuple of str
        What is wrong, each with file, line and column and the way out.
    """

    lines: tuple[int, ...]
    at: Floats
    loss_nats: Floats
    counted: Counted = "tokens"
    column: int = 1
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@lru_cache(maxsize=4)
def read_log_rows(text: str, file: str) -> LogRows:
    """Read the rows of a log that count.

    Parameters
    ----------
    text : str
        CSV as :func:`clustersim.learning.loss.log_table.read_log_table` takes it.
    file : str
        Name in messages.

    Notes
    -----
    Kept from one call to the next: a log is read when its plan is checked, and again for the forecast.
    """
    try:
        header, lines = lines_in(text, file)
    except TableError as error:
        return _nothing([str(error)])
    if not any(header):
        return _nothing([f"{file}:1:1: no heading; the first line names the columns: tokens (or step) and loss"])
    if separated_otherwise(header):
        return _nothing([f"{file}:1:1: not separated by commas; export the table as CSV with commas"])
    problems: list[str] = []
    loss, position = _column(file, header, (LOSS,), problems), _column(file, header, POSITIONS, problems)
    if loss is None or position is None:
        return _nothing(problems)
    found = [_found(_Cells(file, header, line, problems), position, loss) for line in lines]
    rows = [row for row in found if row is not None]
    finite = [row for row in rows if math.isfinite(row.loss_nats)]
    if not finite and not problems:
        problems.append(f"{file}:1:{loss + 1}: {header[loss]}: no row has a loss; export the losses of the run so far")
    if _upside_down(rows):
        problems.append(
            f"{file}:{rows[0].line}:{position + 1}: {header[position]}: falls from row to row, the newest first; sort "
            "the rows the other way round"
        )
    kept = _last_said(finite)
    counted: Counted = "tokens" if _plain(header[position]) == "tokens" else "step"
    return LogRows(
        tuple(row.line for row in kept),
        np.array([row.at for row in kept], dtype=np.float64),
        np.array([row.loss_nats for row in kept], dtype=np.float64),
        counted,
        position + 1,
        tuple(_notes(counted, len(rows) - len(finite), len(finite) - len(kept))),
        tuple(problems),
    )


def _nothing(problems: list[str]) -> LogRows:
    return LogRows((), np.zeros(0), np.zeros(0), problems=tuple(problems))


class _Row(NamedTuple):
    line: int
    at: float
    loss_nats: float


def _found(cells: "_Cells", position: int, loss: int) -> _Row | None:
    """What a row says; None where it has no loss or something is wrong with it."""
    if not cells.fit():
        return None
    loss_nats = cells.loss(loss)
    at = None if loss_nats is None else cells.position(position)
    return None if loss_nats is None or at is None else _Row(cells.line.line, at, loss_nats)


def _upside_down(rows: Sequence[_Row]) -> bool:
    return len(rows) >= _FEWEST_TO_SORT and all(later.at < row.at for row, later in pairwise(rows))


def _last_said(rows: Sequence[_Row]) -> list[_Row]:
    """Rows that no later one replaces by being as far or less far in the run."""
    kept: list[_Row] = []
    for row in rows:
        while kept and kept[-1].at >= row.at:
            kept.pop()
        kept.append(row)
    return kept


def _notes(counted: Counted, infinite: int, replaced: int) -> list[str]:
    notes = ["The log counts steps; the phases of the plan say how many tokens they are."] if counted == "step" else []
    if infinite:
        notes.append(f"Left out of the log: {infinite:,} infinite loss{'es' if infinite > 1 else ''}.")
    if replaced:
        rows = f"{replaced:,} rows" if replaced > 1 else "one row"
        notes.append(f"The log goes back and trains {rows} again; what it says last counts.")
    return notes


def _plain(name: str) -> str:
    return name.lstrip("_").lower()


def _column(file: str, header: tuple[str, ...], wanted: Sequence[str], problems: list[str]) -> int | None:
    """Index of the first of the wanted columns that is there; what keeps it from being found is noted."""
    for name in wanted:
        found = [index for index, column in enumerate(header) if _plain(column) == name]
        fewest = min((_underscores(header[index]) for index in found), default=0)
        best = [index for index in found if _underscores(header[index]) == fewest]
        if len(best) == 1:
            return best[0]
        if best:
            names = " and ".join(f"'{header[index]}'" for index in best)
            problems.append(f"{file}:1:{best[1] + 1}: {names} are both the column '{name}'; rename one of them")
            return None
    problems.append(f"{file}:1:1: {_missing(header, wanted)}")
    return None


def _underscores(name: str) -> int:
    return len(name) - len(name.lstrip("_"))


def _missing(header: tuple[str, ...], wanted: Sequence[str]) -> str:
    column = " or ".join(f"'{name}'" for name in wanted)
    near = [name for name in header if any(word.rstrip("s") in name.lower() for word in wanted)]
    if near:
        return f"no column {column}; rename {_named(near)} if that is it"
    return f"no column {column}; the columns are {_named(header)}"


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"


@dataclass(frozen=True, slots=True)
class _Cells:
    """One row; what is wrong with a cell is noted, and the next one read."""

    file: str
    header: tuple[str, ...]
    line: CsvLine
    problems: list[str]

    def fit(self) -> bool:
        """Whether there are no more cells than columns."""
        cells, columns = len(self.line.cells), len(self.header)
        if cells > columns:
            place = f"{self.file}:{self.line.line}:{columns + 1}"
            self.problems.append(f"{place}: {cells} cells under {columns} columns; quote cells that hold commas")
        return cells <= columns

    def loss(self, column: int) -> float | None:
        """Loss, finite and above zero or infinite; None where there is none to be had."""
        text = self._text(column)
        if not text or _special(text, math.isnan):
            return None
        if _special(text, math.isinf):
            return math.inf
        value = number_in(text)
        if value is None or value <= 0.0:
            wrong = "is no number" if value is None else "is not above zero"
            self._refuse(column, f"'{text}' {wrong}; give nats per token, such as 2.31, or leave the cell empty")
            return None
        return value

    def position(self, column: int) -> float | None:
        """Tokens or steps; None where they are not said or wrong."""
        text = self._text(column)
        value = number_in(text) if text else None
        if value is not None and value >= 0.0:
            return value
        wrong = "is empty beside a loss" if not text else f"'{text}' is {'no number' if value is None else 'negative'}"
        self._refuse(column, f"{wrong}; give a count such as 12000, or leave the row out")
        return None

    def _text(self, column: int) -> str:
        return said(self.line.cells[column]) if column < len(self.line.cells) else ""

    def _refuse(self, column: int, message: str) -> None:
        self.problems.append(f"{self.file}:{self.line.line}:{column + 1}: {self.header[column]}: {message}")


def _special(text: str, kind: Callable[[float], bool]) -> bool:
    """Whether a text is a number of some kind that :func:`number_in` knows none of."""
    try:
        return kind(float(text))
    except ValueError:
        return False
