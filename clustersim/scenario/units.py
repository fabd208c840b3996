"""The types of dimensional settings: text with a unit at the edge, an SI number inside."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from clustersim.scenario.amounts import (
    AMOUNT_EXAMPLE,
    SPEED_EXAMPLE,
    Amount,
    Speed,
    format_amount,
    format_speed,
    parse_amount,
    parse_speed,
)
from clustersim.scenario.dimensions import DIMENSIONS
from clustersim.scenario.quantity import (
    QuantityError,
    format_quantity,
    parse_number,
    parse_quantity,
)
from clustersim.scenario.rates import RATE_EXAMPLE, FailureRate, RateUnit, format_rate, parse_rate

__all__ = [
    "Amount",
    "Bandwidth",
    "Bytes",
    "CarbonIntensity",
    "CorePrice",
    "DataAmount",
    "Duration",
    "EnergyPrice",
    "FailureRate",
    "FlopRate",
    "Fraction",
    "GpuPrice",
    "Power",
    "ProcessingSpeed",
    "QuantityError",
    "RateUnit",
    "Speed",
    "StoragePrice",
    "Timestamp",
    "Tokens",
    "Unit",
    "UnitRate",
    "format_amount",
    "format_quantity",
    "format_rate",
    "format_speed",
    "format_timestamp",
    "parse_amount",
    "parse_number",
    "parse_quantity",
    "parse_rate",
    "parse_speed",
    "parse_timestamp",
]

TIMESTAMP_EXAMPLE = "2024-04-01"
_NUMBER_PATTERN = r"[+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?"


@dataclass(frozen=True, slots=True)
class Unit:
    """Marks a number type with its dimension, so that its value can be written with a unit again."""

    dimension: str


def parse_timestamp(text: str) -> datetime:
    """Read an ISO date or date and time; UTC when it names no zone.

    Returns
    -------
    datetime
        In UTC.

    Raises
    ------
    QuantityError
        If it is not an ISO date.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        msg = f"'{text}' is not a date: write e.g. {TIMESTAMP_EXAMPLE} or {TIMESTAMP_EXAMPLE}T08:30Z"
        raise QuantityError(msg) from None


def format_timestamp(moment: datetime) -> str:
    """Write a moment so that :func:`parse_timestamp` gives it back: the date alone at midnight UTC."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return text.removesuffix("T00:00:00") if text.endswith("T00:00:00") else f"{text}Z"


def _kind(value: object) -> str:
    return {dict: "a mapping", tuple: "a list", list: "a list", bool: str(value).lower(), type(None): "nothing"}.get(
        type(value), repr(value)
    )


def _quantity(dimension: str) -> tuple[BeforeValidator, WithJsonSchema, Unit]:
    table = DIMENSIONS[dimension]

    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            msg = f"{_kind(value)} is not {table.phrase}: write e.g. {table.example}"
            raise QuantityError(msg)
        return parse_quantity(value, dimension)

    return BeforeValidator(parse), WithJsonSchema(_json_schema(dimension)), Unit(dimension)


def _json_schema(dimension: str) -> dict[str, Any]:
    table = DIMENSIONS[dimension]
    money = any(unit.startswith("$") for unit in table.units)
    sign = "[$]?" if money else ""
    text: dict[str, Any] = {
        "type": "string",
        "pattern": f"^\\s*{sign}{_NUMBER_PATTERN}\\s*[^\\s0-9].*$",
        "examples": table.example.split(" or "),
        "title": f"{table.phrase} with its unit",
    }
    if "" in table.units:
        return {"anyOf": [{**text, "examples": ["90 %"]}, {"type": "number", "minimum": 0, "maximum": 1}]}
    return text


def _text(what: str, example: str, parse: Callable[[str], Any], accepted: type) -> BeforeValidator:
    def validate(value: object) -> Any:
        if isinstance(value, accepted):
            return value
        if isinstance(value, str):
            return parse(value)
        msg = f"{_kind(value)} is not {what}: write e.g. {example}"
        raise QuantityError(msg)

    return BeforeValidator(validate)


_TIME = _quantity("time")
_BYTES = _quantity("bytes")
_BANDWIDTH = _quantity("bandwidth")
_POWER = _quantity("power")
_ENERGY_PRICE = _quantity("energy price")
_GPU_PRICE = _quantity("gpu price")
_CARBON = _quantity("carbon intensity")
_FLOP_RATE = _quantity("flop rate")
_TOKENS = _quantity("tokens")
_FRACTION = _quantity("fraction")
_CORE_PRICE = _quantity("core price")
_STORAGE_PRICE = _quantity("storage price")

Duration = Annotated[float, *_TIME]
"""Seconds."""
Bytes = Annotated[float, *_BYTES]
"""Bytes."""
Bandwidth = Annotated[float, *_BANDWIDTH]
"""Bytes per second; bits and bytes are both understood ("400 Gbps", "50 GB/s")."""
Power = Annotated[float, *_POWER]
"""Watts."""
EnergyPrice = Annotated[float, *_ENERGY_PRICE]
"""USD per joule."""
GpuPrice = Annotated[float, *_GPU_PRICE]
"""USD per GPU-second."""
CorePrice = Annotated[float, *_CORE_PRICE]
"""USD per core-second."""
StoragePrice = Annotated[float, *_STORAGE_PRICE]
"""USD per byte-second."""
CarbonIntensity = Annotated[float, *_CARBON]
"""Kilograms of carbon dioxide per joule."""
FlopRate = Annotated[float, *_FLOP_RATE]
"""FLOP per second."""
Tokens = Annotated[float, *_TOKENS]
"""Tokens."""
Fraction = Annotated[float, *_FRACTION, Field(ge=0.0, le=1.0)]
"""Between 0 and 1; "90 %" or 0.9."""

Timestamp = Annotated[
    datetime,
    _text("a date", TIMESTAMP_EXAMPLE, parse_timestamp, datetime),
    WithJsonSchema({"type": "string", "title": "an ISO date", "examples": [TIMESTAMP_EXAMPLE, "2024-04-01T08:30Z"]}),
]
"""A moment in UTC."""

UnitRate = Annotated[
    FailureRate,
    _text("a failure rate", RATE_EXAMPLE, parse_rate, FailureRate),
    WithJsonSchema(
        {
            "type": "string",
            "title": "failures per unit and time",
            "pattern": r"^.+ per .*[A-Za-z]+-[A-Za-z]+\s*$",
            "examples": [RATE_EXAMPLE, "3.79 per 1000 node-days", "1 per job-day"],
        }
    ),
]
"""Failures per unit and second."""

DataAmount = Annotated[
    Amount,
    _text("an amount of data", AMOUNT_EXAMPLE, parse_amount, Amount),
    WithJsonSchema(
        {
            "type": "string",
            "title": "an amount of data, in bytes, documents or tokens",
            "pattern": f"^\\s*{_NUMBER_PATTERN}\\s*[^\\s0-9].*$",
            "examples": [AMOUNT_EXAMPLE, "200B documents", "24 TB"],
        }
    ),
]
"""Bytes, documents or tokens."""

ProcessingSpeed = Annotated[
    Speed,
    _text("a speed of one core or GPU", SPEED_EXAMPLE, parse_speed, Speed),
    WithJsonSchema(
        {
            "type": "string",
            "title": "what one core or one GPU gets through in a second",
            "pattern": r"^.+/s\s+per\s+(core|GPU|gpu)\s*$",
            "examples": [SPEED_EXAMPLE, "370 kB/s per core", "694k tokens/s per GPU"],
        }
    ),
]
"""Bytes, documents or tokens per second and processor."""
