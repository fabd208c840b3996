"""Acceptance bands: the errors beyond which a scoreboard fails."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clustersim.calibration.errors_by import CLASSES
from clustersim.calibration.rows import TableError

COLUMNS = ("class", "median", "p90")

LARGE_COLLECTIVES = "collectives from 1 MiB"
"""Class of the scoreboard of collectives that has a band."""


class GroupErrors(Protocol):
    """Errors of a group of rows, of steps or of collectives."""

    @property
    def rows(self) -> int:
        """Rows of the group."""

    @property
    def median(self) -> float:
        """Median absolute relative error."""

    @property
    def p90(self) -> float:
        """Its 90th percentile."""


@dataclass(frozen=True, slots=True)
class Band:
    """Largest median and 90th percentile of the absolute relative error of a class; infinite where none is set."""

    name: str
    median: float
    p90: float


def read_bands(path: Path, names: Sequence[str] = CLASSES) -> list[Band]:
    """Read a table of bands: columns ``class``, ``median``, ``p90`` (fractions; empty for no limit).

    Parameters
    ----------
    path : Path
        The table; it may hold the bands of several scoreboards.
    names : sequence of str
        Classes of the scoreboard at hand; bands of others are passed over.

    Raises
    ------
    TableError
        Naming file, line and column of what is wrong.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                msg = f"{path}:1: lacks the columns {', '.join(missing)} of a table of bands"
                raise TableError(msg)
            bands = [_band(path, reader.line_num, row) for row in reader]
            return [band for band in bands if band.name in names]
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: {getattr(error, 'strerror', None) or error}"
        raise TableError(msg) from None


def _band(path: Path, line: int, row: dict[str, str]) -> Band:
    known = (*CLASSES, LARGE_COLLECTIVES)
    if row["class"] not in known:
        msg = f"{path}:{line}: column class: {row['class']!r} is not one of {', '.join(known)}"
        raise TableError(msg)
    return Band(row["class"], *(_limit(path, line, column, row[column] or "") for column in ("median", "p90")))


def _limit(path: Path, line: int, column: str, text: str) -> float:
    try:
        value = float(text) if text else math.inf
    except ValueError:
        value = -1.0
    if not value > 0.0:
        msg = f"{path}:{line}: column {column}: {text!r} is not a fraction above 0"
        raise TableError(msg)
    return value


def exceeded(bands: Sequence[Band], errors: Mapping[str, GroupErrors]) -> list[str]:
    """Say which bands the errors of held-out rows, by class, exceed, one line each; empty when they hold."""
    return [line for band in _tested(bands, errors) for line in _lines(band, errors[band.name])]


def untested(bands: Sequence[Band], errors: Mapping[str, GroupErrors]) -> list[str]:
    """Say which bands no held-out row tests, one line each, and whether that leaves none."""
    tested = _tested(bands, errors)
    lines = [f"{band.name}: no held-out row with a time tests its band" for band in bands if band not in tested]
    return lines if tested else [*lines, NOTHING_TESTED]


NOTHING_TESTED = "no band was tested, so nothing was passed"


def _tested(bands: Sequence[Band], errors: Mapping[str, GroupErrors]) -> list[Band]:
    return [band for band in bands if band.name in errors and errors[band.name].rows]


def _lines(band: Band, found: GroupErrors) -> Iterator[str]:
    for what, value, limit in (("median", found.median, band.median), ("90th percentile", found.p90, band.p90)):
        if value > limit:
            yield f"{band.name}: {what} {value:.1%} of {found.rows} held-out rows is above the band of {limit:.1%}"
