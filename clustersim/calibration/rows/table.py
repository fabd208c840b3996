"""Reads tables of published step times: any CSV with their columns."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from clustersim.calibration.rows.cells import Assumption, Cells, RowError
from clustersim.calibration.rows.faults import fault_of
from clustersim.calibration.rows.row import PublishedStep, published_step
from clustersim.calibration.rows.shape import shape_is_said
from clustersim.calibration.rows.siblings import NOTHING_BORROWED, Borrowed, borrow_shapes
from clustersim.tables.csv_lines import csv_lines
from clustersim.tables.header import cells_by_column, check_header
from clustersim.tables.numbers import said

NEEDED = ("model", "n_layers", "hidden", "n_heads", "seq_len", "gpu", "stack", "n_gpus", "global_batch_seqs")
"""Columns without which a table is not one of published step times. Cells may be empty; other columns may be absent."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it stands.

    Attributes
    ----------
    line : int
        Line of the file it begins on.
    cells : mapping of str to str
        Cells by column.
    damage : str
        What is wrong with the row as a whole; empty for nothing.
    borrowed : Borrowed
        Shape that it leaves out and other rows of the table say.
    """

    line: int
    cells: Mapping[str, str]
    damage: str = ""
    borrowed: Borrowed = NOTHING_BORROWED

    @property
    def complete(self) -> bool:
        """Whether its ``missing`` cell is empty; in a table without that column, whether no shape is guessed."""
        if "missing" in self.cells:
            return not said(self.cells["missing"])
        try:
            return shape_is_said(Cells({**self.cells, **self.borrowed.cells}))
        except RowError:
            # A cell that cannot be read is its reason, not its shape.
            return True

    @property
    def usable(self) -> bool:
        """Whether a fit may take it: it is complete, or other rows of the table say all that it leaves out."""
        missing = set(said(self.cells.get("missing")).split())
        return self.complete or (bool(missing) and missing <= set(self.borrowed.cells))


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands: columns in order, and every row."""

    path: Path
    columns: tuple[str, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that cannot be used, and why."""

    id: str
    reason: str


def read_table(path: Path) -> Table:
    """Read a table without judging its cells.

    Parameters
    ----------
    path : Path
        CSV in UTF-8, separated by commas, with a header.

    Raises
    ------
    TableError
        If it cannot be read, is not such a CSV, or lacks columns of :data:`NEEDED`.
    """
    header, lines = csv_lines(path)
    check_header(path, header, NEEDED, "add them, with empty cells where nothing is known")
    return Table(path, header, _with_shapes([_record(line, cells, header) for line, cells in lines]))


def _with_shapes(records: list[Record]) -> tuple[Record, ...]:
    borrowed = borrow_shapes([record.cells for record in records])
    return tuple(
        replace(record, borrowed=found) if found.cells else record
        for record, found in zip(records, borrowed, strict=True)
    )


def _record(line: int, cells: list[str], header: tuple[str, ...]) -> Record:
    by_column, damage = cells_by_column(cells, header)
    return Record(line, by_column, damage)


def read_record(record: Record) -> PublishedStep:
    """Turn a row into the predictor's inputs.

    Raises
    ------
    RowError
        Naming line, column and value.
    """
    if record.damage:
        msg = f"line {record.line}: {record.damage}"
        raise RowError(msg)
    try:
        row = published_step({**record.cells, **record.borrowed.cells})
    except Exception as problem:
        # Cells that pass one by one can be absurd together; whatever breaks then is the row's fault, and its own.
        msg = f"line {record.line}, {fault_of(problem)}"
        raise RowError(msg) from None
    if not record.borrowed.cells:
        return row
    columns, values = " ".join(record.borrowed.cells), " ".join(record.borrowed.cells.values())
    return replace(row, assumed=(Assumption(columns, record.borrowed.rule, values), *row.assumed))


def read_rows(path: Path, *, incomplete: bool = False) -> tuple[list[PublishedStep], list[Skipped]]:
    """Read the rows of a table of published step times, for a fit.

    Parameters
    ----------
    path : Path
        CSV with the columns of the published-throughput table: shape, layout, batch, ``gpu``, ``precision``,
        ``fabric``, ``stack``, ``split``, ``step_time_s``.
    incomplete : bool
        Whether to take rows with anything in ``missing`` too, filled in by rules. Otherwise they are passed over in
        silence, unless complete rows of the same model in the same source say what they leave out.

    Returns
    -------
    rows : list of PublishedStep
        In the order of the file.
    skipped : list of Skipped
        Rows that the schema cannot express, or that publish no time, with the reason.

    Raises
    ------
    TableError
        If the file is no such table.
    """
    rows: list[PublishedStep] = []
    skipped: list[Skipped] = []
    for record in read_table(path).records:
        if not (incomplete or record.usable):
            continue
        try:
            row = read_record(record)
        except RowError as problem:
            skipped.append(Skipped(record.cells.get("id", ""), str(problem)))
            continue
        if math.isnan(row.step_time_s):
            skipped.append(Skipped(row.id, f"line {record.line}: no printed number gives a step time"))
        else:
            rows.append(row)
    return rows, skipped
