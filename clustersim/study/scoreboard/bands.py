"""Bands of the scoreboard: the limits beyond which it fails, as data."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from clustersim.calibration.bands import LARGE_COLLECTIVES, read_bands
from clustersim.calibration.cases import Case
from clustersim.calibration.errors_by import CLASSES
from clustersim.calibration.rows import TableError
from clustersim.study.scoreboard.published.steps import STEPS
from clustersim.study.scoreboard.statistics import STATISTICS, Statistic
from clustersim.study.scoreboard.table import read_cells

COLUMNS = ("ring", "case", "statistic", "limit", "source")

RINGS = ("theory", "published", "real")
"""Rings in their order."""


@dataclass(frozen=True, slots=True)
class Band:
    """One limit.

    Attributes
    ----------
    ring : str
        Ring of its cases.
    case : str
        A group of cases, or one case as ``group: name``; ``*`` stands for anything.
    statistic : str
        Which number of them, see :data:`~clustersim.study.scoreboard.statistics.STATISTICS`.
    limit : float
        The most, or the least, that it may be.
    source : str
        Where the limit comes from.
    place : str
        File and line it stands in.
    """

    ring: str
    case: str
    statistic: str
    limit: float
    source: str
    place: str

    @property
    def kind(self) -> Statistic:
        """What the statistic is."""
        return STATISTICS[self.statistic]

    def of(self, cases: Sequence[Case]) -> list[Case]:
        """The cases among those of its ring that the band looks at."""
        return [case for case in cases if self._means(case)]

    def _means(self, case: Case) -> bool:
        return fnmatchcase(case.group, self.case) or fnmatchcase(f"{case.group}: {case.name}", self.case)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A band with what was found: the number and from how many cases."""

    band: Band
    found: float
    cases: int

    @property
    def holds(self) -> bool:
        """Whether the band holds."""
        return self.band.kind.holds(self.found, self.band.limit)


def read_scoreboard_bands(path: Path) -> list[Band]:
    """Read a table of bands.

    Parameters
    ----------
    path : Path
        CSV with the columns of :data:`COLUMNS`; limits are fractions, or counts of cases.

    Raises
    ------
    TableError
        With every problem on a line of its own: file, line, column, value and what would do.
    """
    bands, problems, seen = [], [], set()
    for line, cells in read_cells(path, COLUMNS):
        found = [f"{path}:{line}: {text}" for text in _problems(cells)]
        key = (cells["ring"], cells["case"], cells["statistic"])
        if key in seen:
            found.append(f"{path}:{line}: the same ring, case and statistic stand there twice; keep one")
        seen.add(key)
        problems += found
        if not found:
            bands.append(Band(*key, float(cells["limit"]), cells["source"], f"{path}:{line}"))
    if problems:
        raise TableError("\n".join(problems))
    return bands


def _problems(cells: dict[str, str]) -> Iterator[str]:
    for column, known in (("ring", RINGS), ("statistic", tuple(STATISTICS))):
        if cells[column] not in known:
            yield f"column {column}: {cells[column]!r} is not one of {', '.join(known)}"
    if not cells["case"]:
        yield "column case: empty; name a group of cases, * for all of a ring"
    try:
        limit = float(cells["limit"])
    except ValueError:
        limit = math.nan
    if not 0.0 <= limit < math.inf:
        yield f"column limit: {cells['limit']!r} is not a number from 0 on"


def read_class_bands(path: Path) -> list[Band]:
    """Bands of the classes of step times and of collectives, from the table that the gates of both read.

    Parameters
    ----------
    path : Path
        See :func:`clustersim.calibration.bands.read_bands`.

    Raises
    ------
    TableError
        Naming file, line and column of what is wrong.
    """
    sources = {cells["class"]: (line, cells.get("source", "")) for line, cells in read_cells(path, ("class",))}
    bands = []
    for item in read_bands(path, (*CLASSES, LARGE_COLLECTIVES)):
        case = item.name if item.name == LARGE_COLLECTIVES else f"{STEPS}: {item.name}"
        line, source = sources[item.name]
        for statistic, limit in (("median error", item.median), ("p90 error", item.p90)):
            if math.isfinite(limit):
                bands.append(Band("published", case, statistic, limit, source, f"{path}:{line}"))
    return bands
