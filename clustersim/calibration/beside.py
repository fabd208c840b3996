"""Predictions as CSV beside the rows they belong to."""

import csv
import io
from collections.abc import Iterable, Sequence

from clustersim.tables.csv_lines import TableError


def csv_beside(
    columns: Sequence[str], added: Sequence[str], rows: Iterable[Sequence[str]], table: str = "the table"
) -> str:
    """Rows with the columns of a table and, behind them, those that are added.

    Parameters
    ----------
    columns, added : sequence of str
        Columns of the table, and those behind.
    rows : iterable of sequence of str
        Cells of both.
    table : str
        What the table is called in an error.

    Raises
    ------
    TableError
        If the table has a column of the same name as an added one.
    """
    taken = [name for name in added if name in columns]
    if taken:
        msg = f"{table} already has the columns {', '.join(taken)} of a prediction; rename or drop them"
        raise TableError(msg)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, *added])
    writer.writerows(rows)
    return text.getvalue()
