"""A whole bar with the part of it that was lost, and below it that part enlarged into a waterfall."""

from markupsafe import Markup

from clustersim.report.charts.stacked import Segment, draw_segments
from clustersim.report.charts.svg import FONT_PX, join, path, tag, text
from clustersim.report.charts.waterfall import Fall, draw_waterfall

BAR_PX = 34.0
CONE_PX = 30.0


def draw_losses(
    width: float, before: Segment, lost: Segment, after: tuple[Segment, ...], falls: tuple[Fall, ...], unit: str
) -> tuple[float, Markup]:
    """Lay out the bar and its enlarged part.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    before, lost : Segment
        What leads up to the enlarged part, and that part; what it is stands in its ``inside``.
    after : tuple of Segment
        What follows it.
    falls : tuple of Fall
        The enlarged part, from zero.
    unit : str
        Written after the last tick.
    """
    per_unit = width / (before.value + lost.value + sum(segment.value for segment in after))
    bare = Segment(lost.value, lost.colour, lost.title)
    whole = draw_segments((before, bare, *after), 0.0, per_unit, 0.0, BAR_PX)
    left, right, top = before.value * per_unit, (before.value + lost.value) * per_unit, BAR_PX + CONE_PX
    cone = path([(left, BAR_PX + 3), (right, BAR_PX + 3), (width, top - 3), (0.0, top - 3)], "cone", closed=True)
    name = text(width - 10.0, BAR_PX + CONE_PX / 2 + FONT_PX * 0.4, lost.inside, "label", "end")
    height, enlarged = draw_waterfall(width, falls, unit)
    return top + height, join(cone, name, whole, tag("g", enlarged, transform=f"translate(0 {top:.0f})"))
