"""The fabric as a picture: tiers as rows, the links between them, and what of it is broken."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from markupsafe import Markup

from clustersim.report.charts.figure import Draw, Figure, Table, figure, is_narrow
from clustersim.report.charts.svg import join, line, path, rect, tag, text, text_width
from clustersim.report.charts.topology_rows import NAMES, Row, rows_of, squares_of
from clustersim.report.charts.topology_torus import draw_torus

if TYPE_CHECKING:
    from clustersim.hardware.topology.topology import Ints, Topology

COLOURS = {
    "long": "amber",
    "core": "purple",
    "spine": "sky",
    "leaf": "blue",
    "node": "grey",
    "scale_up": "green",
}
LINKS = {
    "scale_up": "node to NVLink domain",
    "leaf": "node to leaf",
    "spine": "leaf to spine",
    "core": "spine to core",
    "global": "between groups",
    "gateway": "site to gateway",
    "long": "between sites",
    "node": "chip to chip",
}
"""What the links of each tier join."""

# more lines than this between two rows are drawn as an area
MOST_LINES = 100
# fewer than this are dark enough to follow one by one
FEW_LINES = 64
MOST_FAULTS = 40
LABELS_PX = 22.0

Pair = tuple[tuple[int, int], tuple[int, int]]


def topology_chart(topology: "Topology") -> str:
    """Picture of a fabric as SVG, wide and narrow; the style sheet of the page shows the one that fits.

    Parameters
    ----------
    topology : Topology
        The fabric.
    """
    return str(topology_figure(topology).pictures)


def topology_figure(topology: "Topology") -> Figure:
    """The same with its title, what it shows in words, its legend and its data."""
    words = ", ".join(f"{row.label}" for row in rows_of(topology, 940.0)) if not topology.shape else _torus(topology)
    faults = int((topology.remaining < 1.0).sum())
    broken = f"{faults:,} of {topology.links:,} links are degraded." if faults else "No link is degraded."
    legend = [(COLOURS[tier], NAMES[tier][0]) for tier in NAMES if tier in topology.rows and not topology.shape]
    legend += [("blue", "chip")] if topology.shape else []
    legend += [("red", "degraded; dashed: down")] if faults else []
    return figure(
        "topology",
        "The fabric",
        f"The fabric has {words}. {broken}",
        _draw(topology),
        Table(("links", "number", "cables each", "bandwidth each", "all together", "degraded"), _table(topology)),
        legend,
    )


def _torus(topology: "Topology") -> str:
    return f"{len(topology.vertices):,} chips in a torus of {' × '.join(map(str, topology.shape))}"


def bandwidth_text(bytes_s: float) -> str:
    """A bandwidth as network people write it.

    Examples
    --------
    >>> bandwidth_text(50e9), bandwidth_text(1.6e12), bandwidth_text(1.25e9)
    ('400 Gbps', '12.8 Tbps', '10 Gbps')
    """
    bits = bytes_s * 8.0
    for size, symbol in ((1e15, "Pbps"), (1e12, "Tbps")):
        if bits >= size:
            return f"{bits / size:.3g} {symbol}"
    return f"{bits / 1e9:.3g} Gbps"


def _table(topology: "Topology") -> tuple[tuple[str, ...], ...]:
    rows = []
    for tier in LINKS:
        links = [link for link, of in enumerate(topology.tiers) if of == tier]
        if links:
            each = topology.bandwidth_bytes_s[links]
            rows.append(
                (
                    LINKS[tier],
                    f"{len(links):,}",
                    _span({f"{int(count):,}" for count in topology.cables[links]}),
                    _span({bandwidth_text(one) for one in (each.min(), each.max())}),
                    bandwidth_text(float(each.sum())),
                    f"{int((topology.remaining[links] < 1.0).sum()):,}",
                )
            )
    return tuple(rows)


def _span(texts: set[str]) -> str:
    found = sorted(texts, key=lambda text: (len(text), text))
    return found[0] if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _draw(topology: "Topology") -> Draw:
    return lambda width: draw_topology(width, topology)


def draw_topology(width: float, topology: "Topology") -> tuple[float, Markup]:
    """Lay out a fabric: links first, then what is broken, then the squares of the tiers over them."""
    if topology.shape:
        return draw_torus(width, topology)
    rows = rows_of(topology, width)
    row_of, square_of = squares_of(rows, len(topology.vertices))
    pairs, slow = _pairs(topology, row_of, square_of)
    broken = _broken_squares(topology, row_of, square_of)
    drawn = [*_wires(rows, pairs), *_faults(rows, slow)]
    drawn += [_row(row, width, topology, broken[index]) for index, row in enumerate(rows)]
    drawn += [_sum_of_links(topology, rows, row_of, index, width) for index in range(len(rows) - 1)]
    return rows[-1].top + max(rows[-1].side_px, LABELS_PX) + 6.0, join(*drawn)


def _pairs(topology: "Topology", row_of: "Ints", square_of: "Ints") -> tuple[list[Pair], dict[Pair, float]]:
    """Squares that links join, upper first, and the least share left of those that are degraded."""
    import numpy as np

    size = len(topology.vertices)
    keys = np.sort((row_of * size + square_of)[topology.ends], axis=1)
    found, which = np.unique(keys, axis=0, return_inverse=True)
    left = np.ones(len(found))
    np.minimum.at(left, which.ravel(), topology.remaining)
    pairs: list[Pair] = [(divmod(upper, size), divmod(lower, size)) for upper, lower in found.tolist()]
    return pairs, {pair: share for pair, share in zip(pairs, left.tolist(), strict=True) if share < 1.0}


def _wires(rows: tuple[Row, ...], pairs: list[Pair]) -> Iterable[Markup]:
    between: dict[tuple[int, int], list[Pair]] = defaultdict(list)
    for upper, lower in pairs:
        if upper != lower:
            between[upper[0], lower[0]].append((upper, lower))
    for (upper_row, lower_row), found in sorted(between.items()):
        if upper_row == lower_row:
            yield from _arcs(rows[upper_row], found)
        elif len(found) <= MOST_LINES:
            yield from (_wire(rows, pair, "base" if len(found) <= FEW_LINES else "grid") for pair in found)
        else:
            yield from _areas(rows[upper_row], rows[lower_row], found)


def _ends(rows: tuple[Row, ...], pair: Pair) -> tuple[float, float, float, float]:
    (upper, one), (lower, other) = pair
    bottom = rows[upper].top + rows[upper].side_px
    return rows[upper].x(one), bottom, rows[lower].x(other), rows[lower].top


def _wire(rows: tuple[Row, ...], pair: Pair, css: str) -> Markup:
    return line(*_ends(rows, pair), css)


def _areas(upper: Row, lower: Row, pairs: list[Pair]) -> Iterable[Markup]:
    """Bundles of links as areas, one for each set of squares that hang together."""
    for ups, lows in _together(pairs):
        half_up, half_low = upper.side_px / 2, lower.side_px / 2
        corners = [
            (upper.x(min(ups)) - half_up, upper.top + upper.side_px),
            (upper.x(max(ups)) + half_up, upper.top + upper.side_px),
            (lower.x(max(lows)) + half_low, lower.top),
            (lower.x(min(lows)) - half_low, lower.top),
        ]
        yield path(corners, "band", closed=True)


def _together(pairs: list[Pair]) -> list[tuple[set[int], set[int]]]:
    """Squares of two rows by the parts that links hold together."""
    lows_of: dict[int, set[int]] = defaultdict(set)
    for (_, one), (_, other) in pairs:
        lows_of[one].add(other)
    parts: list[tuple[set[int], set[int]]] = []
    for one, lows in sorted(lows_of.items()):
        joined = [part for part in parts if part[1] & lows]
        parts = [part for part in parts if not part[1] & lows]
        parts.append(({one}.union(*(p[0] for p in joined)), lows.union(*(p[1] for p in joined))))
    return parts


def _arcs(row: Row, pairs: list[Pair]) -> Iterable[Markup]:
    """Links inside one tier, such as those between groups or sites, as arcs above it."""
    shown = pairs if len(pairs) <= MOST_LINES else pairs[:: len(pairs) // MOST_LINES + 1]
    for (_, one), (_, other) in shown:
        yield _arc(row, one, other, "base")


def _arc(row: Row, one: int, other: int, css: str) -> Markup:
    start, end = sorted((row.x(one), row.x(other)))
    rise = min(22.0, 8.0 + (end - start) * 0.1)
    points = f"M{start:.1f} {row.top:.1f}Q{(start + end) / 2:.1f} {row.top - 2 * rise:.1f} {end:.1f} {row.top:.1f}"
    return tag("path", d=points, class_=css, fill="none")


def _faults(rows: tuple[Row, ...], slow: dict[Pair, float]) -> Iterable[Markup]:
    """Degraded links, dashed where they are down; of very many, a sample."""
    worst = sorted(slow, key=lambda pair: slow[pair])
    for pair in worst[:: len(worst) // MOST_FAULTS + 1]:
        if pair[0] == pair[1]:
            continue
        dash = "4 3" if slow[pair] <= 0.0 else None
        if pair[0][0] == pair[1][0]:
            yield _arc(rows[pair[0][0]], pair[0][1], pair[1][1], "bound")
            continue
        x1, y1, x2, y2 = _ends(rows, pair)
        title = tag("title", "down" if slow[pair] <= 0.0 else f"{slow[pair] * 100.0:.0f} % left")
        yield tag("line", title, x1=x1, y1=y1, x2=x2, y2=y2, class_="bound", stroke_dasharray=dash)


def _row(row: Row, width: float, topology: "Topology", broken: set[int]) -> Markup:
    side = row.side_px
    squares = [
        rect(
            row.x(index) - side / 2,
            row.top,
            side,
            side,
            f"fill-{'red' if index in broken else COLOURS[row.tier]}",
            _square_title(row, topology, index),
        )
        for index in range(row.squares)
    ]
    if is_narrow(width):
        note = f" ({row.note})" if row.note else ""
        words = _on_ground(1.0, row.top - 7.0 - row.arcs_px, row.label + note, "label", "start")
    else:
        words = join(
            text(0.0, row.top + (6.0 if row.note else 11.0), row.label, "label"),
            text(0.0, row.top + 21.0, row.note, "tick") if row.note else Markup(""),
        )
    return join(*squares, words)


def _square_title(row: Row, topology: "Topology", index: int) -> str:
    of = row.vertices[index * row.per_square : (index + 1) * row.per_square]
    first, last = topology.vertices[of[0]], topology.vertices[of[-1]]
    return first if first == last else f"{first} to {last}"


def _broken_squares(topology: "Topology", row_of: "Ints", square_of: "Ints") -> dict[int, set[int]]:
    """Squares of each row with a vertex none of whose links has its full bandwidth."""
    import numpy as np

    size = len(topology.vertices)
    wired = np.bincount(topology.ends.ravel(), minlength=size)
    slow = np.bincount(topology.ends[topology.remaining < 1.0].ravel(), minlength=size)
    broken: dict[int, set[int]] = defaultdict(set)
    for vertex in np.flatnonzero((wired > 0) & (wired == slow)).tolist():
        broken[int(row_of[vertex])].add(int(square_of[vertex]))
    return broken


def _sum_of_links(topology: "Topology", rows: tuple[Row, ...], row_of: "Ints", index: int, width: float) -> Markup:
    """Number and bandwidth of the links between a row and the one below it."""
    upper, lower = rows[index], rows[index + 1]
    ends = row_of[topology.ends]
    links = (ends.min(axis=1) == index) & (ends.max(axis=1) == index + 1)
    if not links.any():
        return Markup("")
    total = bandwidth_text(float(topology.bandwidth_bytes_s[links].sum()))
    words = f"{int(links.sum()):,} links, {total}"
    middle = (upper.top + upper.side_px + lower.top) / 2
    if is_narrow(width):
        return _on_ground(width - 1.0, middle - 4.0, words, "tick", "end")
    return text(0.0, middle + 6.0, words, "tick") if text_width(words) < upper.left else _two(words, middle)


def _on_ground(x: float, y: float, words: str, css: str, anchor: str) -> Markup:
    """A text that the lines under it do not cross."""
    # a safe guess of a text is wider than it is drawn
    size = text_width(words) * 0.88
    left = x - 3.0 if anchor == "start" else x - size - 3.0
    return join(rect(left, y - 12.0, size + 6.0, 17.0, "gap"), text(x, y, words, css, anchor))


def _two(words: str, middle: float) -> Markup:
    first, _, second = words.partition(", ")
    return join(text(0.0, middle, first, "tick"), text(0.0, middle + 15.0, second, "tick"))
