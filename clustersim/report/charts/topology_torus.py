"""A torus as a picture: one slice of it as a grid, and what is broken anywhere in it."""

from itertools import pairwise
from typing import TYPE_CHECKING

from markupsafe import Markup

from clustersim.report.charts.figure import is_narrow
from clustersim.report.charts.svg import join, line, rect, tag, text

if TYPE_CHECKING:
    from clustersim.hardware.topology.topology import Topology

MOST_WIDE = 24
MOST_NARROW = 12
ROWS = 16
PITCH_PX = 38.0
STUB_PX = 9.0


def draw_torus(width: float, topology: "Topology") -> tuple[float, Markup]:
    """Lay out the slice of a torus that has most degraded links, or the first.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    topology : Topology
        A torus.
    """
    columns, lines = topology.shape[0], topology.shape[1] if len(topology.shape) > 1 else 1
    shown = min(columns, MOST_NARROW if is_narrow(width) else MOST_WIDE), min(lines, ROWS)
    pitch = min(PITCH_PX, (width - 2 * STUB_PX - 4.0) / shown[0])
    slices = len(topology.vertices) // (columns * lines)
    first = _slice(topology, columns * lines) * columns * lines
    drawn = [text(0.0, 14.0, _heading(topology, slices, first // (columns * lines), shown), "label")]
    left, top = STUB_PX + 2.0 + pitch / 2, 30.0 + STUB_PX
    place = {
        first + row * columns + column: (left + column * pitch, top + row * pitch)
        for row in range(shown[1])
        for column in range(shown[0])
    }
    side = min(12.0, pitch * 0.4)
    for (one, other), remaining in zip(topology.ends.tolist(), topology.remaining.tolist(), strict=True):
        if one in place or other in place:
            drawn.append(_wire(place, one, other, remaining))
    drawn += [
        rect(x - side / 2, y - side / 2, side, side, "fill-blue", topology.vertices[chip])
        for chip, (x, y) in place.items()
    ]
    return top + (shown[1] - 1) * pitch + side / 2 + STUB_PX + 6.0, join(*drawn)


def _slice(topology: "Topology", chips: int) -> int:
    """Slice with most degraded links."""
    found = [
        low // chips for (low, _), left in zip(topology.ends.tolist(), topology.remaining, strict=True) if left < 1.0
    ]
    return max(set(found), key=found.count) if found else 0


def _heading(topology: "Topology", slices: int, index: int, shown: tuple[int, int]) -> str:
    shape = " × ".join(map(str, topology.shape))
    words = f"torus of {shape}"
    whole = shown == (topology.shape[0], topology.shape[1] if len(topology.shape) > 1 else 1)
    if slices > 1:
        words += f", slice {index + 1} of {slices}"
    return words if whole else f"{words}, first {shown[0]} × {shown[1]} chips"


def _wire(place: dict[int, tuple[float, float]], one: int, other: int, remaining: float) -> Markup:
    """A link; one that leaves the picture or closes a row is drawn as a stub at each of its ends."""
    css = "base" if remaining >= 1.0 else "bound"
    dash = "4 3" if remaining <= 0.0 else None
    if one in place and other in place:
        (x1, y1), (x2, y2) = place[one], place[other]
        if abs(x1 - x2) + abs(y1 - y2) < 1.5 * _pitch(place):
            return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=css, stroke_dasharray=dash)
        return join(_stub(place[one], (x1 - x2, y1 - y2), css), _stub(place[other], (x2 - x1, y2 - y1), css))
    return Markup("")


def _pitch(place: dict[int, tuple[float, float]]) -> float:
    across = sorted({x for x, _ in place.values()}) + sorted({y for _, y in place.values()})
    return min((b - a for a, b in pairwise(across) if b > a), default=PITCH_PX)


def _stub(at: tuple[float, float], away: tuple[float, float], css: str) -> Markup:
    """A short line outwards, for the link that goes round."""
    x, y = at
    step_x = STUB_PX * ((away[0] > 0) - (away[0] < 0))
    step_y = STUB_PX * ((away[1] > 0) - (away[1] < 0))
    return line(x, y, x + 1.8 * step_x, y + 1.8 * step_y, css)
