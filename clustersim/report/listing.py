"""The catalogue on a terminal: plain rows as tables."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_WRAPS_FROM = 28
"""Text longer than this may wrap to it; shorter cells never wrap."""
_GAP = 3
_LONGEST_ARRAY = 300
"""Characters of a packed array from which only its first row is shown."""


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], console: "Console") -> None:
    """Print rows as a table without frames.

    Parameters
    ----------
    columns : sequence of str
        Headings.
    rows : iterable of sequence
        One cell for each heading; numbers are set flush right.
    console : rich.console.Console
        Where to print. Columns that do not fit its width are left out, and named below the table.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    values = list(rows)
    cells = [[_readable(str(cell)) for cell in row] for row in values]
    widths = [max(len(text) for text in (name, *(row[n] for row in cells))) for n, name in enumerate(columns)]
    shown = _fitting(widths, console.width)
    table = Table(box=box.SIMPLE_HEAD if console.encoding.startswith("utf") else box.ASCII2, pad_edge=False)
    for number in range(shown):
        numeric = bool(values) and all(isinstance(row[number], int | float) for row in values)
        wraps = widths[number] > _WRAPS_FROM
        table.add_column(columns[number], justify="right" if numeric else "left", no_wrap=not wraps, overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row[:shown]))
    console.print(table)
    if shown < len(columns):
        console.print(f"Too narrow for: {', '.join(columns[shown:])}. Widen the terminal or use --json.")


def _readable(text: str) -> str:
    """The text, but for a packed array, such as the draws of a law: it would fill screens that nobody reads."""
    rows = text.split(";")
    # Prose has a space behind its semicolons.
    if len(text) <= _LONGEST_ARRAY or len(rows) == 1 or "; " in text:
        return text
    return f"{rows[0]}; ... {len(rows)} rows, all with --json"


def _fitting(widths: Sequence[int], available: int) -> int:
    """How many columns fit when long ones wrap; at least one."""
    used = 0
    for number, width in enumerate(widths):
        used += min(width, _WRAPS_FROM) + _GAP
        if used > available and number:
            return number
    return len(widths)
