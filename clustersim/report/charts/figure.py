"""A figure: one picture in two widths, what it shows in words, its legend and the data behind it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from clustersim.report.charts.svg import tag

WIDE_PX = 940.0
NARROW_PX = 340.0
# below this width a picture is laid out for a phone
NARROW_BELOW_PX = 500.0

Draw = Callable[[float], tuple[float, Markup]]
"""Given the width in px, the height in px and the elements."""


@dataclass(frozen=True)
class Table:
    """Rows of text; the first ``words`` columns are words, the others numbers set flush right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


@dataclass(frozen=True)
class Figure:
    """What the templates need to set a figure."""

    name: str
    title: str
    description: str
    pictures: Markup
    table: Table
    legend: Sequence[tuple[str, str]] = field(default=())


def figure(
    name: str, title: str, description: str, draw: Draw, table: Table, legend: Sequence[tuple[str, str]] = ()
) -> Figure:
    """Draw a figure wide and narrow.

    Parameters
    ----------
    name : str
        Short and unique on the page: the elements' ids are made of it.
    title, description : str
        Read aloud in place of the picture; the title also stands above it.
    draw : callable
        Lays the picture out for a width in px.
    table : Table
        The numbers that are drawn.
    legend : sequence of (colour class, label)
        What the colours stand for, where the picture does not say it.
    """
    pictures = Markup("").join(
        _picture(f"{name}-{form}", form, title, description, width, draw)
        for form, width in (("wide", WIDE_PX), ("narrow", NARROW_PX))
    )
    return Figure(name, title, description, pictures, table, legend)


def _picture(key: str, form: str, title: str, description: str, width: float, draw: Draw) -> Markup:
    height, elements = draw(width)
    return tag(
        "svg",
        tag("title", title, id=f"{key}-title"),
        tag("desc", description, id=f"{key}-desc"),
        elements,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        class_=f"picture {form}",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
    )


def is_narrow(width: float) -> bool:
    """Whether a picture of this width is the one for a phone."""
    return width < NARROW_BELOW_PX
