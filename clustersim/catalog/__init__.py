"""Data only: accelerators, nodes, models, failure rates, prices, sites and fitted laws, each value with its source.

The tables are read with the standard library, one at a time and when first asked for, so that a command that needs
none of them does not pay for any.
"""

from clustersim.catalog.entry import Entry, Value
from clustersim.catalog.errors import UnknownEntry, UnknownTable
from clustersim.catalog.reader import entries, entry, names, tables

__all__ = ["Entry", "UnknownEntry", "UnknownTable", "Value", "entries", "entry", "names", "tables"]
