"""The history of a run: rows of equal length one below the other, coloured by what the job did."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from clustersim.report.charts.figure import is_narrow
from clustersim.report.charts.scale import Scale
from clustersim.report.charts.svg import box, join, line, rect, tag, text, text_width

STRIP_PX = 22.0
MARK_PX = 6.0
GAP_PX = 7.0
AXIS_PX = 24.0
MARK_WIDTH_PX = 1.6


@dataclass(frozen=True)
class HistoryRow:
    """One row.

    Parameters
    ----------
    label, number, title : str
        Texts left and right of it, and its tooltip.
    length : float
        How much of it the run lasted, in cells.
    layers : tuple of (colour class, percent of each cell)
        What is drawn over the ground, from the bottom up.
    marks : tuple of (cell, tooltip)
        Where a mark stands above it.
    """

    label: str
    number: str
    title: str
    length: float
    layers: tuple[tuple[str, tuple[int, ...]], ...]
    marks: tuple[tuple[float, str], ...]


def draw_history(
    width: float, rows: Sequence[HistoryRow], cells: int, ground: str, ticks: Sequence[tuple[float, str]], heading: str
) -> tuple[float, Markup]:
    """Lay out a history.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    rows : sequence of HistoryRow
        From top to bottom.
    cells : int
        Cells of a whole row.
    ground : str
        Colour class of what is not covered by a layer.
    ticks : sequence of (cell, text)
        Under the last row.
    heading : str
        What the numbers at the right are.
    """
    left = max(text_width(row.label) for row in rows) + 8.0
    right = width - max(text_width(row.number) for row in rows) - 8.0
    scale = Scale(0.0, float(cells), left, right)
    pitch, top = MARK_PX + STRIP_PX + GAP_PX, 18.0
    drawn: list[str] = [text(width, 11.0, heading, "axis", "end")]
    for index, row in enumerate(rows):
        drawn.append(_row(row, scale, top + index * pitch, width, ground))
    bottom = top + len(rows) * pitch
    for at, word in ticks:
        x = scale(at)
        drawn += [line(x, bottom, x, bottom + 4.0, "base"), text(x, bottom + 17.0, word, "tick", "middle")]
    drawn.append(line(left, bottom, right, bottom, "base"))
    return bottom + AXIS_PX, join(*drawn)


def _row(row: HistoryRow, scale: Scale, top: float, width: float, ground: str) -> Markup:
    strip, base = top + MARK_PX, top + MARK_PX + STRIP_PX / 2 + 4.0
    return join(
        text(scale.start - 8.0, base, row.label, "tick", "end"),
        rect(scale.start, strip, scale(row.length) - scale.start, STRIP_PX, f"fill-{ground}", row.title),
        *_layers(row, scale, strip),
        _marks(row, scale, top, titled=not is_narrow(width)),
        text(width, base, row.number, "tick", "end"),
    )


def _layers(row: HistoryRow, scale: Scale, top: float) -> list[Markup]:
    """One path for each colour. Neighbouring cells that look the same are one box."""
    boxes: dict[str, list[str]] = defaultdict(list)
    below = [0] * max((len(percent) for _colour, percent in row.layers), default=0)
    for colour, percent in row.layers:
        cell = 0
        while cell < len(percent):
            end = cell + 1
            while end < len(percent) and (percent[end], below[end]) == (percent[cell], below[cell]):
                end += 1
            if percent[cell]:
                x, height = scale(cell), STRIP_PX * percent[cell] / 100.0
                y = top + STRIP_PX * (1.0 - below[cell] / 100.0) - height
                boxes[colour].append(box(x, y, scale(min(end, row.length)) - x, height))
            cell = end
        below = [low + more for low, more in zip(below, percent, strict=True)]
    # No pointer stops at a layer: the tooltip is the ground's.
    return [tag("path", d="".join(found), class_=f"fill-{colour} over") for colour, found in boxes.items()]


def _marks(row: HistoryRow, scale: Scale, top: float, *, titled: bool) -> Markup:
    """Ticks above the strip; on a phone, where nothing hovers, all in one path."""
    places = [(scale(at) - MARK_WIDTH_PX / 2, title) for at, title in row.marks]
    if titled:
        return join(*(rect(x, top, MARK_WIDTH_PX, MARK_PX - 1.0, "mark", title) for x, title in places))
    path = "".join(box(x, top, MARK_WIDTH_PX, MARK_PX - 1.0) for x, _title in places)
    return tag("path", d=path, class_="mark") if path else Markup("")
