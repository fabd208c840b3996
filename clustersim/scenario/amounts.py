"""Amounts of data in any of three units, and how fast one core or GPU gets through them: "16 documents/s per core"."""

import re
from dataclasses import dataclass
from typing import Literal, cast

from clustersim.scenario.dimensions import DIMENSIONS
from clustersim.scenario.quantity import QuantityError, format_quantity, parse_quantity

AmountUnit = Literal["bytes", "documents", "tokens"]
Processor = Literal["core", "gpu"]

AMOUNT_EXAMPLE = "36T tokens"
SPEED_EXAMPLE = "16 documents/s per core"

_UNITS: tuple[AmountUnit, ...] = ("documents", "tokens")
_SPEED = re.compile(r"(.+)/s\s+per\s+(core|GPU|gpu)")


@dataclass(frozen=True, slots=True)
class Amount:
    """So much data, in the unit in which it was counted."""

    value: float
    unit: AmountUnit


@dataclass(frozen=True, slots=True)
class Speed:
    """What one core or one GPU gets through in a second."""

    per_second: float
    unit: AmountUnit
    processor: Processor


def parse_amount(text: str) -> Amount:
    """Read an amount such as ``"36T tokens"``, ``"200B documents"`` or ``"24 TB"``.

    Raises
    ------
    QuantityError
        With a message for the user.
    """
    for unit in _UNITS:
        if any(text.rstrip().endswith(word) for word in DIMENSIONS[unit].units):
            return Amount(parse_quantity(text, unit), unit)
    try:
        return Amount(parse_quantity(text, "bytes"), "bytes")
    except QuantityError:
        msg = f"'{text}' is not an amount of data: write e.g. {AMOUNT_EXAMPLE}, 200B documents or 24 TB"
        raise QuantityError(msg) from None


def parse_speed(text: str) -> Speed:
    """Read a speed such as ``"370 kB/s per core"`` or ``"694k tokens/s per GPU"``.

    Raises
    ------
    QuantityError
        With a message for the user.
    """
    match = _SPEED.fullmatch(text.strip())
    if match is None:
        msg = f"'{text}' is not a speed of one core or GPU: write e.g. {SPEED_EXAMPLE} or 694k tokens/s per GPU"
        raise QuantityError(msg)
    amount = parse_amount(match[1])
    if amount.value <= 0.0:
        msg = f"'{text}' never gets through anything: write e.g. {SPEED_EXAMPLE}"
        raise QuantityError(msg)
    return Speed(amount.value, amount.unit, cast("Processor", match[2].lower()))


def format_amount(amount: Amount) -> str:
    """Write an amount so that :func:`parse_amount` gives the same one back.

    Examples
    --------
    >>> format_amount(Amount(36e12, "tokens"))
    '36T tokens'
    """
    return format_quantity(amount.value, amount.unit)


def format_speed(speed: Speed) -> str:
    """Write a speed so that :func:`parse_speed` gives the same one back.

    Examples
    --------
    >>> format_speed(parse_speed("694k tokens/s per GPU"))
    '694k tokens/s per GPU'
    """
    amount = format_amount(Amount(speed.per_second, speed.unit))
    return f"{amount}/s per {'GPU' if speed.processor == 'gpu' else 'core'}"
