"""Closed tables of the units a scenario may use, one per dimension, with exact factors to SI."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction as Ratio

MULTIPLIERS: Mapping[str, int] = {
    "k": 10**3,
    "K": 10**3,
    "thousand": 10**3,
    "M": 10**6,
    "million": 10**6,
    "B": 10**9,
    "billion": 10**9,
    "T": 10**12,
    "trillion": 10**12,
}
"""Multipliers of things that are counted: tokens, GPU-hours, money, plain numbers."""

TIME_UNITS: Mapping[str, Ratio] = {
    name: Ratio(seconds)
    for seconds, names in (
        ("1e-9", ("ns",)),
        ("1e-6", ("us", "µs")),
        ("1e-3", ("ms",)),
        ("1", ("s", "sec", "second", "seconds")),
        ("60", ("min", "minute", "minutes")),
        ("3600", ("h", "hr", "hour", "hours")),
        ("86400", ("d", "day", "days")),
        ("604800", ("w", "week", "weeks")),
        ("2629800", ("mo", "month", "months")),
        ("31557600", ("y", "yr", "year", "years")),
    )
    for name in names
}
"""Seconds in each unit of time. A year is 365.25 days and a month its twelfth part, 30.4375 days."""

_DECIMAL = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50}
_JOULES_PER_WH = 3600


@dataclass(frozen=True, slots=True)
class Dimension:
    """A physical dimension and how it is written.

    Parameters
    ----------
    name : str
        Name used in the code, e.g. ``"time"``.
    phrase : str
        Name used in messages, e.g. ``"a time"``.
    si : str
        Unit of the parsed value.
    example : str
        A good value, shown in messages.
    units : mapping of str to Fraction
        Every accepted unit and its exact size in the SI unit.
    display : tuple of str
        Templates for writing a value, small to large; ``{}`` is the number.
    counted : bool
        Whether the number may carry k, M, B, T, million, billion ...
    also : tuple of str
        Units worth naming in a message although no value is written in them.
    """

    name: str
    phrase: str
    si: str
    example: str
    units: Mapping[str, Ratio]
    display: tuple[str, ...]
    counted: bool = False
    also: tuple[str, ...] = ()


def _prefixed(bases: tuple[str, ...], factor: Ratio, prefixes: Mapping[str, int], radix: int) -> dict[str, Ratio]:
    return {f"{p}{base}": factor * radix**power for base in bases for p, power in prefixes.items()}


def _decimal(bases: tuple[str, ...], factor: Ratio | int = 1) -> dict[str, Ratio]:
    return _prefixed(bases, Ratio(factor), _DECIMAL, 10)


def _binary(bases: tuple[str, ...]) -> dict[str, Ratio]:
    return _prefixed(bases, Ratio(1), _BINARY, 2)


def _priced(per: Mapping[str, Ratio | int]) -> dict[str, Ratio]:
    return {f"{sign}/{unit}": 1 / Ratio(size) for sign in ("$", "USD") for unit, size in per.items()}


_GPU_TIME = {f"GPU-{unit}": size for unit, size in TIME_UNITS.items() if size >= 1}
_GPU_TIME_UNIT = {unit: size for unit, size in _GPU_TIME.items() if not unit.endswith("s") or unit == "GPU-s"}
_ENERGY = {f"{p}Wh": Ratio(_JOULES_PER_WH * 10**n) for p, n in _DECIMAL.items() if n <= 12}
_MASS = {"g": Ratio("1e-3"), "kg": Ratio(1), **dict.fromkeys(("t", "tonne", "tonnes"), Ratio(1000)), "kt": Ratio(10**6)}
_CORE_TIME_UNIT = {unit.replace("GPU", "core"): size for unit, size in _GPU_TIME_UNIT.items()}
_GB_MONTH = 10**9 * TIME_UNITS["month"]
_COUNT_SUFFIXES = ("", "k", "M", "B", "T")

DIMENSIONS: Mapping[str, Dimension] = {
    d.name: d
    for d in (
        Dimension(
            "time",
            "a time",
            "s",
            "30 min",
            TIME_UNITS,
            ("{} ns", "{} us", "{} ms", "{} s", "{} min", "{} h", "{} days"),
            also=("weeks", "months", "years"),
        ),
        Dimension(
            "bytes",
            "an amount of data",
            "B",
            "80 GB",
            _decimal(("B",)) | _binary(("B",)),
            tuple(f"{{}} {p}B" for p in (*_BINARY, *_DECIMAL)),
        ),
        Dimension(
            "bandwidth",
            "a bandwidth",
            "B/s",
            "400 Gbps or 50 GB/s",
            _decimal(("B/s", "Bps")) | _binary(("B/s",)) | _decimal(("bps", "b/s", "bit/s"), Ratio(1, 8)),
            tuple(f"{{}} {p}{base}" for base in ("bps", "B/s") for p in _DECIMAL),
        ),
        Dimension("power", "a power", "W", "700 W", _decimal(("W",)), tuple(f"{{}} {p}W" for p in _DECIMAL)),
        Dimension(
            "energy",
            "an energy",
            "J",
            "17 GWh",
            _ENERGY | _decimal(("J",)),
            ("{} J", *(f"{{}} {unit}" for unit in _ENERGY)),
        ),
        Dimension(
            "energy price",
            "a price of energy",
            "USD/J",
            "$0.098/kWh",
            _priced(_ENERGY),
            ("${}/kWh",),
            also=("$/MWh",),
        ),
        Dimension(
            "gpu price",
            "a price of GPU time",
            "USD per GPU-second",
            "$2.50/GPU-hour",
            _priced(_GPU_TIME_UNIT),
            ("${}/GPU-hour",),
            also=("$/GPU-day",),
        ),
        Dimension(
            "core price",
            "a price of CPU time",
            "USD per core-second",
            "$0.05/core-hour",
            _priced(_CORE_TIME_UNIT),
            ("${}/core-hour",),
            also=("$/core-day",),
        ),
        Dimension(
            "storage price",
            "a price of storage",
            "USD per byte-second",
            "$0.023/GB-month",
            _priced({"GB-month": _GB_MONTH, "TB-month": 1000 * _GB_MONTH}),
            ("${}/GB-month",),
            also=("$/TB-month",),
        ),
        Dimension(
            "gpu time",
            "a GPU time",
            "GPU-seconds",
            "30.84M GPU-hours",
            _GPU_TIME,
            tuple(f"{{}}{m} GPU-hours" for m in _COUNT_SUFFIXES),
            counted=True,
            also=("GPU-days", "GPU-years"),
        ),
        Dimension(
            "money",
            "an amount of money",
            "USD",
            "$60M",
            {"$": Ratio(1), "USD": Ratio(1)},
            tuple(f"${{}}{m}" for m in _COUNT_SUFFIXES),
            counted=True,
            also=("USD",),
        ),
        Dimension("mass", "a mass", "kg", "11390 t", _MASS, ("{} g", "{} kg", "{} t")),
        Dimension(
            "carbon intensity",
            "a carbon intensity",
            "kg/J",
            "390 g/kWh",
            {
                f"{mass}{gas}/{energy}": kg / joules
                for mass, kg in _MASS.items()
                for gas in ("", "CO2", "CO2e")
                for energy, joules in _ENERGY.items()
            },
            ("{} g/kWh",),
            also=("kg/kWh", "t/MWh"),
        ),
        Dimension(
            "flop rate",
            "a compute rate",
            "FLOP/s",
            "989.4 TFLOP/s",
            _decimal(("FLOP/s", "FLOPS")),
            tuple(f"{{}} {p}FLOP/s" for p in _DECIMAL),
        ),
        Dimension(
            "tokens",
            "a number of tokens",
            "tokens",
            "15.6T tokens",
            {"tokens": Ratio(1), "token": Ratio(1)},
            tuple(f"{{}}{m} tokens" for m in _COUNT_SUFFIXES),
            counted=True,
        ),
        Dimension(
            "documents",
            "a number of documents",
            "documents",
            "200B documents",
            {"documents": Ratio(1), "document": Ratio(1)},
            tuple(f"{{}}{m} documents" for m in _COUNT_SUFFIXES),
            counted=True,
        ),
        Dimension(
            "fraction",
            "a fraction",
            "1",
            "90 % or 0.9",
            {"%": Ratio(1, 100), "": Ratio(1)},
            ("{} %",),
        ),
    )
}
"""Every dimension by name."""
