"""Reads one number out of a cell, as spreadsheets, data frames and people write it."""

import re

EMPTY = frozenset({"", "-", "?", "n/a", "na", "nan", "null", "none", "<na>", "#n/a"})
"""Texts (in lower case) that say that the source does not say."""

_IN_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


def said(text: str | None) -> str:
    """Text of a cell without the space around it; empty when it is one of :data:`EMPTY`."""
    found = (text or "").strip()
    return "" if found.lower() in EMPTY else found


def number_in(text: str) -> float | None:
    """Finite number that a text writes, with or without commas between thousands; None when it is none.

    Notes
    -----
    ``1,5`` is none: half of the world reads it as one and a half, the other half as fifteen.
    """
    plain = text.strip()
    if _IN_THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
