"""Stacked horizontal bars: one row a thing, one segment a part, optionally against a limit."""

from dataclasses import dataclass

from markupsafe import Markup

from clustersim.report.charts.rows import AXIS_PX, Rows
from clustersim.report.charts.svg import join, line, rect, text, text_width

BAR_PX = 24.0
# a segment this wide or wider may carry its own label
LABEL_PAD_PX = 10.0
SEAM_PX = 1.5


@dataclass(frozen=True)
class Segment:
    """One part of a bar: its value, colour class, the text of its tooltip and the text inside it where it fits."""

    value: float
    colour: str
    title: str
    inside: str = ""


@dataclass(frozen=True)
class Bar:
    """One row."""

    label: str
    number: str
    segments: tuple[Segment, ...]

    @property
    def total(self) -> float:
        """Sum of the segments."""
        return sum(segment.value for segment in self.segments)


def draw_strip(width: float, segments: tuple[Segment, ...]) -> tuple[float, Markup]:
    """One bar over the whole width, of segments that are shares of their sum; the legend names them."""
    return BAR_PX, draw_segments(segments, 0.0, width / sum(segment.value for segment in segments), 0.0, BAR_PX)


def draw_segments(segments: tuple[Segment, ...], start: float, per_unit: float, top: float, height: float) -> Markup:
    """Segments side by side from ``start``, with a seam between them; ``per_unit`` is px per value."""
    parts: list[str] = []
    x = start
    for segment in segments:
        width = segment.value * per_unit
        if width <= 0.0:
            continue
        seam = SEAM_PX if width > 2 * SEAM_PX else 0.0
        parts.append(rect(x, top, width - seam, height, f"fill-{segment.colour}", segment.title))
        if segment.inside and text_width(segment.inside) + LABEL_PAD_PX < width:
            parts.append(text(x + 8.0, top + height / 2 + 4.4, segment.inside, f"inside on-{segment.colour}"))
        x += width
    return join(*parts)


def draw_stacked(
    width: float,
    bars: tuple[Bar, ...],
    unit: str,
    *,
    high: float | None = None,
    limit: tuple[float, str] | None = None,
) -> tuple[float, Markup]:
    """Lay out stacked bars.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    bars : tuple of Bar
        Rows from top to bottom.
    unit : str
        Written after the last tick.
    high : float, optional
        End of the axis; a round value above the longest bar when omitted.
    limit : (value, label), optional
        A line across all bars, such as the memory of a GPU.
    """
    longest = max([bar.total for bar in bars] + ([limit[0]] if limit else []))
    labels, numbers = tuple(bar.label for bar in bars), tuple(bar.number for bar in bars)
    rows = Rows(width, labels, numbers, BAR_PX, high or longest)
    scale = rows.scale
    per_unit = (scale.end - scale.start) / rows.high
    drawn = [
        draw_segments(bar.segments, scale.start, per_unit, rows.top(index), BAR_PX) for index, bar in enumerate(bars)
    ]
    limit_px = scale(limit[0]) - text_width(limit[1]) if limit else None
    return rows.height + AXIS_PX, join(rows.axis(unit, limit_px), *drawn, rows.words(), _limit(rows, limit))


def _limit(rows: Rows, limit: tuple[float, str] | None) -> Markup:
    """A line through all rows with its label in place of a tick."""
    if limit is None:
        return Markup("")
    x, bottom = rows.scale(limit[0]), rows.height
    fits = x + text_width(limit[1]) / 2 < rows.width
    label = text(x + (0.0 if fits else 4.0), bottom + 16.0, limit[1], "limit-label", "middle" if fits else "end")
    # narrow, the numbers stand above the bars: the line must not cross them
    stretches = [(rows.top(i) - 2.0, rows.top(i) + BAR_PX + 2.0) for i in range(len(rows.labels))]
    spans = stretches if rows.narrow else [(0.0, bottom + 3.0)]
    return join(*(line(x, top, x, end, "limit") for top, end in spans), label)
