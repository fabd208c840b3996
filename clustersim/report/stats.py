"""What the summary says of one quantity over the replications, and how it is written."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clustersim.report.numbers import MISSING, Unit, unit_word, write

OUT_OF_REACH = "never"
QUANTILES = ("mean", "p5", "p10", "p50", "p90", "p95")


@dataclass(frozen=True)
class Stat:
    """Mean and quantiles over the replications, in the unit of the summary's key."""

    mean: float
    p5: float
    p10: float
    p50: float
    p90: float
    p95: float

    @classmethod
    def read(cls, entry: Mapping[str, Any] | None) -> "Stat | None":
        """A Stat of the summary; None where it is missing or no replication gave a number."""
        if not entry:
            return None
        values = [entry.get(name) for name in QUANTILES]
        numbers = [float(value) for value in values if value is not None and math.isfinite(value)]
        return cls(*numbers) if len(numbers) == len(values) else None


@dataclass(frozen=True)
class Shown:
    """A Stat as text: the ends of the interval bare and with the digits of the middle.

    ``full`` and ``full_mean`` carry the unit, whose word is ``unit``; ``likely`` is P10 to P90, ``wide`` P5 to P95.
    """

    mean: str = MISSING
    p5: str = MISSING
    p10: str = MISSING
    p50: str = MISSING
    p90: str = MISSING
    p95: str = MISSING
    unit: str = ""
    full: str = MISSING
    full_mean: str = MISSING
    likely: str = MISSING
    wide: str = MISSING


def show(stat: Stat | None, unit: Unit) -> Shown:
    """Write a Stat; dashes where there is none."""
    if stat is None:
        return Shown()
    spread = stat.p90 - stat.p10

    of_one = replace(unit, decimals=0) if unit.whole and stat.p50 < unit.steps[0][0] else unit

    def text(value: float, *, mean: bool = False, bare: bool = True) -> str:
        return write(value, unit if mean else of_one, spread=spread, size=stat.p50, bare=bare)

    ends = {name: text(getattr(stat, name), mean=name == "mean") for name in QUANTILES}
    word = unit_word(stat.p50, unit).removesuffix(unit.suffix)

    def interval(low: str, high: str) -> str:
        return "no spread" if stat.p5 == stat.p95 else f"{ends[low]} to {ends[high]}{word}"

    return Shown(
        **ends,
        unit=unit_word(stat.p50, unit),
        full=text(stat.p50, bare=False),
        full_mean=text(stat.mean, mean=True, bare=False),
        likely=interval("p10", "p90"),
        wide=interval("p5", "p95"),
    )


def show_entry(entry: Mapping[str, Any] | None, unit: Unit) -> Shown:
    """Read a Stat of the summary and write it."""
    return show(Stat.read(entry), unit)


def spread(entry: Mapping[str, float], unit: Unit) -> str:
    """Median with its 5 to 95 % interval: ``4.3M h (1.2M to 15M)``."""
    low, mid, high = (entry[name] for name in ("p5", "p50", "p95"))
    of_one = replace(unit, decimals=0) if unit.whole and mid < unit.steps[0][0] else unit
    if low == high:
        return write(mid, of_one)
    # Of the ends the word is left out: they are in the unit that the middle names.
    size = mid if of_one.step(mid)[1].startswith(" ") else None
    ends = (write(end, of_one, size=size, bare=True) for end in (low, high))
    return f"{write(mid, of_one)} ({' to '.join(ends)})"


def reachable(amount: Mapping[str, float | None], unit: Unit) -> str:
    """Median with its interval, without words; where no amount is enough it says so."""
    low, mid, high = (amount[name] for name in ("p5", "p50", "p95"))
    if mid is None:
        return OUT_OF_REACH
    return f"{write(mid, unit)} ({write(low, unit)} to {OUT_OF_REACH if high is None else write(high, unit)})"
