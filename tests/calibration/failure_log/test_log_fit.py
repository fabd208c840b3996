"""A whole log: who was there and when, what contradicts itself, and what must not matter."""

import math
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clustersim.calibration.failure_log.category_fit import CategoryFit
from clustersim.calibration.failure_log.log_fit import LogFit, Question, fit_log
from clustersim.cli.failures_text import tree
from clustersim.tables.csv_lines import TableError
from tests.calibration.failure_log.logs import KINDS, Write, struck_s

HEADER = "time_d,unit,unit_kind,category,repaired_d,effect"
ROWS = ("3,n1,node,fan,4,", "9,n2,node,fan,,hang", "20,n1,node,fan,21,", "25,n3,node,psu,,", "6,r,job,bug,,")
WINDOW = {"begin": "0 d", "end": "30 d"}


def fit(path: Path, *units: str, **more: Any) -> LogFit:
    return fit_log(Question(path, units=units, **{**WINDOW, **more}))


def told(path: Path, *units: str, **more: Any) -> list[str]:
    with pytest.raises(TableError) as caught:
        fit(path, *units, **more)
    return [line.replace(str(path.parent) + "/", "") for line in str(caught.value).splitlines()]


def test_a_log_by_hand(write: Write) -> None:
    found = fit(write(HEADER, *ROWS), "node=10")
    bug, fan, psu = found.fits
    assert [one.category.name for one in found.fits] == ["bug", "fan", "psu"]
    assert (fan.failures, fan.operation.count) == (3, 10)
    # Ten nodes for 30 days, less two repairs of a day, which stop the clock of every category.
    assert fan.operation.exposure_s == psu.operation.exposure_s == pytest.approx(298 * 86400.0)
    assert fan.rate_s.value == pytest.approx(3.0 / (298 * 86400.0))
    assert (bug.operation.count, bug.operation.exposure_s) == (1, 30 * 86400.0)
    assert fan.category.effect == "crash"
    assert fan.category.hang_fraction == pytest.approx(1.0 / 3.0)
    assert [one.reason for one in found.verdicts][2] == "fewer than 3 failures: not tested"


def test_units_come_and_go(write: Write) -> None:
    fleet = write(
        "unit,unit_kind,in_service_d,out_of_service_d", "n1,node,-5,", "n2,node,10,", "n3,node,,15", "n4,node,40,",
        name="fleet.csv",
    )  # fmt: skip
    found = fit(write(HEADER, "12,n1,node,fan,,", "14,n2,node,fan,,"), fleet=fleet)
    units = {unit.name: unit for unit in found.operation["node"].units}
    assert sorted(units) == ["n1", "n2", "n3"]
    assert [units[name].operating_s / 86400.0 for name in sorted(units)] == [30.0, 20.0, 15.0]
    assert units["n1"].age_s == 5 * 86400.0
    assert units["n2"].age_s == 0.0
    assert math.isnan(units["n3"].age_s)


def test_counts_add_to_a_fleet(write: Write) -> None:
    fleet = write("unit,unit_kind,in_service_d", "n1,node,0", name="fleet.csv")
    found = fit(write(HEADER, "12,n1,node,fan,,", "13,n9,node,fan,,"), "node=5", fleet=fleet, fleet_age="90 d")
    ages = {unit.name: (unit.age_s / 86400.0, unit.units) for unit in found.operation["node"].units}
    assert ages == {"n1": (0.0, 1), "n9": (90.0, 1), "": (90.0, 3)}


@pytest.mark.parametrize("units", [("node=9",), ("node=9", "job=1")])
def test_a_job_is_one_unit_whatever_its_name(write: Write, units: tuple[str, ...]) -> None:
    path = write(HEADER, "1,run-1,job,bug,,", "2,run-2,job,bug,,", "3,n1,node,fan,,")
    if "job=1" in units:
        assert told(path, *units) == ["--units job=1: the log and the fleet name 2 of them"]
    else:
        assert fit(path, *units).fits[0].operation.count == 1


