"""Small range bars without an axis: how wide an interval is, next to the number it belongs to."""

from markupsafe import Markup

from clustersim.report.charts.intervals import diamond
from clustersim.report.charts.scale import Scale
from clustersim.report.charts.svg import join, line, rect, tag
from clustersim.report.stats import Stat

WIDTH_PX = 200.0
HEIGHT_PX = 16.0
EDGE_PX = 4.0


def draw_range(stat: Stat, reach: float) -> Markup:
    """P5 to P95 as a line, P10 to P90 as a bar and P50 as a dot, on a scale of ``P50 (1 +- reach)``.

    The same reach on all of them makes their widths comparable: a wider bar is a less certain number.
    A median of zero has no such scale, and no picture.
    """
    size = abs(stat.p50) * reach
    if not size:
        return Markup("")
    scale = Scale(stat.p50 - size, stat.p50 + size, EDGE_PX, WIDTH_PX - EDGE_PX)
    p5, p10, p50, p90, p95 = (
        min(max(scale(value), EDGE_PX), WIDTH_PX - EDGE_PX)
        for value in (stat.p5, stat.p10, stat.p50, stat.p90, stat.p95)
    )
    middle = HEIGHT_PX / 2
    return _small(
        line(EDGE_PX, middle, WIDTH_PX - EDGE_PX, middle, "grid"),
        line(p5, middle, p95, middle, "whisker"),
        rect(p10, middle - 3.0, max(1.0, p90 - p10), 6.0, "range"),
        tag("circle", cx=p50, cy=middle, r=4.0, class_="dot"),
    )


def draw_claim(claimed: tuple[float | None, float | None], forecast: tuple[float, float, float]) -> Markup:
    """The forecast's 5 to 95 % as a bar with its median, and the claim as a diamond, or an arrow where it is open."""
    low, high = claimed
    ends = [end for end in (low, high, *forecast) if end is not None]
    pad = (max(ends) - min(ends)) * 0.12 or abs(ends[0]) * 0.05 or 1.0
    scale = Scale(min(ends) - pad, max(ends) + pad, EDGE_PX, WIDTH_PX - EDGE_PX)
    middle = HEIGHT_PX / 2
    p5, p50, p95 = (scale(value) for value in forecast)
    bounds: list[str] = []
    if low is not None and low == high:
        bounds.append(diamond(scale(low), middle))
    elif low is not None or high is not None:
        left = scale(low) if low is not None else EDGE_PX
        right = scale(high) if high is not None else WIDTH_PX - EDGE_PX
        bounds.append(line(left, HEIGHT_PX - 1.5, right, HEIGHT_PX - 1.5, "bound"))
        bounds += [line(scale(end), 1.0, scale(end), HEIGHT_PX, "bound") for end in (low, high) if end is not None]
    return _small(
        line(EDGE_PX, middle, WIDTH_PX - EDGE_PX, middle, "grid"),
        rect(p5, middle - 3.0, max(1.0, p95 - p5), 6.0, "range"),
        tag("circle", cx=p50, cy=middle, r=3.5, class_="dot"),
        *bounds,
    )


def _small(*elements: str) -> Markup:
    """A picture that only repeats the numbers beside it, hence hidden from readers that speak."""
    return tag(
        "svg", join(*elements), viewBox=f"0 0 {WIDTH_PX:.0f} {HEIGHT_PX:.0f}", class_="small", aria_hidden="true"
    )
