"""Waterfall: what is added on the way from one number to another."""

from dataclasses import dataclass

from markupsafe import Markup

from clustersim.report.charts.rows import AXIS_PX, Rows
from clustersim.report.charts.svg import join, line, rect

BAR_PX = 22.0


@dataclass(frozen=True)
class Fall:
    """One row from ``start`` to ``end``; a total stands on zero. The colour follows from these if none is given."""

    label: str
    number: str
    start: float
    end: float
    total: bool = False
    colour: str = ""


def _colour(row: Fall) -> str:
    if row.colour:
        return f"fill-{row.colour}"
    if row.total or not row.start:
        return "fill-blue"
    return "fill-amber" if row.end >= row.start else "fill-green"


def draw_waterfall(width: float, falls: tuple[Fall, ...], unit: str) -> tuple[float, Markup]:
    """Lay out a waterfall from top to bottom."""
    labels, numbers = tuple(row.label for row in falls), tuple(row.number for row in falls)
    rows = Rows(width, labels, numbers, BAR_PX, max(max(row.start, row.end) for row in falls))
    scale = rows.scale
    drawn: list[str] = []
    for index, row in enumerate(falls):
        top, left = rows.top(index), scale(min(row.start, row.end))
        colour = _colour(row)
        size = max(1.5, scale(max(row.start, row.end)) - left)
        drawn.append(rect(left, top, size, BAR_PX, colour, f"{row.label}: {row.number}"))
        if index + 1 < len(falls):
            drawn.append(line(scale(row.end), top + BAR_PX, scale(row.end), rows.top(index + 1), "link"))
    return rows.height + AXIS_PX, join(rows.axis(unit), *drawn, rows.words())
