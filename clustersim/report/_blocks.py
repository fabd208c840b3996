"""What commands print on a terminal: blocks of text and tables without rules."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

GAP = 2
"""Spaces between columns."""


def bare_table(header: str | None = None) -> "Table":
    """A table without rules and without space at its edges.

    Parameters
    ----------
    header : str, optional
        Style of the heading, "" for a plain one; no heading when omitted.
    """
    from rich.table import Table

    return Table(
        box=None, padding=(0, GAP, 0, 0), pad_edge=False, show_header=header is not None, header_style=header or ""
    )


def print_blocks(blocks: Iterable["RenderableType"], console: "Console") -> None:
    """Print blocks, each with an empty line after it."""
    for block in blocks:
        console.print(block, highlight=False)
        console.print()
