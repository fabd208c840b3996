import pytest

from clustersim.bill._text import number, short


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


def test_signs_of_units():
    assert number(60e6, "USD") == "$60M"
    assert number(0.923, "fraction") == "92.3 %"
    assert number(5.0, "s") == "5"
