"""Funnel: what is left of the raw text after each stage, one bar below the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from clustersim.report.charts.rows import Rows
from clustersim.report.charts.svg import join, rect

BAR_PX = 20.0


@dataclass(frozen=True)
class FunnelRow:
    """A stage: its name, what is left behind it, how that is written, and the tooltip of its bar."""

    label: str
    left: float
    before: float
    number: str
    title: str


def draw_funnel(width: float, rows: Sequence[FunnelRow]) -> tuple[float, Markup]:
    """Lay out a funnel.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    rows : sequence of FunnelRow
        Stages in their order. Behind what is left of each stands, lighter, what came into it.
    """
    labels, numbers = tuple(row.label for row in rows), tuple(row.number for row in rows)
    plan = Rows(width, labels, numbers, BAR_PX, max(max(row.left, row.before) for row in rows))
    bars = [
        join(
            rect(plan.scale.start, plan.top(index), plan.scale(row.before) - plan.scale.start, BAR_PX, "band"),
            rect(
                plan.scale.start,
                plan.top(index),
                max(1.0, plan.scale(row.left) - plan.scale.start),
                BAR_PX,
                "fill-blue",
                row.title,
            ),
        )
        for index, row in enumerate(rows)
    ]
    return plan.height + 4.0, join(*bars, plan.words())
