"""Acceptance bands: the errors beyond which a scoreboard fails."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clustersim.calibration.errors_by import CLASSES, Errors
from clustersim.calibration.rows import TableError

COLUMNS = ("class", "median", "p90")


@dataclass(frozen=True, slots=True)
class Band:
    """Largest median and 90th percentile of the absolute relative error of a class; infinite where none is set."""

    name: str
    median: float
    p90: float


def read_bands(path: Path) -> list[Band]:
    """Read a table of bands: columns ``class``, ``median``, ``p90`` (fractions; empty for no limit).

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
            return [_band(path, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: {getattr(error, 'strerror', None) or error}"
        raise TableError(msg) from None


def _band(path: Path, line: int, row: dict[str, str]) -> Band:
    if row["class"] not in CLASSES:
        msg = f"{path}:{line}: column class: {row['class']!r} is not one of {', '.join(CLASSES)}"
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


def exceeded(bands: Sequence[Band], errors: Sequence[Errors]) -> list[str]:
    """Say which bands the errors of held-out rows exceed, one line each; empty when they hold."""
    by_name = {item.name: item for item in errors}
    return [line for band in bands if band.name in by_name for line in _lines(band, by_name[band.name])]


def _lines(band: Band, found: Errors) -> Iterator[str]:
    for what, value, limit in (("median", found.median, band.median), ("90th percentile", found.p90, band.p90)):
        if value > limit:
            yield f"{band.name}: {what} {value:.1%} of {found.rows} held-out rows is above the band of {limit:.1%}"
