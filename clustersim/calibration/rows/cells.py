"""Typed access to the cells of one published row, with errors that name column and value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clustersim.tables.numbers import number_in, said

_DERIVED = re.compile(r"([a-z_]+)=([0-9.,]+)")
_SAME_AS = {"n_chips": "n_gpus"}

_MOST: Mapping[str, int] = {
    "n_layers": 2_000,
    "hidden": 1_000_000,
    "n_heads": 10_000,
    "n_kv_heads": 10_000,
    "head_dim": 100_000,
    "ffn_hidden": 10_000_000,
    "expert_ffn": 10_000_000,
    "vocab": 100_000_000,
    "n_experts": 100_000,
    "experts_per_token": 100_000,
    "n_shared_experts": 1_000,
    "n_dense_layers": 10_000,
    "moe_every": 10_000,
    "seq_len": 100_000_000,
    "gpus_per_node": 10_000,
    "n_gpus": 10_000_000,
    "dp": 10_000_000,
    "tp": 10_000,
    "pp": 256,
    "cp": 10_000,
    "ep": 10_000,
    "vpp": 1_000,
    "zero_stage": 1_000,
    "global_batch_seqs": 100_000_000,
    "micro_batch": 100_000,
}
"""Largest whole number that a column may hold: several times what anybody has published, or more. Beyond it is a slip
of the pen, such as tokens under ``global_batch_seqs``."""

_LEAST_NUMBER, _MOST_NUMBER = 1e-12, 1e18
"""Ends of every other number: a published time, rate or share lies far inside."""


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
    """Cells of one row by column. An absent column and a cell that :func:`said` takes for empty are the same.

    Only under ``recompute`` does ``none`` say something.
    """

    def __init__(self, raw: Mapping[str, str]) -> None:
        self._raw = raw
        self._derived = _derived(raw.get("notes") or "")

    def text(self, column: str) -> str:
        """Text of a cell without the space around it; empty when the source does not say."""
        found = (self._raw.get(column) or "").strip()
        return found if column == "recompute" and found.lower() == "none" else said(found)

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
        value = number_in(found)
        if value is None or not _LEAST_NUMBER <= value <= _MOST_NUMBER:
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
        if not found:
            return None
        value = number_in(found)
        if value is None or value != value // 1 or value < least:
            raise RowError(_malformed(column, found, f"a whole number, {least} or more"))
        return _bounded(column, value, found)

    def flag(self, column: str) -> bool | None:
        """Read yes or no; None for an empty cell.

        Raises
        ------
        RowError
            For anything else.
        """
        found = self.text(column).lower()
        value = number_in(found)
        if found in ("yes", "true") or value == 1.0:
            return True
        if found in ("no", "false") or value == 0.0:
            return False
        if found:
            raise RowError(_malformed(column, found, "yes or no"))
        return None

    def derived(self, column: str) -> int | None:
        """Whole number that the ``notes`` of the row derive for a column (``derived: dp=64``); None without any."""
        value = self._derived.get(column)
        return None if value is None else _bounded(column, value, f"{value:g} (derived in the notes)")


def _derived(notes: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in notes.split(";"):
        _, said_so, values = part.partition("derived")
        for name, text in _DERIVED.findall(values) if said_so else ():
            value = number_in(text.rstrip(".,"))
            if value is not None and value >= 1.0 and value == value // 1:
                found[_SAME_AS.get(name, name)] = value
    return found


def _bounded(column: str, value: float, text: str) -> int:
    """Whole number no larger than its column may hold.

    Raises
    ------
    RowError
        For a larger one.
    """
    most = _MOST.get(column)
    if most is not None and value > most:
        raise RowError(_malformed(column, text, f"{most:,} or less"))
    return int(value)


def _malformed(column: str, value: str, expected: str) -> str:
    return f"column {column}: {value!r} is not {expected}"
