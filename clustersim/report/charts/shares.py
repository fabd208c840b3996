"""Shares of a whole, and below it the small ones enlarged: a whole of which one part is nine tenths stays readable."""

from markupsafe import Markup

from clustersim.report.charts.stacked import Segment, draw_segments
from clustersim.report.charts.svg import FONT_PX, join, path, text, text_width

BAR_PX = 34.0
CONE_PX = 30.0
LABEL_LINE_PX = 16.0


def draw_shares(width: float, first: Segment, others: tuple[Segment, ...], heading: str) -> tuple[float, Markup]:
    """Lay out one whole bar and its enlarged end.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    first : Segment
        The large part.
    others : tuple of Segment
        The parts to enlarge. Their ``inside`` text ``label|value`` is set below in two lines where it fits.
    heading : str
        What the enlarged parts are together.
    """
    rest = sum(segment.value for segment in others)
    per_unit = width / (first.value + rest)
    whole = draw_segments((first, *others), 0.0, per_unit, 0.0, BAR_PX)
    if rest <= 0.0:
        return BAR_PX, whole
    top = BAR_PX + CONE_PX
    corners = [(first.value * per_unit, BAR_PX + 3), (width, BAR_PX + 3), (width, top - 3), (0.0, top - 3)]
    cone = path(corners, "cone", closed=True)
    name = text(width - 10.0, BAR_PX + CONE_PX / 2 + FONT_PX * 0.4, heading, "label", "end")
    bare = tuple(Segment(segment.value, segment.colour, segment.title) for segment in others)
    enlarged = draw_segments(bare, 0.0, width / rest, top, BAR_PX)
    labels = _labels(others, width / rest, top + BAR_PX)
    return top + BAR_PX + 2 * LABEL_LINE_PX + 8.0, join(cone, name, whole, enlarged, labels)


def _labels(segments: tuple[Segment, ...], per_unit: float, top: float) -> Markup:
    """Label and value under each enlarged part that is wide enough for both."""
    lines: list[str] = []
    x = 0.0
    for segment in segments:
        label, _, value = segment.inside.partition("|")
        room = segment.value * per_unit
        if max(text_width(label), text_width(value)) < room:
            lines.append(text(x, top + LABEL_LINE_PX, label, "label"))
            lines.append(text(x, top + 2 * LABEL_LINE_PX, value, "value"))
        x += room
    return join(*lines)
