"""Elements of an SVG picture as safe markup: names and values are escaped, coordinates are short."""

from markupsafe import Markup, escape

# Helvetica-like faces average 0.52 em, the widest common fallback (DejaVu Sans) 0.58
EM_PER_LETTER = 0.58
FONT_PX = 12.5


def number(value: float) -> str:
    """A coordinate with at most one decimal: a tenth of a pixel cannot be seen, and the page stays small."""
    # adding zero turns -0.0 into 0.0
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def tag(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """One element. ``class_`` and ``stroke_width`` become ``class`` and ``stroke-width``; None is left out."""
    # plain strings, each value escaped by itself: Markup.format does the same ten times slower
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{number(value) if isinstance(value, float) else escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """Children one after the other; plain text among them is escaped."""
    return Markup("".join(escape(child) for child in children))


def text(x: float, y: float, content: str, css: str = "", anchor: str = "start") -> Markup:
    """A line of text on the baseline ``y``."""
    side = None if anchor == "start" else anchor
    return tag("text", content, x=float(x), y=float(y), class_=css or None, text_anchor=side)


def rect(x: float, y: float, width: float, height: float, css: str, title: str | None = None) -> Markup:
    """A filled rectangle, with a tooltip if it has a title."""
    inside = (tag("title", title),) if title else ()
    return tag("rect", *inside, x=float(x), y=float(y), width=float(max(0.0, width)), height=float(height), class_=css)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    """A straight line."""
    return tag("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), class_=css)


def path(points: list[tuple[float, float]], css: str, *, closed: bool = False) -> Markup:
    """A line or, closed, a filled area through points."""
    steps = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return tag("path", d=f"M{steps}{'Z' if closed else ''}", class_=css)


def box(x: float, y: float, width: float, height: float) -> str:
    """A rectangle as a piece of a path: many of one colour are one element."""
    w = number(width)
    return f"M{number(x)} {number(y)}h{w}v{number(height)}h-{w}z"


def text_width(content: str, size_px: float = FONT_PX) -> float:
    """A safe guess of how wide a text is drawn, in px."""
    return len(content) * size_px * EM_PER_LETTER


def shortened(content: str, room_px: float) -> str:
    """A text cut to the room it has; the data table holds the whole."""
    letters = int(room_px / text_width("m"))
    return content if len(content) <= letters else content[: max(1, letters - 1)].rstrip() + "…"
