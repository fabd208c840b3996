"""Reads a failure log: one row for each failure."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from clustersim.calibration.failure_log.kinds import UNIT_KINDS
from clustersim.calibration.failure_log.moments import ELAPSED, Moments, moments_of
from clustersim.calibration.failure_log.rows import Row, check_header, raise_all
from clustersim.scenario.rates import RateUnit
from clustersim.scenario.schema.failure_category import LASTING, Component, Effect
from clustersim.tables.csv_lines import csv_lines

NEEDED = ("unit", "category")
OPTIONAL = ("unit_kind", "component", "effect")


@dataclass(frozen=True, slots=True)
class LoggedFailure:
    """One row of a log.

    Attributes
    ----------
    line : int
        Line of the file.
    t_s : float
        When the unit failed [s], since 1970 or since the start.
    unit, category : str
        What failed, and how, as the log says.
    kind : str
        Kind of the unit; empty where the log does not say.
    component, effect : str
        As in a scenario; empty where the log does not say.
    repaired_s : float or None
        When the unit worked again [s]; None where the log does not say: at once.
    """

    line: int
    t_s: float
    unit: str
    category: str
    kind: RateUnit | None
    component: Component | None
    effect: Effect | None
    repaired_s: float | None


@dataclass(frozen=True, slots=True)
class Log:
    """A log as it stands: its failures in the order of time, and the columns that say nothing here."""

    path: Path
    moments: Moments
    failures: tuple[LoggedFailure, ...]
    unread: tuple[str, ...] = ()


def read_log(path: Path) -> Log:
    """Read a failure log.

    Parameters
    ----------
    path : Path
        CSV with the columns ``time`` (ISO 8601) or ``time_s``, ``time_min``, ``time_h``, ``time_d`` (numbers since the
        start), ``unit`` and ``category``; where there, also ``unit_kind``, ``component``, ``effect``, and ``repaired``,
        which is written as the time is (``repaired_h`` beside ``time_h``). Other columns are not read.

    Raises
    ------
    TableError
        With everything that is wrong with the file.
    """
    header, lines = csv_lines(path)
    ways = moments_of(header)
    moments = ways[0] if ways else Moments()
    problems = check_header(path, header, NEEDED, moments)
    if len(ways) != 1:
        problems.append(f"{path}:1: {_ways_problem(ways)}")
    if not problems and not lines:
        problems.append(f"{path}: holds no failure; a rate needs a log that saw some")
    raise_all(problems)
    rows = [Row(path, header, line, problems) for line in lines]
    failures = [_failure(row, moments) for row in rows]
    raise_all(problems)
    in_time = sorted((one for one in failures if one is not None), key=lambda one: (one.t_s, one.unit, one.line))
    read = {*NEEDED, *OPTIONAL, moments.column("time"), moments.column("repaired")}
    return Log(path, moments, tuple(in_time), tuple(name for name in header if name not in read))


def _ways_problem(ways: list[Moments]) -> str:
    if ways:
        return f"columns {' and '.join(way.column('time') for way in ways)}: keep one of them"
    units = ", ".join(Moments(unit).column("time") for unit in ELAPSED)
    return f"column 'time' is missing: dates (ISO 8601); or numbers since the start in one of {units}"


def _failure(row: Row, moments: Moments) -> LoggedFailure | None:
    row.check_length()
    unit = row.needed("unit", "name the node, GPU ... that failed")
    category = row.needed("category", "name what failed, in words of your own")
    if category and not category_name(category):
        row.refuse("category", f"'{category}' holds neither letter nor digit")
    row.needed(moments.column("time"), "when did it fail?")
    t_s, repaired_s = row.moment(moments, "time"), row.moment(moments, "repaired")
    if t_s is not None and repaired_s is not None and repaired_s < t_s:
        row.refuse(moments.column("repaired"), f"'{row.text(moments.column('repaired'))}' is before the failure")
    kind, component = row.choice("unit_kind", UNIT_KINDS), row.choice("component", get_args(Component))
    effect = row.choice("effect", get_args(Effect))
    if effect in LASTING:
        advice = "leave the cell empty, and give effect and settings in the scenario, over the written entry"
        row.refuse("effect", f"a failure with the effect {effect} needs settings that no log has: {advice}")
    if t_s is None:
        return None
    return LoggedFailure(
        line=row.written.line,
        t_s=t_s,
        unit=unit,
        category=category,
        kind=cast("RateUnit | None", kind or None),
        component=cast("Component | None", component or None),
        effect=cast("Effect | None", effect or None),
        repaired_s=repaired_s,
    )


def category_name(text: str) -> str:
    """Name of a category as a scenario writes it: lower case, words joined by underscores.

    Examples
    --------
    >>> category_name("GPU HBM3 (row remap)")
    'gpu_hbm3_row_remap'
    """
    return re.sub(r"\W+", "_", text.casefold()).strip("_")
