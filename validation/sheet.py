"""A picture that stands alone: SVG with its own colours, light and dark, readable wherever it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from clustersim.report.charts.svg import join, number, tag, text
from validation.panels import WIDTH_PX, Panel, draw_panels

MARGIN_PX = 20.0
HEAD_PX = 62.0

_STYLE = """
svg {
  --bg: #fdfdfc; --ink: #1a2026; --soft: #56606a; --rule: #dadee1; --wash: #e9eef1;
  --blue: #22668f; --red: #b5410f; --green: #0d8163;
  background: var(--bg);
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums lining-nums;
}
@media (prefers-color-scheme: dark) {
  svg {
    --bg: #13171b; --ink: #e7e9ea; --soft: #a4aeb6; --rule: #313940; --wash: #1f262c;
    --blue: #5ba3d0; --red: #e8794c; --green: #45bd99;
  }
}
.paper { fill: var(--bg); }
text { font-size: 12.5px; fill: var(--ink); }
.heading { font-size: 16px; font-weight: 650; }
.title { font-size: 13px; font-weight: 600; }
.soft, .tick { fill: var(--soft); }
.tick { font-size: 11.5px; }
.grid { stroke: var(--rule); }
.base { stroke: var(--soft); }
.band { fill: var(--wash); }
.line { fill: none; stroke-width: 1.75; stroke-linejoin: round; }
.dot { fill: none; stroke-width: 6.5; stroke-linecap: round; }
.many { stroke-width: 3; }
.hole { fill: none; stroke: var(--bg); stroke-width: 3.5; stroke-linecap: round; }
.stroke-blue { stroke: var(--blue); } .stroke-red { stroke: var(--red); } .stroke-green { stroke: var(--green); }
.ink-blue { fill: var(--blue); } .ink-red { fill: var(--red); } .ink-green { fill: var(--green); }
"""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file of panels: its name without ending, heading, description, panels and the data that they draw."""

    name: str
    title: str
    description: str
    panels: tuple[Panel, ...]
    columns: int
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    has_lines: bool = True

    def svg(self) -> str:
        """The picture as text."""
        height, elements = draw_panels(self.panels, self.columns)
        width, whole = WIDTH_PX + 2 * MARGIN_PX, height + HEAD_PX + 2 * MARGIN_PX
        return (
            tag(
                "svg",
                tag("title", self.title, id="title"),
                tag("desc", self.description, id="desc"),
                Markup(f"<style>{_STYLE}</style>"),
                tag("rect", width=width, height=whole, class_="paper"),
                text(MARGIN_PX, MARGIN_PX + 14.0, self.title, "heading"),
                _legend(self.has_lines),
                tag("g", elements, transform=f"translate({number(MARGIN_PX)} {number(MARGIN_PX + HEAD_PX)})"),
                xmlns="http://www.w3.org/2000/svg",
                viewBox=f"0 0 {number(width)} {number(whole)}",
                width=width,
                height=whole,
                role="img",
                aria_labelledby="title desc",
            )
            + "\n"
        )

    def csv(self) -> str:
        """The data behind the picture."""
        return "".join(",".join(_quoted(cell) for cell in row) + "\n" for row in (self.header, *self.rows))


def _quoted(cell: str) -> str:
    return f'"{cell}"' if "," in cell else cell


def _legend(has_lines: bool) -> Markup:
    y = MARGIN_PX + 38.0
    dot = tag("path", d=f"M{number(MARGIN_PX + 4.0)} {number(y - 4.0)}h0", class_="dot stroke-blue")
    second = MARGIN_PX + 170.0
    ring = join(
        tag("path", d=f"M{number(second)} {number(y - 4.0)}h0", class_="dot stroke-blue"),
        tag("path", d=f"M{number(second)} {number(y - 4.0)}h0", class_="hole"),
    )
    parts: Sequence[Markup] = [
        dot,
        text(MARGIN_PX + 14.0, y, "published, held out", "soft"),
        ring,
        text(second + 10.0, y, "published, used in the fit", "soft"),
    ]
    if has_lines:
        third = second + 200.0
        stroke = tag("path", d=f"M{number(third)} {number(y - 4.0)}h22", class_="line stroke-blue")
        parts = [*parts, stroke, text(third + 29.0, y, "predicted", "soft")]
    return join(*parts)
