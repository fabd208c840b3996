"""Load of the links as a picture: how it spreads within each tier, and the links that have most of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.rows import AXIS_PX, Rows
from clustersim.report.charts.scale import round_up
from clustersim.report.charts.svg import join, line, rect, tag, text
from clustersim.report.charts.topology import LINKS

if TYPE_CHECKING:
    from clustersim.hardware.topology.loads import LinkLoads

BAR_PX = 16.0
MOST_LINKS = 5
HEADING = "links that stand out"
FULL = 100.5
"""Percent above which a link has more to carry than it can, rounding aside."""
# a link this much above the median of its tier stands out
STANDS_OUT = 1.05

WORDS = {
    "tensor": "tensor-parallel",
    "context": "context-parallel",
    "expert": "expert-parallel",
    "data": "data-parallel",
    "pipeline": "pipeline",
}


@dataclass(frozen=True)
class TierLoad:
    """Utilisation of the links of one tier that carry anything [%]."""

    tier: str
    links: int
    idle: int
    low: float
    middle: float
    high: float
    most: float


@dataclass(frozen=True)
class WorstLink:
    """A link that stands out: its name, utilisation [%] and the share of its bandwidth that is left."""

    name: str
    percent: float
    left: float


def link_load_chart(loads: "LinkLoads") -> str:
    """Picture of link loads as SVG, wide and narrow.

    Parameters
    ----------
    loads : LinkLoads
        Of one dimension of a layout.
    """
    return str(link_load_figure(loads).pictures)


def link_load_figure(loads: "LinkLoads") -> Figure:
    """The same with its title, what it shows in words, its legend and its data."""
    tiers, worst = tier_loads(loads), worst_links(loads)
    most = max((tier.most for tier in tiers), default=0.0)
    share = float(loads.share.min())
    words = WORDS[loads.dimension]
    description = (
        f"While all {words} groups communicate at once, the busiest link is asked for {most:.0f} % of its bandwidth; "
        f"the slowest group gets {share * 100.0:.0f} % of what interfaces and scale-up links would give it."
    )
    return figure(
        f"link-load-{loads.dimension}",
        f"Load of the links: {words} groups",
        description,
        lambda width: draw_link_loads(width, tiers, worst),
        Table(("links", "number", "idle", "P10", "median", "P90", "highest"), tuple(map(_table_row, tiers))),
        [("range", "P10 to P90"), ("dot", "median"), ("red", "asked for more than it has")],
    )


def _table_row(tier: TierLoad) -> tuple[str, ...]:
    numbers = (tier.low, tier.middle, tier.high, tier.most)
    return (LINKS[tier.tier], f"{tier.links:,}", f"{tier.idle:,}", *(f"{number:.0f} %" for number in numbers))


def tier_loads(loads: "LinkLoads") -> tuple[TierLoad, ...]:
    """Utilisation of each tier, from the GPUs upwards; tiers that carry nothing are left out."""
    import numpy as np

    used = loads.utilisation * 100.0
    of = np.array(loads.topology.tiers)
    found = []
    for tier in LINKS:
        mine = used[of == tier]
        busy = mine[(mine > 0.0) & np.isfinite(mine)]
        if len(busy):
            low, middle, high = np.quantile(busy, (0.1, 0.5, 0.9)).tolist()
            found.append(TierLoad(tier, len(mine), int((mine == 0.0).sum()), low, middle, high, float(busy.max())))
    return tuple(found)


def worst_links(loads: "LinkLoads") -> tuple[WorstLink, ...]:
    """The links that have most to carry, if they stand out from their tier."""
    import numpy as np

    used = loads.utilisation * 100.0
    middle = {tier.tier: tier.middle for tier in tier_loads(loads)}
    typical = np.array([middle.get(tier, 0.0) for tier in loads.topology.tiers])
    stands = np.flatnonzero(np.isfinite(used) & (used > typical * STANDS_OUT) & (used > 0.0))
    order = stands[np.argsort(-used[stands], kind="stable")][:MOST_LINKS]
    return tuple(
        WorstLink(loads.topology.link_name(int(link)), float(used[link]), float(loads.topology.remaining[link]))
        for link in order
    )


def draw_link_loads(width: float, tiers: tuple[TierLoad, ...], worst: tuple[WorstLink, ...]) -> tuple[float, Markup]:
    """Lay out the distribution by tier, and under it the links that stand out.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    tiers : tuple of TierLoad
        Rows of the upper part.
    worst : tuple of WorstLink
        Rows of the lower part; without any it is left out.
    """
    if not tiers:
        return 24.0, text(1.0, 15.0, "no link carries anything", "label")
    labels = tuple(LINKS[tier.tier] for tier in tiers)
    numbers = tuple(f"{tier.middle:.0f} % (most {tier.most:.0f} %)" for tier in tiers)
    if worst:
        labels += (HEADING, *(link.name for link in worst))
        numbers += ("", *(f"{link.percent:.0f} %{_left(link)}" for link in worst))
    rows = Rows(width, labels, numbers, BAR_PX, max(110.0, round_up(max(tier.most for tier in tiers))), space_px=6.0)
    marks = [_spread(rows, index, tier) for index, tier in enumerate(tiers)]
    marks += [_bar(rows, len(tiers) + 1 + index, link) for index, link in enumerate(worst)]
    full = rows.scale(100.0)
    goal = line(full, 0.0, full, rows.height, "goal")
    return rows.height + AXIS_PX, join(rows.axis(" %"), goal, *marks, rows.words())


def _left(link: WorstLink) -> str:
    return "" if link.left >= 1.0 else f" ({link.left * 100.0:.0f} % left)"


def _spread(rows: Rows, index: int, tier: TierLoad) -> Markup:
    middle = rows.top(index) + BAR_PX / 2
    left, right, most = (rows.scale(value) for value in (tier.low, tier.high, tier.most))
    css = "fill-red" if tier.most > FULL else "fill-blue"
    return join(
        line(right, middle, most, middle, "whisker"),
        rect(left, middle - 3.0, max(1.0, right - left), 6.0, "range"),
        rect(most - 1.5, middle - 6.0, 3.0, 12.0, css, f"{tier.most:.0f} %"),
        tag("circle", cx=rows.scale(tier.middle), cy=middle, r=3.5, class_="dot"),
    )


def _bar(rows: Rows, index: int, link: WorstLink) -> Markup:
    colour = "red" if link.percent > FULL else "blue"
    start = rows.scale.start
    return rect(start, rows.top(index), rows.scale(link.percent) - start, BAR_PX, f"fill-{colour}", link.name)
