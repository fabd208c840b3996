"""Columns by day: what was lost each day, stacked."""

from markupsafe import Markup

from clustersim.report.charts.axes import Plane
from clustersim.report.charts.figure import is_narrow
from clustersim.report.charts.scale import round_up
from clustersim.report.charts.stacked import Segment
from clustersim.report.charts.svg import join, rect


def draw_days(width: float, columns: tuple[tuple[float, float, tuple[Segment, ...]], ...]) -> tuple[float, Markup]:
    """Lay out stacked columns.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    columns : tuple of (start_days, end_days, segments)
        Segments from the bottom up, in hours per day.
    """
    height = 220.0 if is_narrow(width) else 250.0
    highest = max(sum(segment.value for segment in segments) for _, _, segments in columns)
    plane = Plane(width, height, 0.0, columns[-1][1], 0.0, round_up(highest) or 1.0)
    gap = 0.6 if is_narrow(width) else 1.5
    drawn: list[str] = []
    for start, end, segments in columns:
        left, right = plane.x(start), plane.x(end)
        below = 0.0
        for segment in segments:
            top, bottom = plane.y(below + segment.value), plane.y(below)
            if segment.value > 0.0:
                drawn.append(rect(left, top, max(0.8, right - left - gap), bottom - top, f"fill-{segment.colour}"))
            below += segment.value
    return height, join(plane.axes("day of the run", "hours lost per day"), *drawn)
