"""Numbers for people: a unit that fits the size, and no more digits than the spread supports."""

import math
from dataclasses import dataclass, replace

MISSING = "–"
SIGNIFICANT_DIGITS = 3
MOST_DIGITS = 4


@dataclass(frozen=True)
class Unit:
    """How a quantity is written.

    Parameters
    ----------
    steps : tuple of (from_value, divisor, symbol)
        Largest first; the first step whose ``from_value`` is reached is used. The symbol stands right after the digits.
    prefix, suffix : str
        Written before and after every value of the quantity, whatever the step.
    decimals : int
        Never more than these.
    whole : bool
        Single values are whole numbers, though their mean is not: quantiles get no decimals.
    """

    steps: tuple[tuple[float, float, str], ...] = ((0.0, 1.0, ""),)
    prefix: str = ""
    suffix: str = ""
    decimals: int = 3
    whole: bool = False

    def step(self, size: float) -> tuple[float, str]:
        """Divisor and symbol for a value of this size."""
        # 999,600 reads 1.00M, not 1000k: the step is chosen as if already rounded
        reached = abs(size) * 1.0005
        return next(((by, symbol) for least, by, symbol in self.steps if reached >= least), self.steps[-1][1:])


_DECIMAL = ((1e12, 1e12, "T"), (1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k"), (0.0, 1.0, ""))

GPU_HOURS = Unit(_DECIMAL, suffix=" GPU-hours")
USD = Unit(_DECIMAL, prefix="$", decimals=2)
COUNT = Unit(((1e6, 1e6, "M"), (0.0, 1.0, "")), decimals=2, whole=True)
FRACTION = Unit(((0.0, 0.01, " %"),), decimals=1)
DAYS = Unit(((2.0, 1.0, " days"), (2 / 24, 1 / 24, " hours"), (0.0, 1 / 1440, " min")), decimals=1)
HOURS = Unit(((1.0, 1.0, " h"), (0.0, 1 / 60, " min")), decimals=2)
SECONDS = Unit(((7200.0, 3600.0, " h"), (120.0, 60.0, " min"), (0.1, 1.0, " s"), (0.0, 1e-3, " ms")), decimals=2)
ENERGY_MWH = Unit(((1e3, 1e3, " GWh"), (1.0, 1.0, " MWh"), (0.0, 1e-3, " kWh")), decimals=2)
POWER_MW = Unit(((1.0, 1.0, " MW"), (0.0, 1e-3, " kW")), decimals=2)
TONNES = Unit(((1e4, 1e3, " kt CO₂"), (1.0, 1.0, " t CO₂"), (0.0, 1e-3, " kg CO₂")), decimals=1)
LOSS = Unit(decimals=3)
TOKENS = Unit(_DECIMAL, suffix=" tokens")
TOKENS_PER_S = Unit(_DECIMAL, suffix=" tokens/s")
TFLOPS = Unit(suffix=" TFLOP/s", decimals=0)
BYTES = Unit(((1e12, 1e12, " TB"), (1e9, 1e9, " GB"), (1e6, 1e6, " MB"), (0.0, 1e3, " kB")), decimals=1)
GIB = Unit(((2**40, 2**40, " TiB"), (2**30, 2**30, " GiB"), (0.0, 2**20, " MiB")), decimals=1)
PRICE = Unit(prefix="$", decimals=2)

_PLAIN = Unit(((1e9, 1e9, "B"), (1e6, 1e6, "M"), (0.0, 1.0, "")))

_CLAIM_UNITS = {
    "": COUNT,
    "gpus": replace(_PLAIN, suffix=" GPUs"),
    "steps": replace(_PLAIN, suffix=" steps"),
    "gpu-hours": GPU_HOURS,
    "usd": USD,
    "fraction": FRACTION,
    "days": DAYS,
    "hours": HOURS,
    "seconds": SECONDS,
    "s": SECONDS,
    "mwh": ENERGY_MWH,
    "tonnes": replace(TONNES, steps=((1e5, 1e3, " kt CO₂"), (0.0, 1.0, " t CO₂"))),
    "tokens": TOKENS,
    "tflop/s": TFLOPS,
    "nats/token": Unit(suffix=" nats/token"),
}


def unit_named(name: str) -> Unit:
    """The unit of a claim; one without an entry here is written after the number as it stands."""
    known = _CLAIM_UNITS.get(name.strip().lower())
    return known or replace(_PLAIN, suffix=f" {name}")


def decimals_for(scaled: float, spread: float, most: int) -> int:
    """Decimals that show two digits of the spread, or three significant digits where there is none.

    Parameters
    ----------
    scaled : float
        The value in the unit it is written in.
    spread : float
        Width of its interval in the same unit; 0 when it has none.
    most : int
        Upper limit.
    """
    if not scaled and not spread:
        return 0
    leading = math.floor(math.log10(abs(scaled))) if scaled else 0
    wanted = 1 - math.floor(math.log10(spread)) if spread > 0.0 else SIGNIFICANT_DIGITS - 1 - leading
    return max(0, min(wanted, most, MOST_DIGITS - 1 - leading))


def write(
    value: float | None, unit: Unit, *, spread: float = 0.0, size: float | None = None, bare: bool = False
) -> str:
    """A value with its unit.

    Parameters
    ----------
    value : float or None
        In the unit's own base (hours, MWh, fraction, ...); None or not finite gives a dash.
    unit : Unit
        How to write it.
    spread : float
        Width of the interval around it, same base: sets the digits.
    size : float, optional
        Value that chooses the step and digits, so that the ends of an interval are written like its middle.
    bare : bool
        Leave out the words (`` days``, `` %``, `` GPU-hours``), not what belongs to the digits (``$``, ``M``).

    Examples
    --------
    >>> write(29_437_112.0, GPU_HOURS, spread=2.4e6)
    '29.4M GPU-hours'
    >>> write(73_412_000.0, USD, spread=2.1e7)
    '$73M'
    """
    if value is None or not math.isfinite(value):
        return MISSING
    reference = value if size is None else size
    divisor, symbol = unit.step(reference)
    places = decimals_for(reference / divisor, spread / divisor, unit.decimals)
    sign = "−" if value < 0 and round(value / divisor, places) else ""
    shown = abs(value) / divisor
    # of single values; the lower end of an interval may well read 0.0
    tiny = size is None and shown and not round(shown, places)
    digits = f"<{unit.prefix}{10.0**-places:.{places}f}" if tiny else f"{sign}{unit.prefix}{shown:,.{places}f}"
    return _with_words(digits, symbol, unit, bare=bare)


def _with_words(digits: str, symbol: str, unit: Unit, *, bare: bool) -> str:
    if bare:
        return digits if symbol.startswith(" ") else digits + symbol
    return f"{digits}{symbol}{unit.suffix}"


def signed(value: float | None, unit: Unit) -> str:
    """A difference with its sign; a dash where there is none.

    Examples
    --------
    >>> signed(0.0213, LOSS), signed(-0.0213, LOSS), signed(0.0, LOSS)
    ('+0.021', '−0.021', '–')
    """
    if not value:
        return MISSING
    text = write(value, unit)
    return text if text.startswith(("−", "<")) else f"+{text}"


def write_given(value: float | None, unit: Unit, *, bare: bool = False) -> str:
    """A number somebody gave, with the digits it was given with (four at most) and no trailing zeros.

    ``bare`` leaves out the words, as in `write`.

    Examples
    --------
    >>> write_given(30.84e6, GPU_HOURS), write_given(0.9, FRACTION)
    ('30.84M GPU-hours', '90 %')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    divisor, symbol = unit.step(value)
    scaled = value / divisor
    leading = math.floor(math.log10(abs(scaled))) if scaled else 0
    digits = f"{abs(scaled):,.{max(0, MOST_DIGITS - 1 - leading)}f}"
    trimmed = digits.rstrip("0").rstrip(".") if "." in digits else digits
    number = f"{'−' if value < 0 else ''}{unit.prefix}{trimmed}"
    return _with_words(number, symbol, unit, bare=bare)


def unit_word(size: float, unit: Unit) -> str:
    """The word that a bare number of this size leaves out, with its leading space; empty for plain numbers."""
    symbol = unit.step(size)[1]
    return (symbol if symbol.startswith(" ") else "") + unit.suffix
