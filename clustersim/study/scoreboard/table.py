"""Reads a small CSV of which every column is known."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clustersim.calibration.rows import TableError
from clustersim.calibration.rows.faults import fault_of


def read_cells(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Rows of a CSV, each with the line it ends on and its cells by column.

    Parameters
    ----------
    path : Path
        CSV in UTF-8 with a header.
    columns : sequence of str
        Columns that it must have; a cell that a row leaves out is empty.

    Raises
    ------
    TableError
        If it cannot be read, is no CSV, or lacks a column; the message names file and line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: {getattr(error, 'strerror', None) or f'not text in UTF-8: {error}'}"
        raise TableError(msg) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True)
    try:
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            msg = f"{path}:1: lacks the columns {', '.join(missing)}"
            raise TableError(msg)
        return [(reader.line_num, {name: cells[name].strip() for name in reader.fieldnames or ()}) for cells in reader]
    except csv.Error as error:
        msg = f"{path}:{reader.line_num}: not a CSV: {error}"
        raise TableError(msg) from None


@contextmanager
def at_line(path: Path, line: int) -> Iterator[None]:
    """Name file and line of whatever cannot be made of a row.

    Raises
    ------
    TableError
        In place of the fault.
    """
    try:
        yield
    except Exception as problem:
        msg = f"{path}:{line}: {fault_of(problem)}"
        raise TableError(msg) from None
