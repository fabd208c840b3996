"""Which rows a fit may take: those marked ``fit``, and no others."""

from typing import Literal

Split = Literal["fit", "test"]


def split_said(text: str | None) -> str:
    """Split that a cell names, blanks and case aside; empty for an empty cell."""
    return (text or "").strip().lower()


def split_of_cell(text: str | None) -> Split:
    """Split of a row: held out (``test``) unless its cell says ``fit``."""
    return "fit" if split_said(text) == "fit" else "test"
