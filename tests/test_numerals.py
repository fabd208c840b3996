import pytest

from clustersim._numerals import short, times


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (30.84e6, 4, "30.84M"),
        (999_999.0, 3, "1M"),
        (8192.0, 3, "8,192"),
        (999.4, 3, "999"),
        (999.9, 3, "1,000"),
        (152.588, 4, "152.6"),
        (0.01234, 3, "0.0123"),
        (15.6e12, 3, "15.6T"),
        (-2.5e6, 3, "-2.5M"),
        (0.0, 3, "0"),
    ],
)
def test_short(value, digits, text):
    assert short(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (405e9, "405B"),
        (15.6e12, "15.6T"),
        (3.79e25, "3.79e+25"),
        (0.9999e12, "1T"),
        (128_256, "128,256"),
        (2.5e6, "2.5M"),
    ],
)
def test_numbers_of_a_plan(value, text):
    assert short(value) == text


def test_times():
    assert times(24.64) == "24.6 times"
    assert times(3144.2) == "3,144 times"
