"""Reads the catalogue's tables: long CSV files with the columns ``entry, field, value, source``.

Any ``<table>.csv`` in the folder ``data`` is a table. The row with the field ``title`` names its entry for people, that
with the field ``also`` has other names it is found by; every other row is one value of it. A file is read when its
table is first asked for.
"""

import csv
from functools import cache
from typing import TYPE_CHECKING

from clustersim.catalog.entry import Entry, Value
from clustersim.catalog.errors import UnknownEntry, UnknownTable

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_TITLE = "title"
_ALSO = "also"


@cache
def tables() -> tuple[str, ...]:
    """Names of the tables, in alphabetical order."""
    return tuple(sorted(file.name.removesuffix(".csv") for file in _data().iterdir() if file.name.endswith(".csv")))


def entries(table: str) -> tuple[str, ...]:
    """Names of a table's entries, in the order of its file.

    Parameters
    ----------
    table : str
        Name of the table, e.g. "accelerators".

    Raises
    ------
    UnknownTable
        If there is no such table.
    """
    return tuple(_read(table))


def names(table: str) -> tuple[str, ...]:
    """Names that a table's entries are found by: those of :func:`entries`, then their other names.

    Parameters
    ----------
    table : str
        Name of the table, e.g. "failures".

    Raises
    ------
    UnknownTable
        If there is no such table.
    """
    return (*_read(table), *_others(table))


def entry(table: str, name: str) -> Entry:
    """One entry of a table.

    Parameters
    ----------
    table : str
        Name of the table, e.g. "accelerators".
    name : str
        Name of the entry, e.g. "h100-sxm", or another name that it has.

    Raises
    ------
    UnknownTable
        If there is no such table.
    UnknownEntry
        If the table has no such entry; carries the names that come close.
    """
    found, others = _read(table), _others(table)
    if name not in found and name not in others:
        raise UnknownEntry(table, name, names(table))
    return found[others.get(name, name)]


def _data() -> "Traversable":
    # Loaded here because it takes longer to import than everything else in this package together.
    from importlib import resources

    return resources.files("clustersim.catalog") / "data"


@cache
def _read(table: str) -> dict[str, Entry]:
    if table not in tables():
        raise UnknownTable(table, tables())
    titles: dict[str, str] = {}
    also: dict[str, tuple[str, ...]] = {}
    values: dict[str, dict[str, Value]] = {}
    with (_data() / f"{table}.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            fields = values.setdefault(row["entry"], {})
            if row["field"] == _TITLE:
                titles[row["entry"]] = row["value"]
            elif row["field"] == _ALSO:
                also[row["entry"]] = tuple(row["value"].split(", "))
            else:
                fields[row["field"]] = Value(row["value"], row["source"])
    return {
        name: Entry(name, table, titles.get(name, name), fields, also.get(name, ())) for name, fields in values.items()
    }


@cache
def _others(table: str) -> dict[str, str]:
    """Entries by their other names."""
    return {other: found.name for found in _read(table).values() for other in found.also}
