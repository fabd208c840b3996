import pytest

from clustersim.tables.numbers import number_in, said


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234,567.5", 1234567.5),
        (" 2e9 ", 2e9),
        ("-3", -3.0),
        ("1,5", None),
        ("12,34", None),
        ("inf", None),
        ("nan", None),
        ("12 B", None),
    ],
)
def test_a_number_is_what_all_of_the_world_reads_alike(text: str, value: float | None) -> None:
    assert number_in(text) == value


@pytest.mark.parametrize("text", ["", " ", "NaN", "None", "n/a", "-", None])
def test_nothing_is_said_in_many_ways(text: str | None) -> None:
    assert said(text) == ""


def test_what_is_said_stands_without_space() -> None:
    assert said(" 3.1 ") == "3.1"
