"""The header of a table: the columns that must be there, each once, and the cells of a row under them."""

from collections.abc import Sequence
from pathlib import Path

from clustersim.tables.csv_lines import TableError


def separated_otherwise(header: Sequence[str]) -> bool:
    """Whether the columns seem to be separated by something else than commas."""
    return len(header) == 1 and any(mark in header[0] for mark in ";\t|")


def check_header(path: Path, header: Sequence[str], needed: Sequence[str | tuple[str, ...]], hint: str = "") -> None:
    """Refuse a header that lacks a column or has one twice.

    Parameters
    ----------
    path : Path
        The table.
    header : sequence of str
        Its columns.
    needed : sequence of str or tuple of str
        Columns that must be there; of a tuple, one of them.
    hint : str
        What to do about one that is missing.

    Raises
    ------
    TableError
        Names file and line, and the way out.
    """
    choices = [(name,) if isinstance(name, str) else name for name in needed]
    missing = ", ".join(" or ".join(names) for names in choices if not set(names) & set(header))
    repeated = ", ".join(sorted({name for name in header if header.count(name) > 1}))
    if not any(header):
        problem = f"no header: lacks the columns {missing}; the first line has to name them"
    elif missing and separated_otherwise(header):
        problem = "not separated by commas; export the table as CSV with commas"
    elif missing:
        problem = f"lacks the columns {missing}" + (f"; {hint}" if hint else "")
    elif repeated:
        problem = f"column {repeated} stands there twice; rename one of them"
    else:
        return
    msg = f"{path}:1: {problem}"
    raise TableError(msg)


def cells_by_column(cells: Sequence[str], header: Sequence[str]) -> tuple[dict[str, str], str]:
    """Cells of a row by column, and what is wrong with their number; empty for nothing.

    Cells that are missing at the end are empty; those beyond the header have no column to come back in.
    """
    damage = "" if len(cells) == len(header) else f"{len(cells)} cells under {len(header)} columns"
    padded = [*cells, *[""] * (len(header) - len(cells))][: len(header)]
    return dict(zip(header, padded, strict=True)), damage
