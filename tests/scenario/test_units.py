from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from clustersim.scenario import units


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value, strict=True)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (units.Duration, "30 min", 1800.0),
        (units.Bytes, "80 GB", 80e9),
        (units.Bandwidth, "400 Gbps", 50e9),
        (units.Power, "700 W", 700.0),
        (units.EnergyPrice, "$3.6/kWh", 1e-6),
        (units.GpuPrice, "$3.6/GPU-hour", 1e-3),
        (units.CarbonIntensity, "3.6 kg/kWh", 1e-6),
        (units.FlopRate, "1 PFLOP/s", 1e15),
        (units.Tokens, "1T tokens", 1e12),
        (units.Fraction, "90 %", 0.9),
        (units.Fraction, 0.9, 0.9),
        (units.UnitRate, "1 per job-second", units.FailureRate(1.0, "job")),
        (units.UnitRate, units.FailureRate(1.0, "job"), units.FailureRate(1.0, "job")),
        (units.Timestamp, "2024-04-01", datetime(2024, 4, 1, tzinfo=UTC)),
    ],
)
def test_types_read_text_to_si(kind: Any, text: object, value: object) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (30, "'30' has no unit"),
        (30.5, "'30.5' has no unit"),
        (True, "true is not a time: write e.g. 30 min"),
        (None, "nothing is not a time"),
        ((1,), "a list is not a time"),
        ({"a": 1}, "a mapping is not a time"),
    ],
)
def test_a_duration_is_text(value: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        read(units.Duration, value)


@pytest.mark.parametrize("value", [1.5, "150 %"])
def test_a_fraction_is_at_most_one(value: object) -> None:
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        read(units.Fraction, value)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (units.UnitRate, "3 is not a failure rate: write e.g. 6.97"),
        (units.Timestamp, "3 is not a date: write e.g. 2024"),
    ],
)
def test_rates_and_dates_are_text(kind: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        read(kind, 3)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-04-01", datetime(2024, 4, 1, tzinfo=UTC)),
        ("2024-04-01 08:30", datetime(2024, 4, 1, 8, 30, tzinfo=UTC)),
        ("2024-04-01T08:30Z", datetime(2024, 4, 1, 8, 30, tzinfo=UTC)),
        ("2024-04-01T08:30+02:00", datetime(2024, 4, 1, 6, 30, tzinfo=UTC)),
    ],
)
def test_reads_dates(text: str, moment: datetime) -> None:
    assert units.parse_timestamp(text) == moment


@pytest.mark.parametrize("text", ["soon", "2024-13-01", "0001-01-01T00:00+14:00"])
def test_refuses_what_is_no_date(text: str) -> None:
    with pytest.raises(units.QuantityError, match=r"is not a date: write e\.g\. 2024-04-01 or 2024-04-01T08:30Z"):
        units.parse_timestamp(text)


def test_writes_dates_short() -> None:
    assert units.format_timestamp(datetime(2024, 4, 1, tzinfo=UTC)) == "2024-04-01"
    assert (
        units.format_timestamp(datetime(2024, 4, 1, 8, tzinfo=timezone(timedelta(hours=2)))) == "2024-04-01T06:00:00Z"
    )


@given(st.datetimes(timezones=st.just(UTC)))
def test_dates_read_back_exactly(moment: datetime) -> None:
    assert units.parse_timestamp(units.format_timestamp(moment)) == moment


@pytest.mark.parametrize("kind", [units.Duration, units.GpuPrice, units.UnitRate, units.Timestamp])
def test_the_json_schema_is_text_with_examples(kind: Any) -> None:
    schema = TypeAdapter(kind).json_schema()
    assert schema["type"] == "string"
    for example in schema["examples"]:
        read(kind, example)


def test_the_json_schema_of_a_fraction_takes_numbers_too() -> None:
    assert [part["type"] for part in TypeAdapter(units.Fraction).json_schema()["anyOf"]] == ["string", "number"]
