"""A whole log fitted: every category, and the units that fail too often in any of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clustersim.calibration.failure_log.categories import categories
from clustersim.calibration.failure_log.category_fit import CategoryFit, Verdict, fit_category, verdict
from clustersim.calibration.failure_log.census import Counted, operations, with_kinds
from clustersim.calibration.failure_log.counts import counts_of
from clustersim.calibration.failure_log.fleet import FleetUnit, read_fleet
from clustersim.calibration.failure_log.log import Log, read_log
from clustersim.calibration.failure_log.operation import Operation
from clustersim.calibration.failure_log.rows import raise_all
from clustersim.calibration.failure_log.unequal import LEVEL, Lemon, lemons
from clustersim.calibration.failure_log.window import Window, window_of
from clustersim.scenario.rates import RateUnit
from clustersim.scenario.units import QuantityError, parse_quantity
from clustersim.tables.csv_lines import TableError


@dataclass(frozen=True, slots=True)
class Question:
    """What a user asks of a log.

    Attributes
    ----------
    log : Path
        The log.
    fleet : Path or None
        The fleet.
    begin, end : str or None
        Ends of the window, as the log writes moments.
    units : sequence of str
        Units of each kind, e.g. ``node=2048``.
    fleet_age : str or None
        Age at the beginning of the window of the units whose entry into service is not known, e.g. ``90 d``; None:
        nobody knows.
    """

    log: Path
    fleet: Path | None = None
    begin: str | None = None
    end: str | None = None
    units: Sequence[str] = ()
    fleet_age: str | None = None


@dataclass(frozen=True, slots=True)
class LogFit:
    """A log with what was found in it.

    Attributes
    ----------
    log : Log
        The log.
    window : Window
        From when to when it is complete.
    fits : tuple of CategoryFit
        Its categories by name.
    verdicts : tuple of Verdict
        What the entry says of each.
    overall : tuple of (str, Lemon)
        Units, by kind, that fail too often in all categories together but in none of them alone.
    notes : tuple of str
        What a reader has to know.
    operation : mapping of str to Operation
        Operation of the units of every kind.
    """

    log: Log
    window: Window
    fits: tuple[CategoryFit, ...]
    verdicts: tuple[Verdict, ...]
    overall: tuple[tuple[RateUnit, Lemon], ...]
    notes: tuple[str, ...]
    operation: Mapping[RateUnit, Operation]


def fit_log(question: Question) -> LogFit:
    """Fit a failure log.

    Raises
    ------
    TableError
        With everything that is wrong with the files and with what is said of them.
    """
    log, window, counted = _read(question)
    failures = with_kinds(log, counted)
    operation = operations(log, failures, counted, window)
    found = categories(log, failures, operation, window)
    fits = tuple(fit_category(category, operation[category.kind]) for category in found)
    tested = sum(fit.weibull is not None for fit in fits)
    return LogFit(
        log=log,
        window=window,
        fits=fits,
        verdicts=tuple(verdict(fit, tested) for fit in fits),
        overall=tuple((kind, lemon) for kind in operation for lemon in _overall(kind, fits)),
        notes=(*window.notes, *_notes(log, window, counted, operation, fits)),
        operation=operation,
    )


def _read(question: Question) -> tuple[Log, Window, Counted]:
    """Read files and options, and tell at once what is wrong with any of them."""
    units, problems = counts_of(question.units)
    age_s = _age_s(question.fleet_age, problems)
    fleet: list[FleetUnit] = []
    try:
        log = read_log(question.log)
    except TableError as error:
        # How to read the fleet and the window depends on the log.
        raise TableError("\n".join([*problems, str(error)])) from None
    try:
        window = window_of(log, question.begin, question.end)
    except TableError as error:
        problems.append(str(error))
    try:
        fleet = read_fleet(question.fleet, log.moments) if question.fleet else []
    except TableError as error:
        problems.append(str(error))
    raise_all(problems)
    return log, window, Counted(units, fleet, question.fleet, age_s)


def _age_s(written: str | None, problems: list[str]) -> float | None:
    try:
        return None if written is None else parse_quantity(written, "time")
    except QuantityError as error:
        problems.append(f"--fleet-age: {error}")
        return None


def _overall(kind: RateUnit, fits: Sequence[CategoryFit]) -> list[Lemon]:
    own = [fit for fit in fits if fit.category.kind == kind]
    units = own[0].operation if own else None
    if units is None or len(own) < 2:
        return []
    failed = [fit.category.failed_s for fit in own]
    counts = np.array([sum(len(one.get(number, ())) for one in failed) for number in range(len(units.units))])
    known = {lemon.unit for fit in own for lemon in fit.lemons}
    return [lemon for lemon in lemons(counts, units.shares) if lemon.unit not in known]


def _drift(fit: CategoryFit) -> str:
    halves = fit.trend
    way = "falls" if halves.early > halves.late else "rises"
    counts = f"{halves.early} failures in the first half of the exposure, {halves.late} in the second"
    return f"the rate of {fit.category.name} {way} over the window ({counts}); what is written is its mean"


def _notes(
    log: Log,
    window: Window,
    counted: Counted,
    operation: Mapping[RateUnit, Operation],
    fits: tuple[CategoryFit, ...],
) -> list[str]:
    outside = sum(not window.holds(failure.t_s) for failure in log.failures)
    idle = sorted(counted.kinds - set(operation))
    found = []
    if outside:
        found.append(f"{outside} rows outside the window {window.text} are not counted")
    if log.unread:
        found.append(f"columns that are not read: {', '.join(log.unread)}")
    if idle:
        found.append(f"no failure of a {' or '.join(idle)} in the log: nothing is written for it")
    found += [_drift(fit) for fit in fits if (fit.trend.p_laplace or 1.0) * len(fits) < LEVEL]
    if any(fit.weibull is not None and not fit.ages_known for fit in fits):
        found.append(
            "units of unknown age: their first gap is taken for that of a fleet in equilibrium, long in service against"
            " its mean life; if yours is young, say how old it is (--fleet-age, or in_service in --fleet)"
        )
    return found
