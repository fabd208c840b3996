"""Amounts of data and speeds of processors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from clustersim.scenario.quantity import QuantityError

units = st.sampled_from(["bytes", "documents", "tokens"])


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("36T tokens", Amount(36e12, "tokens")),
        ("200B documents", Amount(200e9, "documents")),
        ("1 document", Amount(1.0, "documents")),
        ("24 TB", Amount(24e12, "bytes")),
        ("5 GiB", Amount(5 * 2.0**30, "bytes")),
        (AMOUNT_EXAMPLE, Amount(36e12, "tokens")),
    ],
)
def test_reads_amounts(text: str, amount: Amount) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("370 kB/s per core", Speed(370e3, "bytes", "core")),
        ("694k tokens/s per GPU", Speed(694e3, "tokens", "gpu")),
        ("2 tokens/s  per gpu", Speed(2.0, "tokens", "gpu")),
        (SPEED_EXAMPLE, Speed(16.0, "documents", "core")),
    ],
)
def test_reads_speeds(text: str, speed: Speed) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["", "24", "24 pages", "-1 TB", "many tokens", "24 TB/s"])
def test_refuses_what_is_no_amount(text: str) -> None:
    with pytest.raises(QuantityError, match=r"is not an amount of data|is not a number of tokens"):
        parse_amount(text)


@pytest.mark.parametrize("text", ["16 documents/s", "16 documents per core", "0 B/s per core", "fast/s per GPU"])
def test_refuses_what_is_no_speed(text: str) -> None:
    with pytest.raises(QuantityError, match=r"write e\.g\. "):
        parse_speed(text)


@given(st.floats(0.0, 1e20), units)
def test_amounts_read_back(value: float, unit: str) -> None:
    assert parse_amount(format_amount(Amount(value, unit))) == Amount(value, unit)  # type: ignore[arg-type]


@given(st.floats(1e-6, 1e20), units, st.sampled_from(["core", "gpu"]))
def test_speeds_read_back(value: float, unit: str, processor: str) -> None:
    speed = Speed(value, unit, processor)  # type: ignore[arg-type]
    assert parse_speed(format_speed(speed)) == speed
