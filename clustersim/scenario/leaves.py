"""Every setting of a resolved scenario, and its value as text."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from clustersim.scenario.document import Path
from clustersim.scenario.schema.law import Constant
from clustersim.scenario.schema.section import Section
from clustersim.scenario.schema.shape import below, dimension
from clustersim.scenario.units import (
    Amount,
    FailureRate,
    Speed,
    format_amount,
    format_quantity,
    format_rate,
    format_speed,
    format_timestamp,
)

CATALOGUE_ENTRY = "catalogue_entry"
_EXACT = 1e15


class Leaf(NamedTuple):
    """One setting: where it is, its validated value and what the schema says of it."""

    path: Path
    value: Any
    annotation: Any


def parts(value: Any) -> list[tuple[str | int, Any]]:
    """What lies directly below a validated value; nothing below a single setting, nor below a constant duration."""
    if isinstance(value, Constant):
        return []
    if isinstance(value, Section):
        named = [(name, getattr(value, name)) for name in type(value).model_fields]
        return [(name, part) for name, part in named if name != CATALOGUE_ENTRY or part is not None]
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, tuple) else []


def leaves(value: Any, annotation: Any, path: Path = ()) -> Iterator[Leaf]:
    """Walk over every setting, in the order of the schema."""
    below_it = parts(value)
    if not below_it:
        yield Leaf(path, value, annotation)
    for key, part in below_it:
        yield from leaves(part, below(annotation, key, value), (*path, key))


def value_text(value: Any, annotation: Any) -> str:
    """Write a validated value as a user would: with its unit, so that it reads back as the same."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Constant):
        return format_quantity(value.value, "time")
    if isinstance(value, FailureRate):
        return format_rate(value)
    if isinstance(value, Amount):
        return format_amount(value)
    if isinstance(value, Speed):
        return format_speed(value)
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, dict | tuple):
        return "{}" if isinstance(value, dict) else "[]"
    return _number(value, dimension(annotation)) if isinstance(value, float) else str(value)


def _number(value: float, unit: str | None) -> str:
    if unit:
        return format_quantity(value, unit)
    return f"{value:.0f}" if value.is_integer() and abs(value) < _EXACT else repr(value)
