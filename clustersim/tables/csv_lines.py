"""The lines of a CSV as they stand, with errors that name file and line."""

import csv
import io
from pathlib import Path
from typing import NamedTuple


class TableError(ValueError):
    """Why a file is not the table it should be; names file, line and column, and the way out."""


class CsvLine(NamedTuple):
    """Cells of one row, and the line of the file it begins on."""

    line: int
    cells: list[str]


def csv_lines(path: Path) -> tuple[tuple[str, ...], list[CsvLine]]:
    """Read a CSV without judging its cells.

    Parameters
    ----------
    path : Path
        CSV in UTF-8, separated by commas.

    Returns
    -------
    header : tuple of str
        First row, without the space around its cells; empty for an empty file.
    lines : list of CsvLine
        All other rows that are not empty.

    Raises
    ------
    TableError
        If it cannot be read or is not such a CSV.
    """
    return lines_in(_text(path), path)


def lines_in(text: str, file: str | Path) -> tuple[tuple[str, ...], list[CsvLine]]:
    """The same for a text, in whose errors ``file`` is the name of where it came from."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        msg = f"{file}:{line}: holds a NUL byte, so it is no CSV; export the table as CSV in UTF-8"
        raise TableError(msg)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[CsvLine] = []
    try:
        header = tuple(name.strip() for name in next(reader, ()))
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                lines.append(CsvLine(line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        msg = f"{file}:{reader.line_num}: not a CSV: {error}; quote cells that hold commas, quotes or line ends"
        raise TableError(msg) from None
    return header, lines


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise TableError(msg) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        msg = f"{path}:{line}: not text in UTF-8 (byte {error.start}); save it as CSV in UTF-8"
        raise TableError(msg) from None
