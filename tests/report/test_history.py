"""The strip chart: rows and cells where they belong, told in units that fit."""

import re
from typing import Any

import pytest

from clustersim.report.charts.figure import NARROW_PX, WIDE_PX
from clustersim.report.charts.history import STRIP_PX, HistoryRow, draw_history
from clustersim.report.sections.history import history_figure

ROWS = (
    HistoryRow("day 0", "75.0 %", "first", 4.0, (("red", (0, 50, 100, 0)), ("amber", (0, 50, 0, 0))), ((1.5, "gpu"),)),
    HistoryRow("day 1", "100 %", "second", 1.5, (), ()),
)
BOX = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-")


def drawn(width: float) -> tuple[float, str]:
    height, markup = draw_history(width, ROWS, 4, "blue", [(0.0, "0"), (4.0, "4 h")], "productive")
    return height, str(markup)


def boxes(markup: str, colour: str) -> list[tuple[float, ...]]:
    paths = re.findall(rf'<path d="([^"]+)" class="fill-{colour} over"', markup)
    return [tuple(map(float, found)) for path in paths for found in BOX.findall(path)]


@pytest.mark.parametrize("width", [WIDE_PX, NARROW_PX])
def test_layers_stack_from_below_and_stay_in_their_row(width: float) -> None:
    height, markup = drawn(width)
    ground = re.compile(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" class="fill-blue"')
    left, top, whole, strip = map(float, ground.findall(markup)[0])
    half, full = boxes(markup, "red")
    (other,) = boxes(markup, "amber")
    cell = whole / 4.0
    assert strip == STRIP_PX
    assert half == pytest.approx((left + cell, top + STRIP_PX / 2, cell, STRIP_PX / 2), abs=0.2)
    assert full == pytest.approx((left + 2 * cell, top, cell, STRIP_PX), abs=0.2)
    assert other == pytest.approx((left + cell, top, cell, STRIP_PX / 2), abs=0.2)
    assert top + STRIP_PX < height


def test_a_row_is_as_long_as_the_run_lasted() -> None:
    _, markup = drawn(WIDE_PX)
    first, second = map(float, re.findall(r'width="([\d.]+)" height="22" class="fill-blue"', markup))
    assert second == pytest.approx(first * 1.5 / 4.0, abs=0.2)


def test_marks_say_what_struck_where_something_can_hover() -> None:
    assert ">gpu</title>" in drawn(WIDE_PX)[1]
    narrow = drawn(NARROW_PX)[1]
    assert ">gpu</title>" not in narrow
    assert 'class="mark"' in narrow


def test_cells_that_look_the_same_are_one_box() -> None:
    row = HistoryRow("a", "b", "c", 4.0, (("red", (30, 30, 30, 0)),), ())
    _, markup = draw_history(WIDE_PX, (row,), 4, "blue", (), "productive")
    assert len(boxes(str(markup), "red")) == 1


def history(row_hours: float, cell_hours: float, rows: int) -> dict[str, Any]:
    row = {"hours": {"productive": 0.75 * row_hours, "restart": 0.25 * row_hours}, "percent": {"restart": "100 0 0 0"}}
    return {
        "history": {
            "row_hours": row_hours,
            "cell_hours": cell_hours,
            "end_hours": row_hours * rows,
            "rows": [{"start_hours": number * row_hours, **row} for number in range(rows)],
            "failures": {"hours": [1.1 * row_hours, 1.2 * row_hours], "category": ["nic", "nic"]},
        }
    }


@pytest.mark.parametrize(
    ("row_hours", "cell_hours", "words", "labels", "tick"),
    [
        (1 / 6, 1 / 360, ("10 minutes", "10 seconds"), ["0:00", "0:10"], "10 min"),
        (1.0, 1 / 120, ("hour", "30 seconds"), ["0:00", "1:00"], "60 min"),
        (6.0, 1 / 30, ("6 hours", "2 minutes"), ["0:00", "6:00"], "6 h"),
        (24.0, 1 / 6, ("day", "10 minutes"), ["day 0", "day 1"], "24 h"),
        (168.0, 1.0, ("week", "hour"), ["day 0", "day 7"], "7 days"),
        (672.0, 4.0, ("4 weeks", "4 hours"), ["day 0", "day 28"], "28 days"),
        (8736.0, 48.0, ("52 weeks", "2 days"), ["day 0", "day 364"], "364 days"),
    ],
)
def test_lengths_are_told_in_units_that_fit(
    row_hours: float, cell_hours: float, words: tuple[str, str], labels: list[str], tick: str
) -> None:
    figure = history_figure(history(row_hours, cell_hours, 2))
    assert figure is not None
    assert f"One row for each {words[0]}, one column for each {words[1]}" in figure.description
    assert [row[0] for row in figure.table.rows] == labels
    assert f">{tick}</text>" in figure.pictures


def test_the_table_counts_failures_by_row_and_cause() -> None:
    figure = history_figure(history(24.0, 1 / 6, 2))
    assert figure is not None
    assert figure.table.columns == ("from", "failures by cause", "failures", "productive [h]", "restart [h]")
    assert figure.table.rows == (("day 0", "–", "0", "18.00", "6.00"), ("day 1", "NIC 2", "2", "18.00", "6.00"))
    assert ("tick", "failure that stopped the job") in figure.legend


def test_a_state_that_the_report_does_not_know_is_drawn_and_told() -> None:
    drawn = history(24.0, 1 / 6, 1)
    drawn["history"]["failures"] = {"hours": [], "category": []}
    drawn["history"]["rows"][0] |= {"hours": {"diagnose": 24.0}, "percent": {"diagnose": "100 100"}}
    figure = history_figure(drawn)
    assert figure is not None
    assert ("grey-hatch", "diagnose") in figure.legend
    assert "tick" not in {colour for colour, _ in figure.legend}


def test_no_history_no_figure() -> None:
    assert history_figure({}) is None
    assert history_figure({"history": {"rows": []}}) is None