def test_kinds_follow_from_the_fleet_or_the_count(write: Write) -> None:
    fleet = write("unit,unit_kind", "n1,node", "g1,gpu", name="fleet.csv")
    path = write("time_d,unit,category", "1,n1,fan", "2,g1,memory")
    assert [one.category.kind for one in fit(path, fleet=fleet).fits] == ["node", "gpu"]
    assert [one.category.kind for one in fit(path, "node=5").fits] == ["node", "node"]
    assert told(path, "node=5", "gpu=5") == [
        "log.csv:2: what kind of unit is 'n1'? add the column unit_kind",
        "log.csv:3: what kind of unit is 'g1'? add the column unit_kind",
    ]


def test_what_contradicts_itself_is_told(write: Write) -> None:
    fleet = write("unit,unit_kind,in_service_d,out_of_service_d", "n1,node,5,10", "n2,node,,", name="fleet.csv")
    path = write(
        HEADER, "3,n1,node,fan,,", "12,n1,node,fan,,", "4,n2,node,fan,8,", "6,n2,node,psu,,", "7,n7,node,fan,,",
        "1,g1,gpu,memory,,",
    )  # fmt: skip
    assert sorted(told(path, fleet=fleet)) == [
        "how many units of the kind gpu were there? Those that never failed count: --units gpu=NUMBER",
        "log.csv:2: 'n1' fails before it entered service (fleet.csv:2)",
        "log.csv:3: 'n1' fails after it left service (fleet.csv:2)",
        "log.csv:5: 'n2' fails while it is under repair since line 4; leave out the row that is no failure of its own,"
        " or mend 'repaired' there",
        "log.csv:6: node 'n7' is not in the fleet: add it to fleet.csv, or say with --units node=NUMBER how many there"
        " are in all",
    ]


def test_rows_of_a_category_agree(write: Write) -> None:
    path = write(
        "time_d,unit,unit_kind,category,component,effect", "1,n1,node,x,psu,crash", "2,g1,gpu,x,,",
        "3,n2,node,x,rack,corrupt", "5,n1,node,y,,", "5,n1,node,y,,",
    )  # fmt: skip
    assert told(path, "node=9", "gpu=9") == [
        "log.csv:3: column unit_kind: category 'x' is gpu here and node on line 2; give one of them a name of its own",
        "log.csv:4: column component: category 'x' is rack here and psu on line 2; give one of them a name of its own",
        "log.csv:4: column effect: category 'x' is corrupt here and crash on line 2; give one of them a name of its"
        " own",
        "log.csv:6: 'n1' fails again without having run since line 5: leave out the row that is no failure of its own",
    ]


def test_a_new_unit_cannot_fail_at_once(write: Write) -> None:
    path = write("time,unit,category", "2026-01-01,n1,fan", "2026-01-09,n1,fan")
    options = {"begin": None, "end": None, "fleet_age": "0 d"}
    assert "at the moment it is new: give a moment before as --from" in told(path, "node=9", **options)[0]


def test_files_and_options_are_told_together(write: Write) -> None:
    path, fleet = write(HEADER, *ROWS), write("unit", "n1", name="fleet.csv")
    assert told(path, "nod=3", begin="2026-01-01", end="10 d", fleet=fleet, fleet_age="old") == [
        f"--units nod=3: unknown kind 'nod', did you mean 'node'? known: {KINDS}",
        "--fleet-age: 'old' is not a time: write e.g. 30 min",
        "--from: '2026-01-01' is not a time: unknown unit '-01-01'; Known units: ns, us, ms, s, min, h, days, weeks,"
        " months, years",
        "fleet.csv:1: column 'unit_kind' is missing",
    ]


def test_a_window_that_nobody_gave_is_said(write: Write) -> None:
    path = write("time,unit,category", *(f"2026-01-{day:02d},n{day},fan" for day in range(1, 11)))
    found = fit(path, "node=20", begin=None, end=None)
    assert found.window.text == "2026-01-01 to 2026-01-10"
    assert found.notes[0].startswith("--from and --to not given: the window begins at the first row and ends at the")
    assert "about 20.0% too high" in found.notes[0]
    assert "--to not given" in fit(write(HEADER, *ROWS), "node=20", begin=None, end=None).notes[0]


