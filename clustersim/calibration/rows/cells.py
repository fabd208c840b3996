"""Typed access to the cells of one published row, with errors that name column and value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

EMPTY = frozenset({"", "-", "?", "n/a", "na", "nan", "null"})
"""Texts (in lower case) that say that the source does not say."""

_DERIVED = re.compile(r"([a-z_]+)=([0-9.]+)")
_SAME_AS = {"n_chips": "n_gpus"}


class RowError(ValueError):
    """Why a row cannot be predicted; names columns and values."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """An empty cell and how it was filled.

    Attributes
    ----------
    column : str
        Column of the cell.
    rule : str
        The rule, in words.
    value : str
        What it gave; empty for a field of the layout.
    setting : str
        Field of the chosen layout that holds the value; empty for a value of its own.
    """

    column: str
    rule: str
    value: str = ""
    setting: str = ""


class Cells:
    """Cells of one row by column. An absent column and a cell of :data:`EMPTY` are the same: not said."""

    def __init__(self, raw: Mapping[str, str]) -> None:
        self._raw = raw
        self._derived = _derived(raw.get("notes") or "")

    def text(self, column: str) -> str:
        """Text of a cell without the space around it; empty when the source does not say."""
        found = (self._raw.get(column) or "").strip()
        return "" if found.lower() in EMPTY else found

    def number(self, column: str) -> float | None:
        """Read a positive, finite number; None for an empty cell.

        Raises
        ------
        RowError
            For anything else.
        """
        found = self.text(column)
        if not found:
            return None
        value = _float(found)
        if value is None or not 0.0 < value < float("inf"):
            raise RowError(_malformed(column, found, "a number above 0"))
        return value

    def whole(self, column: str, least: int = 1) -> int | None:
        """Read a whole number, ``least`` or more; None for an empty cell.

        Raises
        ------
        RowError
            For anything else.
        """
        found = self.text(column)
        if not found or found.lower() == "none":
            return None
        value = _float(found)
        if value is None or value != value // 1 or value < least:
            raise RowError(_malformed(column, found, f"a whole number, {least} or more"))
        return int(value)

    def flag(self, column: str) -> bool | None:
        """Read yes or no; None for an empty cell.

        Raises
        ------
        RowError
            For anything else.
        """
        found = self.text(column).lower()
        if found in ("1", "yes", "true"):
            return True
        if found in ("0", "no", "false"):
            return False
        if found:
            raise RowError(_malformed(column, found, "yes or no"))
        return None

    def derived(self, column: str) -> int | None:
        """Whole number that the ``notes`` of the row derive for a column (``derived: dp=64``); None without any."""
        return self._derived.get(column)


def _derived(notes: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in notes.split(";"):
        _, said, values = part.partition("derived")
        for name, text in _DERIVED.findall(values) if said else ():
            value = _float(text.rstrip("."))
            if value is not None and value >= 1.0 and value == value // 1:
                found[_SAME_AS.get(name, name)] = int(value)
    return found


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _malformed(column: str, value: str, expected: str) -> str:
    return f"column {column}: {value!r} is not {expected}"
