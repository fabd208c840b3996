"""Small multiples: panels of measured points and predicted lines on logarithmic sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from clustersim.report.charts.scale import Scale, round_step, round_up, tick_text, ticks
from clustersim.report.charts.svg import join, line, number, path, rect, tag, text

WIDTH_PX = 940.0
GAP_PX = 24.0
PLOT_PX = 132.0
LEFT_PX = 44.0
LINE_PX = 16.0
FLOOR_PX = 44.0
ABOVE_PX = 28.0
EDGE_PX = 9.0
MANY = 200
_LABEL_SHARE = 0.16

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Series:
    """Measured points, those held out filled and the others hollow, and the predicted line through some of them."""

    colour: str
    label: str
    held_out: Points = ()
    fitted: Points = ()
    predicted: Points = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """Values at the ends of an axis, and its ticks: where, and what they say."""

    low: float
    high: float
    marks: tuple[tuple[float, str], ...]
    name: str
    log: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot with its title; ``band`` is shaded, between two values of the vertical axis."""

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    note: str = ""
    band: tuple[float, float] | None = None
    words: tuple[str, ...] = field(default=())


def value_axis(highest: float, name: str) -> Axis:
    """An axis from zero to a round number above the highest value."""
    top = round_up(highest, 4)
    step = round_step(top, 4)
    return Axis(0.0, top, tuple((at, tick_text(at, step)) for at in ticks(0.0, top, 4)), name)


def power_axis(low: float, high: float, marks: Sequence[tuple[float, str]], name: str) -> Axis:
    """A logarithmic axis with a little room at both ends."""
    pad = (high / low) ** 0.04
    inside = tuple(mark for mark in marks if low / pad <= mark[0] <= high * pad)
    return Axis(low / pad, high * pad, inside, name, log=True)


def draw_panels(panels: Sequence[Panel], columns: int) -> tuple[float, Markup]:
    """Lay panels out in a grid as wide as the picture.

    Returns
    -------
    height : float
        Of all of them [px].
    Markup
        The elements.
    """
    width = (WIDTH_PX - GAP_PX * (columns - 1)) / columns
    drawn, top = [], 0.0
    for first in range(0, len(panels), columns):
        row = panels[first : first + columns]
        lines = max(len(panel.words) + bool(panel.note) for panel in row)
        for column, panel in enumerate(row):
            place = f"translate({number(column * (width + GAP_PX))} {number(top)})"
            drawn.append(tag("g", _panel(panel, width, lines), transform=place))
        top += _height(lines) + GAP_PX
    return top - GAP_PX, join(*drawn)


def _height(lines: int) -> float:
    return LINE_PX * (1 + lines) + ABOVE_PX + PLOT_PX + FLOOR_PX


def _panel(panel: Panel, width: float, lines: int) -> Markup:
    top = LINE_PX * (1 + lines) + ABOVE_PX
    floor = top + PLOT_PX
    x = Scale(panel.x.low, panel.x.high, LEFT_PX, width - EDGE_PX, panel.x.log)
    y = Scale(panel.y.low, panel.y.high, floor, top, panel.y.log)
    return join(_head(panel), _frame(panel, x, y), *(_series(one, x, y) for one in panel.series))


def _head(panel: Panel) -> Markup:
    rows = [text(0.0, LINE_PX - 3.0, panel.title, "title")]
    notes = [(panel.note, "soft")] if panel.note else []
    notes += [(words, f"ink-{one.colour}") for words, one in zip(panel.words, panel.series, strict=False)]
    rows += [text(0.0, LINE_PX * (2 + index) - 3.0, words, css) for index, (words, css) in enumerate(notes)]
    return join(*rows)


def _frame(panel: Panel, x: Scale, y: Scale) -> Markup:
    floor, left, right = y.start, x.start, x.end
    shade = (
        [rect(left, y(panel.band[1]), right - left, y(panel.band[0]) - y(panel.band[1]), "band")] if panel.band else []
    )
    rows = [
        join(line(left, y(at), right, y(at), "grid"), text(left - 7.0, y(at) + 4.0, name, "tick", "end"))
        for at, name in panel.y.marks
    ]
    columns = [
        join(line(x(at), floor, x(at), floor + 4.0, "base"), text(x(at), floor + 17.0, name, "tick", "middle"))
        for at, name in panel.x.marks
    ]
    names = (
        text(0.0, y.end - 12.0, panel.y.name, "tick"),
        text(right, floor + 34.0, panel.x.name, "tick", "end"),
    )
    return join(*shade, *rows, line(left, floor, right, floor, "base"), *columns, *names)


def _series(one: Series, x: Scale, y: Scale) -> Markup:
    drawn = []
    if one.predicted:
        drawn.append(path([(x(at), _inside(y, value)) for at, value in one.predicted], f"line stroke-{one.colour}"))
    if one.fitted:
        drawn += [_dots(one.fitted, x, y, f"dot stroke-{one.colour}"), _dots(one.fitted, x, y, "hole")]
    if one.held_out:
        size = " many" if len(one.held_out) > MANY else ""
        drawn.append(_dots(one.held_out, x, y, f"dot stroke-{one.colour}{size}"))
    return join(*drawn)


def _dots(points: Points, x: Scale, y: Scale, css: str) -> Markup:
    """Points as strokes without length and round ends: one element for hundreds of them."""
    steps = "".join(f"M{number(x(at))} {number(_inside(y, value))}h0" for at, value in points)
    return tag("path", d=steps, class_=css)


def _inside(scale: Scale, value: float) -> float:
    """Pixel of a value, at the edge for one beyond it."""
    return scale(min(max(value, scale.low), scale.high))


def apart(values: Sequence[int]) -> list[int]:
    """Those of some ascending values that leave room for their labels on a logarithmic axis, from the smallest on."""
    least = (values[-1] / values[0]) ** _LABEL_SHARE
    kept: list[int] = []
    for value in values:
        if not kept or value >= least * kept[-1]:
            kept.append(value)
    return kept
