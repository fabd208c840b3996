"""Intervals: per row a 5 to 95 % range, the mean as a dot and a reference as an open diamond."""

from dataclasses import dataclass

from markupsafe import Markup

from clustersim.report.charts.rows import AXIS_PX, Rows
from clustersim.report.charts.svg import join, number, rect, tag

BAR_PX = 16.0
DIAMOND_PX = 5.5


@dataclass(frozen=True)
class Interval:
    """One row; ``reference`` is what was expected or published."""

    label: str
    number: str
    low: float
    middle: float
    high: float
    reference: float | None = None


def diamond(x: float, y: float, css: str = "reference") -> Markup:
    """The mark of a reference."""
    r = DIAMOND_PX
    corners = ((x, y - r), (x + r, y), (x, y + r), (x - r, y))
    return tag("polygon", points=" ".join(f"{number(a)},{number(b)}" for a, b in corners), class_=css)


def draw_intervals(width: float, intervals: tuple[Interval, ...], unit: str) -> tuple[float, Markup]:
    """Lay out intervals on one axis that starts at zero."""
    longest = max(max(row.high, row.reference or 0.0) for row in intervals)
    labels, numbers = tuple(row.label for row in intervals), tuple(row.number for row in intervals)
    rows = Rows(width, labels, numbers, BAR_PX, longest or 1.0, space_px=6.0)
    scale = rows.scale
    drawn: list[str] = []
    for index, row in enumerate(intervals):
        middle = rows.top(index) + BAR_PX / 2
        drawn.append(rect(scale(row.low), middle - 3.0, max(1.0, scale(row.high) - scale(row.low)), 6.0, "range"))
        if row.reference is not None:
            drawn.append(diamond(scale(row.reference), middle))
        drawn.append(tag("circle", cx=scale(row.middle), cy=middle, r=3.5, class_="dot"))
    return rows.height + AXIS_PX, join(rows.axis(unit), *drawn, rows.words())
