"""Fan: the median as a line inside the band that holds most of the replications."""

from dataclasses import dataclass

from markupsafe import Markup

from clustersim.report.charts.axes import Plane
from clustersim.report.charts.figure import is_narrow
from clustersim.report.charts.svg import join, line, path, tag, text, text_width


@dataclass(frozen=True)
class Fan:
    """A band and its middle over ``x``.

    ``goal`` is a horizontal line with a label; ``marks`` are points on it, each with a label above. ``measured`` is a
    line of what was seen, which may begin before the band. ``end`` names the last of the middle, above it or, where the
    band comes from above, below the band.
    """

    x: tuple[float, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]
    x_name: str
    y_name: str
    y_low: float
    y_high: float
    log_x: bool = False
    goal: tuple[float, str] | None = None
    marks: tuple[tuple[float, float, str], ...] = ()
    end: str = ""
    end_below: bool = False
    measured: tuple[tuple[float, float], ...] = ()


def draw_fan(width: float, fan: Fan) -> tuple[float, Markup]:
    """Lay out a fan chart."""
    height = 250.0 if is_narrow(width) else 330.0
    first = min(fan.x[:1] + tuple(x for x, _ in fan.measured[:1]))
    plane = Plane(width, height, first, fan.x[-1], fan.y_low, fan.y_high, right=12.0, log_x=fan.log_x)

    def points(values: tuple[float, ...]) -> list[tuple[float, float]]:
        return [(plane.x(x), plane.y(y)) for x, y in zip(fan.x, values, strict=True)]

    drawn = [
        plane.axes(fan.x_name, fan.y_name),
        path(points(fan.low) + points(fan.high)[::-1], "band", closed=True),
        path(points(fan.middle), "median"),
    ]
    if fan.measured:
        drawn.append(path([(plane.x(x), plane.y(y)) for x, y in fan.measured], "measured"))
    if fan.goal:
        at, label = fan.goal
        drawn.append(line(plane.x.start, plane.y(at), plane.x.end, plane.y(at), "goal"))
        drawn.append(text(plane.x.start + 6.0, plane.y(at) - 6.0, label, "label"))
    drawn += [_mark(plane, x, y, label) for x, y, label in fan.marks]
    if fan.end:
        x, y = points(fan.middle)[-1]
        drawn.append(tag("circle", cx=x, cy=y, r=4.0, class_="dot"))
        at = plane.y(fan.low[-1]) + 18.0 if fan.end_below else y - 12.0
        drawn.append(text(x, at, fan.end, "value", "end"))
    return height, join(*drawn)


def _mark(plane: Plane, x: float, y: float, label: str) -> Markup:
    at, top = plane.x(x), plane.y(y)
    floor = plane.y(plane.y_low)
    beside = min(at, plane.width - text_width(label) / 2)
    return join(
        line(at, top, at, floor, "drop"),
        tag("circle", cx=at, cy=top, r=3.5, class_="dot"),
        text(beside, top - 10.0, label, "value", "middle"),
    )
