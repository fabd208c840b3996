"""Reads a fleet: when each unit entered service and left it."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from clustersim.calibration.failure_log.kinds import UNIT_KINDS
from clustersim.calibration.failure_log.moments import Moments
from clustersim.calibration.failure_log.rows import Row, check_header, raise_all
from clustersim.scenario.rates import RateUnit
from clustersim.tables.csv_lines import csv_lines

NEEDED = ("unit", "unit_kind")


@dataclass(frozen=True, slots=True)
class FleetUnit:
    """One unit of a fleet.

    Attributes
    ----------
    line : int
        Line of the file.
    unit : str
        Its name in the log.
    kind : str
        Kind of the unit.
    in_service_s : float or None
        Since when it is in service and new [s]; None: from before the window, at an age that nobody knows.
    out_of_service_s : float or None
        When it left [s]; None: it is still there.
    """

    line: int
    unit: str
    kind: RateUnit
    in_service_s: float | None
    out_of_service_s: float | None


def read_fleet(path: Path, moments: Moments) -> list[FleetUnit]:
    """Read a fleet.

    Parameters
    ----------
    path : Path
        CSV with the columns ``unit`` and ``unit_kind``, and where there ``in_service`` and ``out_of_service``, written
        as the time of the log is (``in_service_h`` beside ``time_h``). Other columns are not read.
    moments : Moments
        How the log writes moments.

    Raises
    ------
    TableError
        With everything that is wrong with the file.
    """
    header, lines = csv_lines(path)
    problems = check_header(path, header, NEEDED, moments)
    raise_all(problems)
    units = [_unit(Row(path, header, line, problems), moments) for line in lines]
    seen: dict[tuple[str, str], int] = {}
    for one in units:
        first = seen.setdefault((one.kind, one.unit), one.line)
        if first != one.line:
            advice = "give its second stay a name of its own, here and in the log"
            problems.append(f"{path}:{one.line}: column unit: {one.kind} '{one.unit}' is on line {first} too; {advice}")
    raise_all(problems)
    return units


def _unit(row: Row, moments: Moments) -> FleetUnit:
    row.check_length()
    row.needed("unit_kind", f"one of {', '.join(UNIT_KINDS)}")
    enters_s, leaves_s = row.moment(moments, "in_service"), row.moment(moments, "out_of_service")
    if enters_s is not None and leaves_s is not None and leaves_s <= enters_s:
        column = moments.column("out_of_service")
        row.refuse(column, f"'{row.text(column)}' is not after it entered service")
    return FleetUnit(
        line=row.written.line,
        unit=row.needed("unit", "its name in the log"),
        kind=cast("RateUnit", row.choice("unit_kind", UNIT_KINDS)),
        in_service_s=enters_s,
        out_of_service_s=leaves_s,
    )
