"""What every fit of a catalogue table has for a command: tables in, the catalogue table out."""

import argparse
import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

CatalogueRow = tuple[str, str, str, str]
"""Entry, field, value and source."""


def write_catalogue_table(
    description: str,
    inputs: Mapping[str, str],
    catalogue_rows: Callable[..., Iterable[CatalogueRow]],
    arguments: Sequence[str] | None = None,
) -> int:
    """Fit, and write the table that the catalogue reads.

    Parameters
    ----------
    description : str
        What is fitted.
    inputs : mapping of str to str
        Options that name what it is fitted to, each with its help.
    catalogue_rows : callable
        Fits: paths in the order of the options in, rows of the table out.
    arguments : sequence of str, optional
        In place of those of the command line.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(description=description)
    for option, about in inputs.items():
        parser.add_argument(f"--{option}", type=Path, required=True, help=about)
    parser.add_argument("--out", type=Path, required=True, help="catalogue table to write")
    options = vars(parser.parse_args(arguments))
    rows = list(catalogue_rows(*(options[option] for option in inputs)))
    with options["out"].open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([("entry", "field", "value", "source"), *rows])
    return 0
