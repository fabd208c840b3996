"""A plane with two axes: horizontal hairlines, ticks under it, and the names of both axes at its edges."""

from dataclasses import dataclass

from markupsafe import Markup

from clustersim.report.charts.figure import is_narrow
from clustersim.report.charts.scale import Scale, log_ticks, round_step, tick_text, ticks
from clustersim.report.charts.svg import join, line, text

LEFT_PX = 40.0
TOP_PX = 24.0
BOTTOM_PX = 40.0


@dataclass(frozen=True)
class Plane:
    """The plot area of a picture.

    Parameters
    ----------
    width, height : float
        Of the whole picture [px].
    x_low, x_high, y_low, y_high : float
        Values at the edges.
    right : float
        Room left of the right edge for labels at the ends of lines [px].
    log_x : bool
        Equal ratios instead of equal steps on the horizontal axis.
    """

    width: float
    height: float
    x_low: float
    x_high: float
    y_low: float
    y_high: float
    right: float = 8.0
    log_x: bool = False

    @property
    def x(self) -> Scale:
        """Horizontal scale."""
        return Scale(self.x_low, self.x_high, LEFT_PX, self.width - self.right, self.log_x)

    @property
    def y(self) -> Scale:
        """Vertical scale, upwards."""
        return Scale(self.y_low, self.y_high, self.height - BOTTOM_PX, TOP_PX)

    def axes(self, x_name: str, y_name: str) -> Markup:
        """Grid, ticks and names."""
        about = 5
        step = round_step(self.y_high - self.y_low, about)
        floor = self.height - BOTTOM_PX
        rows = [
            join(
                line(LEFT_PX, self.y(at), self.width - self.right, self.y(at), "grid"),
                text(LEFT_PX - 7.0, self.y(at) + 4.0, tick_text(at, step), "tick", "end"),
            )
            for at in ticks(self.y_low, self.y_high, about)
        ]
        names = (
            text(0.0, 12.0, y_name, "axis"),
            text(self.width - self.right, floor + 34.0, x_name, "axis", "end"),
        )
        return join(*rows, line(LEFT_PX, floor, self.width - self.right, floor, "base"), self._x_ticks(floor), *names)

    def _x_ticks(self, floor: float) -> Markup:
        about = 5 if is_narrow(self.width) else 10
        if self.log_x:
            marks = [(at, _power(at)) for at in log_ticks(self.x_low, self.x_high)]
        else:
            step = round_step(self.x_high - self.x_low, about)
            marks = [(at, tick_text(at, step)) for at in ticks(self.x_low, self.x_high, about)]
        return join(
            *(
                join(
                    line(self.x(at), floor, self.x(at), floor + 4.0, "base"),
                    text(self.x(at), floor + 18.0, name, "tick", "middle"),
                )
                for at, name in marks
            )
        )


def _power(value: float) -> str:
    """A power of ten with the symbol that the report uses for tokens: 10B, 1T."""
    for size, symbol in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size * 0.999:
            return f"{value / size:.0f}{symbol}"
    return f"{value:g}"