def test_rows_outside_the_window_are_not_counted(write: Write) -> None:
    found = fit(write(HEADER, *ROWS), "node=9", "gpu=3", begin="5 d", end="22 d")
    assert {one.category.name: one.failures for one in found.fits} == {"bug": 1, "fan": 2, "psu": 0}
    assert "2 rows outside the window 5 days to 22 days are not counted" in found.notes
    assert "no failure of a gpu in the log: nothing is written for it" in found.notes


def test_a_window_without_length(write: Write) -> None:
    assert told(write(HEADER, *ROWS), "node=9", begin="9 d", end="9 d") == [
        "log.csv: the window 9 days to 9 days has no length; give --from and --to"
    ]


def rows_of(moments: list[tuple[float, int]], scale: float = 1.0, unit: str = "d") -> list[str]:
    header = f"time_{unit},unit,unit_kind,category"
    return [header, *(f"{t * scale!r},n{number},node,fan" for t, number in moments)]


MOMENTS = st.lists(
    st.tuples(st.integers(1, 2_999_999).map(lambda t: t / 1e5), st.integers(0, 5)), min_size=3, max_size=25, unique=True
)


def p_of(one: CategoryFit) -> float:
    return 1.0 if one.weibull is None else one.weibull.p_exponential


QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(MOMENTS, st.randoms(use_true_random=False))
@example([(1e-05, 0), (1e-05, 1), (3e-05, 0)], Random(1))
def test_the_order_of_rows_does_not_matter(write: Write, moments: list[tuple[float, int]], random: Any) -> None:
    header, *rows = rows_of(moments)
    before = tree(fit(write(header, *rows), "node=9"))
    random.shuffle(rows)
    assert tree(fit(write(header, *rows), "node=9")) == before


@QUICK
@given(MOMENTS)
def test_the_unit_of_time_does_not_matter(write: Write, moments: list[tuple[float, int]]) -> None:
    days = fit(write(*rows_of(moments)), "node=9").fits[0]
    hours = fit(write(*rows_of(moments, 24.0, "h")), "node=9").fits[0]
    assert hours.rate_s == pytest.approx(days.rate_s, rel=1e-9)
    assert p_of(hours) == pytest.approx(p_of(days), abs=1e-4)


@QUICK
@given(MOMENTS, st.integers(0, 9))
def test_a_fleet_that_lists_everybody_is_a_count(write: Write, moments: list[tuple[float, int]], named: int) -> None:
    """However many of the units are listed, and in whatever order: the rest are counted."""
    path = write(*rows_of(moments))
    listed = [f"n{number},node" for number in range(named)]
    fleet = write("unit,unit_kind", *reversed(listed), name="fleet.csv")
    counted, split = fit(path, "node=9").fits[0], fit(path, "node=9", fleet=fleet).fits[0]
    assert split.rate_s == pytest.approx(counted.rate_s)
    assert split.trend == counted.trend
    assert p_of(split) == pytest.approx(p_of(counted), abs=1e-4)


@pytest.mark.parametrize("shape", [0.7, 1.0, 1.5])
def test_a_log_written_and_read_gives_its_law_back(write: Write, shape: float) -> None:
    """From the engine's clocks to a file and back: every interval holds what was put in."""
    log = struck_s(shape, 80, 300.0, replication=3)
    rows = [f"{t_s!r},u{unit},fan" for unit, own in log.items() for t_s in own]
    found = fit(write("time_s,unit,category", *rows), "node=80", begin="0 s", end="300 s", fleet_age="0 s")
    law, choice = found.fits[0].weibull, found.verdicts[0]
    assert law is not None
    for estimate, truth in ((law.shape, shape), (law.mean_s, 100.0)):
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low < truth < estimate.high
    assert (choice.shape == 1.0) == (shape == 1.0)


def test_a_drift_is_noted(write: Write) -> None:
    rows = [f"{(number / 40.0) ** 3 * 30.0},n{number},fan" for number in range(1, 40)]
    found = fit(write("time_d,unit,category", *rows), "node=90")
    assert any(
        note.startswith("the rate of fan falls over the window (31 failures in the first") for note in found.notes
    )
