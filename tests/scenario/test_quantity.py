import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.dimensions import DIMENSIONS
from clustersim.scenario.quantity import (
    QuantityError,
    format_quantity,
    parse_number,
    parse_quantity,
    split_number,
    suggestion,
)

HOUR = 3600.0


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("30 min", "time", 1800.0),
        ("30min", "time", 1800.0),
        (" 1.5 h ", "time", 5400.0),
        ("5 y", "time", 5 * 365.25 * 86400),
        ("2 months", "time", 2 * 30.4375 * 86400),
        ("1 week", "time", 7 * 86400.0),
        ("250 us", "time", 250e-6),
        ("1e-3 s", "time", 1e-3),
        (".5 h", "time", 1800.0),
        ("80 GB", "bytes", 80e9),
        ("80 GiB", "bytes", 80 * 2.0**30),
        ("1.4 TiB", "bytes", 1.4 * 2.0**40),
        ("400 Gbps", "bandwidth", 50e9),
        ("400 Gb/s", "bandwidth", 50e9),
        ("50 GB/s", "bandwidth", 50e9),
        ("7 TB/s", "bandwidth", 7e12),
        ("10.2 kW", "power", 10200.0),
        ("1 kWh", "energy", 3.6e6),
        ("2 MJ", "energy", 2e6),
        ("$0.098/kWh", "energy price", 0.098 / 3.6e6),
        ("98 USD/MWh", "energy price", 0.098 / 3.6e6),
        ("$2.50/GPU-hour", "gpu price", 2.5 / HOUR),
        ("$ 2.50/GPU-h", "gpu price", 2.5 / HOUR),
        ("2.50 USD/GPU-hour", "gpu price", 2.5 / HOUR),
        ("30.84M GPU-hours", "gpu time", 30.84e6 * HOUR),
        ("30.84 million GPU-hours", "gpu time", 30.84e6 * HOUR),
        ("$60M", "money", 60e6),
        ("$1.5 billion", "money", 1.5e9),
        ("60M USD", "money", 60e6),
        ("8930 t", "mass", 8.93e6),
        ("390 g/kWh", "carbon intensity", 0.39 / 3.6e6),
        ("0.39 kgCO2e/kWh", "carbon intensity", 0.39 / 3.6e6),
        ("989.4 TFLOP/s", "flop rate", 989.4e12),
        ("15.6T tokens", "tokens", 15.6e12),
        ("252M tokens", "tokens", 252e6),
        ("1.2 trillion tokens", "tokens", 1.2e12),
        ("4096 tokens", "tokens", 4096.0),
        ("16k tokens", "tokens", 16000.0),
        ("90 %", "fraction", 0.9),
        ("90%", "fraction", 0.9),
        (0.9, "fraction", 0.9),
        (1, "fraction", 1.0),
        ("0.9", "fraction", 0.9),
    ],
)
def test_reads_numbers_with_units(text: str | float, dimension: str, value: float) -> None:
    assert parse_quantity(text, dimension) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("30", "time", "'30' has no unit: write e.g. 30 min"),
        (30, "time", "'30' has no unit: write e.g. 30 min"),
        ("2.5", "gpu price", "'2.5' has no unit: write e.g. $2.50/GPU-hour"),
        ("80", "bytes", "'80' has no unit: write e.g. 80 GB"),
        ("30 GB", "time", "'30 GB' is an amount of data, not a time: write e.g. 30 min"),
        ("half an hour", "time", "'half an hour' is not a time: write e.g. 30 min"),
        ("nan s", "time", "'nan s' is not a time: write e.g. 30 min"),
        ("inf s", "time", "'inf s' is not a time: write e.g. 30 min"),
        ("-5 s", "time", "'-5 s' is negative: a time is zero or more, e.g. 30 min"),
        ("1,000 s", "time", "'1,000 s' is not a time: write e.g. 30 min (no commas inside numbers)"),
        ("1e400 s", "time", "'1e400 s' is too large"),
        ("1" * 61 + " s", "time", "the number has 61 characters, more than 60"),
        (
            "30 mn",
            "time",
            "'30 mn' is not a time: unknown unit 'mn', did you mean 'min'? "
            "Known units: ns, us, ms, s, min, h, days, weeks, months, years",
        ),
        (
            "80 gb",
            "bytes",
            "'80 gb' is not an amount of data: unknown unit 'gb', did you mean 'GB'? "
            "Known units: KiB, MiB, GiB, TiB, PiB, B, kB, MB, GB, TB, PB, EB",
        ),
        ("3 pq", "tokens", "'3 pq' is not a number of tokens: unknown unit 'pq'; Known units: tokens"),
    ],
)
def test_says_what_is_wrong(text: str | float, dimension: str, message: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_quantity(text, dimension)
    assert str(caught.value) == message


def test_units_are_case_sensitive() -> None:
    assert parse_quantity("8 Mbps", "bandwidth") == parse_quantity("1 MB/s", "bandwidth")
    with pytest.raises(QuantityError, match="did you mean 'Mbps'"):
        parse_quantity("8 mbps", "bandwidth")


def test_multipliers_are_for_counted_things_only() -> None:
    with pytest.raises(QuantityError, match="unknown unit 'M s'"):
        parse_quantity("3M s", "time")


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(QuantityError, match="'inf' is not a finite number"):
        parse_quantity(math.inf, "fraction")


@pytest.mark.parametrize(
    ("text", "value"),
    [("419", 419.0), ("1.2M", 1.2e6), ("1.2 million", 1.2e6), ("200K", 2e5), (3, 3.0), (2.5, 2.5), ("-1", -1.0)],
)
def test_reads_plain_numbers(text: str | float, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize("text", ["", "many", "3 min", "nan", "1e", "0x10", "٣"])
def test_refuses_what_is_no_plain_number(text: str) -> None:
    with pytest.raises(QuantityError, match=r"is not a number: write e\.g\. 419 or 1\.2M"):
        parse_number(text)


def test_refuses_a_plain_number_that_no_float_holds() -> None:
    with pytest.raises(QuantityError, match="'1e999' is too large"):
        parse_number("1e999")


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (5400.0, "time", "90 min"),
        (60.0, "time", "1 min"),
        (86400.0, "time", "1 day"),
        (54 * 86400.0, "time", "54 days"),
        (0.59, "time", "590 ms"),
        (0.0, "time", "0 s"),
        (80e9, "bytes", "80 GB"),
        (80 * 2.0**30, "bytes", "80 GiB"),
        (50e9, "bandwidth", "50 GB/s"),
        (15.6e12, "tokens", "15.6T tokens"),
        (1.0, "tokens", "1 token"),
        (4096.0, "tokens", "4096 tokens"),
        (2.5 / 3600, "gpu price", "$2.5/GPU-hour"),
        (0.098 / 3.6e6, "energy price", "$0.098/kWh"),
        (0.39 / 3.6e6, "carbon intensity", "390 g/kWh"),
        (60e6, "money", "$60M"),
        (0.0, "money", "$0"),
        (1.0, "fraction", "100 %"),
        (0.0, "fraction", "0 %"),
        (989.4e12, "flop rate", "989.4 TFLOP/s"),
        (30.84e6 * HOUR, "gpu time", "30.84M GPU-hours"),
    ],
)
def test_writes_a_readable_unit(value: float, dimension: str, text: str) -> None:
    assert format_quantity(value, dimension) == text


