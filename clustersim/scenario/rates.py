"""Failure rates: "6.97 per million GPU-hours"."""

import re
from dataclasses import dataclass
from fractions import Fraction as Ratio
from typing import Literal, cast, get_args

from clustersim.scenario.dimensions import TIME_UNITS
from clustersim.scenario.quantity import QuantityError, shortest, split_multiplier, split_number, suggestion, to_float

RateUnit = Literal[
    "gpu", "nic", "node", "rack", "switch", "leaf", "spine", "pod", "pdu", "cooling_loop", "storage", "site", "job"
]
RATE_EXAMPLE = "6.97 per million GPU-hours"

_UNITS: tuple[str, ...] = get_args(RateUnit)
_WRITTEN = {"gpu": "GPU", "nic": "NIC", "pdu": "PDU"}
_EXPOSURE = re.compile(r"([A-Za-z_]+)-([A-Za-z]+)")
_COUNTS = (("", 1), ("1000 ", 10**3), ("million ", 10**6), ("billion ", 10**9))
_TIMES = (("hours", 3600), ("days", 86400), ("months", 2629800), ("years", 31557600))


@dataclass(frozen=True, slots=True)
class FailureRate:
    """Failures per unit and second, and what is counted as a unit."""

    per_second: float
    unit: RateUnit


def parse_rate(text: str) -> FailureRate:
    """Read a failure rate such as ``"3.79 per 1000 node-days"``, ``"1 per job-day"`` or ``"4 % per node-year"``.

    Raises
    ------
    QuantityError
        With a message for the user.
    """
    number, per, exposure = text.partition(" per ")
    count = _number(number, text)
    if not per:
        raise QuantityError(_not_a_rate(text, "it has no 'per'"))
    units, rest = _how_many(exposure.strip(), text)
    match = _EXPOSURE.fullmatch(rest)
    if match is None:
        raise QuantityError(_not_a_rate(text, f"'{rest}' is not a unit and a time such as GPU-hours"))
    unit = _unit(match[1], text)
    seconds = _seconds(match[2], text)
    return FailureRate(to_float(count / (units * seconds), text), unit)


def _number(written: str, text: str) -> Ratio:
    parts = split_number(written)
    if parts is None or parts[1].strip() not in ("", "%"):
        raise QuantityError(_not_a_rate(text, f"'{written}' is not a number"))
    if parts[0] < 0:
        raise QuantityError(_not_a_rate(text, "it is negative"))
    return parts[0] / 100 if parts[1] else parts[0]


def _how_many(exposure: str, text: str) -> tuple[Ratio, str]:
    number, rest = split_number(exposure) or (Ratio(1), exposure)
    multiplier, rest = split_multiplier(rest)
    if number <= 0:
        raise QuantityError(_not_a_rate(text, "it counts no units"))
    return number * multiplier, rest


def _unit(word: str, text: str) -> RateUnit:
    if word not in _UNITS and word not in _WRITTEN.values():
        known = [_WRITTEN.get(unit, unit) for unit in _UNITS]
        raise QuantityError(
            _not_a_rate(text, f"unknown unit '{word}'{suggestion(word, known) or ';'} Known units: {', '.join(known)}")
        )
    return cast("RateUnit", word.lower())


def _seconds(word: str, text: str) -> Ratio:
    if word not in TIME_UNITS:
        raise QuantityError(_not_a_rate(text, f"unknown time '{word}'{suggestion(word, TIME_UNITS)}"))
    return TIME_UNITS[word]


def _not_a_rate(text: str, reason: str) -> str:
    stop = "" if reason.endswith("?") else ";"
    return f"'{text}' is not a failure rate: {reason}{stop} write e.g. {RATE_EXAMPLE}"


def format_rate(rate: FailureRate) -> str:
    """Write a rate so that :func:`parse_rate` gives the same one back, in the denominator that needs fewest digits.

    Examples
    --------
    >>> format_rate(parse_rate("6.97 per million GPU-hours"))
    '6.97 per million GPU-hours'
    """
    name = _WRITTEN.get(rate.unit, rate.unit)
    if rate.per_second == 0.0:
        return f"0 per {name}-hour"
    written = [
        (shortest(exact, 1 / exposure, rate.per_second), f"{count}{name}-{time if count else time[:-1]}")
        for count, units in _COUNTS
        for time, seconds in _TIMES
        for exposure in (Ratio(units * seconds),)
        for exact in (Ratio(rate.per_second) * exposure,)
    ]
    tidy = [w for w in written if _is_tidy(w[0])] or written
    number, denominator = min(tidy, key=lambda w: len(w[0]))
    return f"{number} per {denominator}"


def _is_tidy(number: str) -> bool:
    return 0.1 <= float(number) < 1000
