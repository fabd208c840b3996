"""Text with a unit to an SI number and back, exactly."""

import difflib
import math
import re
from collections.abc import Iterable
from decimal import Decimal, localcontext
from fractions import Fraction as Ratio
from functools import lru_cache

from clustersim.scenario.dimensions import DIMENSIONS, MULTIPLIERS, Dimension

_NUMBER = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*(.*)", re.DOTALL)
_MULTIPLIER = re.compile(r"(thousand|million|billion|trillion|[kKMBT])(?![A-Za-z])\s*")
_LONGEST_NUMBER = 60
_MOST_DIGITS = 21
_SINGULAR = {"days": "day", "tokens": "token", "documents": "document", "GPU-hours": "GPU-hour"}


class QuantityError(ValueError):
    """A text that is not a number with a unit of the expected dimension. The message is meant for users."""


def nearest_word(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that ``word`` was probably meant to be.

    A word that differs only in its case comes first: ``gb`` means ``GB``.
    """
    names = list(known)
    same = [name for name in names if name.casefold() == word.casefold()]
    same.sort(key=lambda name: sum(a != b for a, b in zip(name, word, strict=False)))
    near = same or difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return near[0] if near else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ``", did you mean 'x'?"`` for the known word nearest to ``word``, or nothing."""
    near = nearest_word(word, known)
    return f", did you mean '{near}'?" if near else ""


def split_number(text: str) -> tuple[Ratio, str] | None:
    """Split ``"30 min"`` into its exact number and the rest; None when it does not start with a number."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    if len(match[1]) > _LONGEST_NUMBER:
        msg = f"the number has {len(match[1])} characters, more than {_LONGEST_NUMBER}"
        raise QuantityError(msg)
    return Ratio(match[1]), match[2]


def to_float(value: Ratio, text: str) -> float:
    """Round an exact number to a float; refuse what no float can hold."""
    try:
        return float(value)
    except OverflowError:
        msg = f"'{text}' is too large"
        raise QuantityError(msg) from None


def split_multiplier(rest: str) -> tuple[int, str]:
    """Split a leading ``M``, ``billion`` ... off the text behind a number."""
    match = _MULTIPLIER.match(rest)
    return (MULTIPLIERS[match[1]], rest[match.end() :]) if match else (1, rest)


def parse_number(text: str | float) -> float:
    """Read a plain number such as ``"1.5"``, ``"200M"`` or ``"1.2 million"``.

    Raises
    ------
    QuantityError
        If it is not a finite number.
    """
    if isinstance(text, int | float):
        return _finite(text)
    parts = split_number(text)
    if parts is not None:
        multiplier, rest = split_multiplier(parts[1])
        if not rest:
            return to_float(parts[0] * multiplier, text)
    msg = f"'{text}' is not a number: write e.g. 419 or 1.2M"
    raise QuantityError(msg)


def parse_quantity(text: str | float, dimension: str) -> float:
    """Read a number with a unit.

    Parameters
    ----------
    text : str or float
        What the user wrote. A bare number is accepted for a fraction only.
    dimension : str
        Name in :data:`clustersim.scenario.dimensions.DIMENSIONS`, e.g. ``"time"``.

    Returns
    -------
    float
        Value in SI units, rounded once.

    Raises
    ------
    QuantityError
        With a message for the user: no unit, an unknown unit, a unit of another dimension, a negative value.

    Examples
    --------
    >>> parse_quantity("30 min", "time")
    1800.0
    >>> parse_quantity("400 Gbps", "bandwidth")
    50000000000.0
    """
    written = repr(_finite(text)) if isinstance(text, int | float) else text
    return to_float(_exact(written, DIMENSIONS[dimension]), written)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        msg = f"'{value}' is not a finite number"
        raise QuantityError(msg)
    return value


def _exact(text: str, dimension: Dimension) -> Ratio:
    body = text.strip()
    sign, body = ("$", body[1:]) if body.startswith("$") else ("", body)
    parts = split_number(body)
    if parts is None:
        raise QuantityError(_not_one(text, dimension))
    number, unit = parts
    if dimension.counted:
        multiplier, unit = split_multiplier(unit)
        number *= multiplier
    factor = dimension.units.get(f"{sign}{unit.strip()}")
    if factor is None:
        raise QuantityError(_unit_problem(text, f"{sign}{unit.strip()}", dimension))
    if number < 0:
        msg = f"'{text}' is negative: {dimension.phrase} is zero or more, e.g. {dimension.example}"
        raise QuantityError(msg)
    return number * factor


def _not_one(text: str, dimension: Dimension) -> str:
    return f"'{text}' is not {dimension.phrase}: write e.g. {dimension.example}"


def _unit_problem(text: str, unit: str, dimension: Dimension) -> str:
    if not unit:
        return f"'{text}' has no unit: write e.g. {dimension.example}"
    if unit.startswith(","):
        return f"{_not_one(text, dimension)} (no commas inside numbers)"
    near = suggestion(unit, dimension.units)
    others = [other.phrase for other in DIMENSIONS.values() if unit in other.units]
    if others and not near:
        return f"'{text}' is {others[0]}, not {dimension.phrase}: write e.g. {dimension.example}"
    return f"'{text}' is not {dimension.phrase}: unknown unit '{unit}'{near or ';'} Known units: {_known(dimension)}"


def _known(dimension: Dimension) -> str:
    written = dimension.display[:1] if dimension.counted else dimension.display
    return ", ".join([*(template.replace("{}", "").strip() for template in written), *dimension.also])


def format_quantity(value: float, dimension: str) -> str:
    """Write an SI value with a readable unit, so that :func:`parse_quantity` gives the same float back.

    Parameters
    ----------
    value : float
        Value in SI units, finite and not negative.
    dimension : str
        Name in :data:`clustersim.scenario.dimensions.DIMENSIONS`.

    Examples
    --------
    >>> format_quantity(5400.0, "time")
    '90 min'
    >>> format_quantity(15.6e12, "tokens")
    '15.6T tokens'
    """
    table = DIMENSIONS[dimension]
    if value == 0.0:
        return table.display[_plain_unit(table)].format("0")
    exact = Ratio(_finite(value))
    templates = [t for t in table.display if 1 <= exact / _scale(t, dimension) < 10_000]
    if not templates:
        templates = [table.display[0] if exact < _scale(table.display[0], dimension) else table.display[-1]]
    numbers = [shortest(exact / _scale(t, dimension), _scale(t, dimension), value) for t in templates]
    best = min(range(len(templates)), key=lambda i: (len(numbers[i]), -i))
    return _grammatical(templates[best].format(numbers[best]), numbers[best])


def _plain_unit(table: Dimension) -> int:
    return next((i for i, t in enumerate(table.display) if t.replace("{}", "").strip() == table.si), 0)


def _grammatical(text: str, number: str) -> str:
    if number != "1":
        return text
    head, _, unit = text.rpartition(" ")
    return f"{head} {_SINGULAR[unit]}" if head == "1" and unit in _SINGULAR else text


@lru_cache(maxsize=256)
def _scale(template: str, dimension: str) -> Ratio:
    return _exact(template.format("1"), DIMENSIONS[dimension])


def shortest(number: Ratio, scale: Ratio, target: float) -> str:
    """Write ``number`` with as few digits as give ``target`` back when multiplied with ``scale`` and rounded once."""
    with localcontext() as context:
        context.prec = 2 * _MOST_DIGITS
        decimal = Decimal(number.numerator) / Decimal(number.denominator)
        for digits in range(1, _MOST_DIGITS):
            context.prec = digits
            text = _plain(+decimal)
            if _gives(Ratio(text) * scale, target):
                return text
        context.prec = _MOST_DIGITS
        return _plain(+decimal)


def _gives(exact: Ratio, target: float) -> bool:
    try:
        return float(exact) == target
    except OverflowError:
        return False


def _plain(number: Decimal) -> str:
    style = "f" if -6 <= number.adjusted() <= 15 else "e"
    text = format(number, style)
    if style == "f" and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text
