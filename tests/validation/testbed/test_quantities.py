import math

import pytest

from validation.testbed.quantities import format_rate, format_size, parse_delay, parse_rate


@pytest.mark.parametrize(
    ("text", "rate_bytes_s"),
    [("200 Mbps", 25e6), ("1.5Gbps", 187.5e6), ("25 MB/s", 25e6), ("800 Kbps", 1e5), (" 1 GB/s ", 1e9)],
)
def test_rates_count_bits_or_bytes(text: str, rate_bytes_s: float) -> None:
    assert parse_rate(text) == rate_bytes_s


@pytest.mark.parametrize("value", ["200", 200, "fast", "200 mbps", "-1 Mbps", None, "200 ms"])
def test_a_rate_without_its_unit_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(ValueError, match=r"is not a rate; .* e\.g\. \"200 Mbps\""):
        parse_rate(value)


def test_a_link_that_carries_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="carries nothing"):
        parse_rate("0 Mbps")


def test_delays() -> None:
    assert parse_delay("250 us") == pytest.approx(250e-6)
    assert parse_delay("2 ms") == pytest.approx(2e-3)
    assert parse_delay("0 s") == 0.0
    with pytest.raises(ValueError, match="'5' is not a delay"):
        parse_delay("5")


def test_formats() -> None:
    assert format_rate(25e6) == "200 Mbps"
    assert format_rate(math.inf) == "unlimited"
    assert [format_size(size) for size in (512, 65536, 16 * 2**20)] == ["512 B", "64 KiB", "16 MiB"]
