"""From values to pixels: linear and logarithmic scales, and round numbers for their ticks."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Maps ``low..high`` to ``start..end`` pixels, in equal steps or (``log``) in equal ratios."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Pixel of a value."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        share = (at - low) / (high - low) if high > low else 0.0
        return self.start + share * (self.end - self.start)


def round_step(span: float, about: int) -> float:
    """The step of 1, 2 or 5 times a power of ten that gives at most ``about`` steps over a span."""
    if span <= 0.0:
        return 1.0
    rough = span / max(1, about)
    power = 10.0 ** math.floor(math.log10(rough))
    return next((m * power for m in (1.0, 2.0, 5.0) if m * power >= rough * (1 - 1e-9)), 10.0 * power)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round values inside ``low..high``.

    Examples
    --------
    >>> ticks(0.0, 78.4, 5)
    [0.0, 20.0, 40.0, 60.0]
    """
    step = round_step(high - low, about)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten inside ``low..high``."""
    return [10.0**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]


def round_up(value: float, about: int = 5) -> float:
    """The next round tick at or above a value: where an axis that starts at zero ends."""
    step = round_step(value, about)
    return math.ceil(value / step - 1e-9) * step


def tick_text(value: float, step: float) -> str:
    """A tick with the decimals of its step."""
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{places}f}"
