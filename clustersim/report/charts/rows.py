"""Layout shared by charts of one row a thing: the label, the plot and the number at the end.

Wide, the three stand side by side; narrow, the label and the number stand above the plot.
"""

from dataclasses import dataclass
from functools import cached_property
from textwrap import wrap

from markupsafe import Markup

from clustersim.report.charts.figure import is_narrow
from clustersim.report.charts.scale import Scale, round_step, tick_text, ticks
from clustersim.report.charts.svg import FONT_PX, join, line, shortened, tag, text, text_width

AXIS_PX = 26.0
GAP_PX = 14.0
NARROW_LABEL_PX = 19.0
LINE_PX = 15.0


@dataclass(frozen=True)
class Rows:
    """Where each row stands.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    labels, numbers : tuple of str
        Texts left and right of each row.
    bar_px : float
        Height of what is drawn in a row [px].
    high : float
        Value at the right end of the plot; the left end is zero.
    """

    width: float
    labels: tuple[str, ...]
    numbers: tuple[str, ...]
    bar_px: float
    high: float
    space_px: float = 8.0

    @property
    def narrow(self) -> bool:
        """Laid out for a phone."""
        return is_narrow(self.width)

    @property
    def pitch_px(self) -> float:
        """From one row to the next."""
        return self.bar_px + self.space_px + self._label_px

    @property
    def height(self) -> float:
        """Height of all rows, without the axis."""
        return self.pitch_px * len(self.labels)

    @property
    def scale(self) -> Scale:
        """From values to the pixels of the plot."""
        if self.narrow:
            return Scale(0.0, self.high, 1.0, self.width - 8.0)
        left = max((text_width(label) for label in self.labels), default=0.0) + GAP_PX
        right = max((text_width(number) for number in self.numbers), default=0.0) + GAP_PX
        return Scale(0.0, self.high, min(left, self.width * 0.36), self.width - right)

    def top(self, index: int) -> float:
        """Upper edge of a row's plot."""
        return index * self.pitch_px + (self._label_px if self.narrow else self.space_px / 2)

    def words(self) -> Markup:
        """Labels and numbers of all rows."""
        return join(*(join(*self._words_of(index)) for index in range(len(self.labels))))

    def _words_of(self, index: int) -> tuple[Markup, Markup]:
        label, number, top = self.labels[index], self.numbers[index], self.top(index)
        if self.narrow:
            lines = self._wrapped(index)[::-1]
            words = join(*(text(1.0, top - 6.0 - up * LINE_PX, line, "label") for up, line in enumerate(lines)))
            return words, _number(self.width - 1.0, top - 6.0, number)
        base = top + self.bar_px / 2 + FONT_PX * 0.35
        left = self.scale.start - GAP_PX + 4.0
        return text(left, base, shortened(label, left), "label", "end"), _number(self.width - 1.0, base, number)

    @cached_property
    def _label_px(self) -> float:
        """Height of the labels above the bars; as many lines as the longest needs."""
        if not self.narrow:
            return 0.0
        return NARROW_LABEL_PX + LINE_PX * (max(len(self._wrapped(index)) for index in range(len(self.labels))) - 1)

    def _wrapped(self, index: int) -> list[str]:
        """The label in lines that leave room for the number."""
        room = self.width - text_width(self.numbers[index]) - GAP_PX
        return wrap(self.labels[index], max(12, int(room / text_width("m")))) or [""]

    def axis(self, unit: str, before_px: float | None = None) -> Markup:
        """Ticks under the rows, with hairlines through them, and the unit at the last; none close to ``before_px``."""
        scale, bottom = self.scale, self.height
        about = 5 if self.narrow else 6
        step = round_step(self.high, about)
        end_px = self.width if before_px is None else before_px - 24.0
        marks = [at for at in ticks(0.0, self.high, about) if scale(at) <= end_px]
        lines = [line(scale(at), 0.0, scale(at), bottom, "grid") for at in marks]
        words = [tick_text(at, step) + (unit if at == marks[-1] else "") for at in marks]
        names = [
            text(self._kept_inside(scale(at), word), bottom + 16.0, word, "tick", "middle")
            for at, word in zip(marks, words, strict=True)
        ]
        return join(*lines, *names)

    def _kept_inside(self, x: float, word: str) -> float:
        """Where a word around ``x`` is centred, so that it does not leave the picture."""
        half = text_width(word) / 2
        return max(half, min(x, self.width - half))


def _number(x: float, y: float, number: str) -> Markup:
    """The number of a row; what follows in brackets or after a comparison is set lighter."""
    head, mark, tail = number.partition(" (")
    return tag("text", tag("tspan", head, class_="value"), f"{mark}{tail}", x=x, y=y, class_="halo", text_anchor="end")
