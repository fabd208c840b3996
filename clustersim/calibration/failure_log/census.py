"""How many units of each kind there were, when each was in operation, and how old it was."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clustersim.calibration.failure_log.fleet import FleetUnit
from clustersim.calibration.failure_log.kinds import JOB, USUAL
from clustersim.calibration.failure_log.log import Log, LoggedFailure
from clustersim.calibration.failure_log.operation import Operation, Stretch, Unit
from clustersim.calibration.failure_log.rows import raise_all
from clustersim.calibration.failure_log.window import Window
from clustersim.scenario.rates import RateUnit

Key = tuple[RateUnit, str]
"""Kind and name of a unit."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a user says of the units.

    Attributes
    ----------
    units : mapping of str to int
        Units of each kind (``--units``).
    fleet : sequence of FleetUnit
        Units with their time in service (``--fleet``).
    fleet_path : Path or None
        Where they were read.
    age_s : float or None
        Age of every other unit at the beginning of the window [s]; None: nobody knows.
    """

    units: Mapping[RateUnit, int] = field(default_factory=dict)
    fleet: Sequence[FleetUnit] = ()
    fleet_path: Path | None = None
    age_s: float | None = None

    @property
    def kinds(self) -> set[RateUnit]:
        """Kinds that are counted."""
        return {*self.units, *(one.kind for one in self.fleet)}


def with_kinds(log: Log, counted: Counted) -> list[tuple[Key, LoggedFailure]]:
    """Every failure with its unit: of the kind the log says, else the fleet, else the only one that is counted.

    A job that is not counted is the one job, whatever its name at each restart.

    Raises
    ------
    TableError
        For the rows whose kind cannot be told.
    """
    problems: list[str] = []
    in_fleet: dict[str, set[RateUnit]] = defaultdict(set)
    for one in counted.fleet:
        in_fleet[one.unit].add(one.kind)
    found: list[tuple[Key, LoggedFailure]] = []
    for failure in log.failures:
        kinds = {failure.kind} if failure.kind else in_fleet[failure.unit] or counted.kinds
        if len(kinds) != 1:
            advice = "add the column unit_kind" if kinds else "add the column unit_kind, or e.g. --units node=2048"
            problems.append(f"{log.path}:{failure.line}: what kind of unit is '{failure.unit}'? {advice}")
            continue
        kind = kinds.pop() if not failure.kind else failure.kind
        found.append(((kind, "" if kind == JOB and JOB not in counted.kinds else failure.unit), failure))
    raise_all(problems)
    return found


def operations(
    log: Log, failures: Sequence[tuple[Key, LoggedFailure]], counted: Counted, window: Window
) -> dict[RateUnit, Operation]:
    """Operation of the units of every kind that failed.

    Raises
    ------
    TableError
        If the log contradicts itself, the fleet or the counts.
    """
    problems: list[str] = []
    known = {(one.kind, one.unit): one for one in counted.fleet}
    by_unit: dict[Key, list[LoggedFailure]] = defaultdict(list)
    for key, failure in failures:
        by_unit[key].append(failure)
    for key, own in by_unit.items():
        problems += _broken_twice(log, own)
        problems += _not_in_service(log, own, known.get(key), counted)
    problems += _miscounted(log, by_unit, known, counted)
    raise_all(problems)
    found: dict[RateUnit, Operation] = {}
    for kind in USUAL:
        own_keys = sorted(key for key in {*known, *by_unit} if key[0] == kind)
        if not any(key in by_unit for key in own_keys):
            continue
        units = [_unit(key, by_unit.get(key, ()), known.get(key), counted, window) for key in own_keys]
        rest = _total(kind, own_keys, counted) - len(own_keys)
        if rest:
            units.append(Unit("", _age_s(counted), ((0.0, window.length_s),), rest))
        found[kind] = Operation([unit for unit in units if unit.operating_s > 0.0])
        if not found[kind].units:
            problems.append(f"no unit of the kind {kind} was in operation from {window.text}")
    raise_all(problems)
    return found


def _total(kind: RateUnit, named: Sequence[Key], counted: Counted) -> int:
    return counted.units.get(kind, 1 if kind == JOB and JOB not in counted.kinds else len(named))


def _age_s(counted: Counted) -> float:
    return math.nan if counted.age_s is None else counted.age_s


def _broken_twice(log: Log, failures: Sequence[LoggedFailure]) -> Iterable[str]:
    """Failures of a unit that is under repair."""
    under_repair: LoggedFailure | None = None
    for failure in failures:
        if under_repair is not None and under_repair.t_s < failure.t_s < (under_repair.repaired_s or 0.0):
            advice = "leave out the row that is no failure of its own, or mend 'repaired' there"
            since = f"under repair since line {under_repair.line}"
            yield f"{log.path}:{failure.line}: '{failure.unit}' fails while it is {since}; {advice}"
        elif failure.repaired_s is not None:
            under_repair = failure


def _not_in_service(
    log: Log, failures: Sequence[LoggedFailure], unit: FleetUnit | None, counted: Counted
) -> Iterable[str]:
    if unit is None:
        return
    for failure in failures:
        early = unit.in_service_s is not None and failure.t_s < unit.in_service_s
        late = unit.out_of_service_s is not None and failure.t_s > unit.out_of_service_s
        if early or late:
            when = "before it entered service" if early else "after it left service"
            yield f"{log.path}:{failure.line}: '{unit.unit}' fails {when} ({counted.fleet_path}:{unit.line})"


def _miscounted(
    log: Log, by_unit: Mapping[Key, Sequence[LoggedFailure]], known: Mapping[Key, FleetUnit], counted: Counted
) -> Iterable[str]:
    """Kinds that are not counted, or counted too low."""
    listed = Counter(kind for kind, _ in known)
    strangers: dict[RateUnit, list[LoggedFailure]] = defaultdict(list)
    for key, failures in by_unit.items():
        if key not in known:
            strangers[key[0]].append(failures[0])
    for kind, first in strangers.items():
        if kind == JOB and JOB not in counted.kinds:
            continue
        if kind not in counted.units and not listed[kind]:
            yield f"how many units of the kind {kind} were there? Those that never failed count: --units {kind}=NUMBER"
        elif kind not in counted.units:
            for failure in first:
                where = f"add it to {counted.fleet_path}, or say with --units {kind}=NUMBER how many there are in all"
                yield f"{log.path}:{failure.line}: {kind} '{failure.unit}' is not in the fleet: {where}"
    named = Counter(kind for kind, _ in {*known, *by_unit})
    for kind, count in counted.units.items():
        if named[kind] > count:
            yield f"--units {kind}={count}: the log and the fleet name {named[kind]} of them"


def _unit(
    key: Key, failures: Sequence[LoggedFailure], entry: FleetUnit | None, counted: Counted, window: Window
) -> Unit:
    """Operation of one unit: its service within the window, less its repairs."""
    begin_s, end_s, age_s = window.begin_s, window.end_s, _age_s(counted)
    if entry is not None and entry.out_of_service_s is not None:
        end_s = min(end_s, entry.out_of_service_s)
    if entry is not None and entry.in_service_s is not None:
        begin_s = max(begin_s, entry.in_service_s)
        age_s = begin_s - entry.in_service_s
    stretches: list[Stretch] = []
    for failure in failures:
        if failure.repaired_s is None or failure.repaired_s <= begin_s or failure.t_s >= end_s:
            continue
        stretches.append((begin_s - window.begin_s, failure.t_s - window.begin_s))
        begin_s = max(begin_s, failure.repaired_s)
    stretches.append((begin_s - window.begin_s, end_s - window.begin_s))
    return Unit(key[1], age_s, tuple((start, end) for start, end in stretches if end > start))
