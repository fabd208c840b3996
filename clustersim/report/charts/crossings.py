"""Crossings: when in the run each thing happens, as ranges one below the other on an axis of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from clustersim.report.charts.figure import is_narrow
from clustersim.report.charts.rows import Rows
from clustersim.report.charts.scale import Scale, log_ticks
from clustersim.report.charts.svg import join, line, rect, tag, text
from clustersim.report.numbers import TOKENS, Unit, write

BAR_PX = 12.0
AXIS_PX = 40.0

_WHOLE = Unit(TOKENS.steps, decimals=0)


@dataclass(frozen=True)
class CrossingRow:
    """From when to when [tokens]; ``middle`` is None where half the models are not there by the end."""

    label: str
    low: float
    middle: float | None
    high: float
    number: str
    title: str


def draw_crossings(
    width: float, rows: Sequence[CrossingRow], low: float, high: float, name: str
) -> tuple[float, Markup]:
    """Lay out crossings.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    rows : sequence of CrossingRow
        From top to bottom.
    low, high : float
        Tokens at the ends of the axis, on which equal distances are equal ratios.
    name : str
        Of the axis.
    """
    plan = Rows(width, tuple(row.label for row in rows), tuple(row.number for row in rows), BAR_PX, 1.0)
    scale = Scale(low, high, plan.scale.start, plan.scale.end, log=True)
    marks = log_ticks(low, high)
    drawn: list[str] = []
    for at in marks[::2] if is_narrow(width) else marks:
        drawn.append(line(scale(at), 0.0, scale(at), plan.height, "grid"))
        drawn.append(text(scale(at), plan.height + 16.0, write(at, _WHOLE), "tick", "middle"))
    for index, row in enumerate(rows):
        top = plan.top(index)
        from_px, to_px = (scale(min(max(end, low), high)) for end in (row.low, row.high))
        drawn.append(rect(from_px, top, max(2.0, to_px - from_px), BAR_PX, "band", row.title))
        if row.middle is not None:
            drawn.append(tag("circle", cx=scale(max(row.middle, low)), cy=top + BAR_PX / 2, r=4.0, class_="dot"))
    drawn.append(text(scale.end, plan.height + 34.0, name, "axis", "end"))
    return plan.height + AXIS_PX, join(*drawn, plan.words())
