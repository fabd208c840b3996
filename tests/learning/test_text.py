import pytest

from clustersim.learning._text import magnitude, times


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
def test_magnitude(value, text):
    assert magnitude(value) == text


def test_times():
    assert times(24.64) == "24.6 times"
    assert times(3144.2) == "3,144 times"