@given(
    value=st.floats(min_value=0.0, allow_nan=False, allow_infinity=False),
    dimension=st.sampled_from(sorted(set(DIMENSIONS) - {"fraction"})),
)
def test_what_is_written_reads_back_exactly(value: float, dimension: str) -> None:
    assert parse_quantity(format_quantity(value, dimension), dimension) == value


@given(st.floats(min_value=0.0, max_value=1.0))
def test_fractions_read_back_exactly(value: float) -> None:
    assert parse_quantity(format_quantity(value, "fraction"), "fraction") == value


@given(st.sampled_from(sorted(DIMENSIONS)), st.data())
def test_every_known_unit_reads(dimension: str, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(sorted(DIMENSIONS[dimension].units)))
    text = f"$3{unit[1:]}" if unit.startswith("$") else f"3 {unit}"
    assert parse_quantity(text, dimension) == float(3 * DIMENSIONS[dimension].units[unit])


@given(st.text(max_size=20), st.sampled_from(sorted(DIMENSIONS)))
def test_any_text_is_a_value_or_an_error_for_the_user(text: str, dimension: str) -> None:
    with contextlib.suppress(QuantityError):
        value = parse_quantity(text, dimension)
        assert math.isfinite(value)
        assert value >= 0


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_example_is_good(dimension: str) -> None:
    for example in DIMENSIONS[dimension].example.split(" or "):
        assert parse_quantity(example, dimension) > 0


def test_splits_a_number_off() -> None:
    assert split_number("30 min") == (30, "min")
    assert split_number("min") is None


def test_suggests_the_same_word_in_another_case_first() -> None:
    assert suggestion("GIB", ["GB", "GiB"]) == ", did you mean 'GiB'?"
    assert suggestion("zzz", ["GB", "GiB"]) == ""
