"""Headers of tables, and rows under them."""

from pathlib import Path

import pytest

from clustersim.tables.csv_lines import TableError
from clustersim.tables.header import cells_by_column, check_header

NEEDED = ("run", ("size", "parameters"), "tokens")


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ((), "no header: lacks the columns run, size or parameters, tokens; the first line has to name them"),
        (("run;size;tokens",), "not separated by commas; export the table as CSV with commas"),
        (("run", "tokens"), "lacks the columns size or parameters; look it up"),
        (("run", "size", "tokens", "run"), "column run stands there twice; rename one of them"),
    ],
)
def test_a_header_is_refused_with_the_way_out(header: tuple[str, ...], problem: str) -> None:
    with pytest.raises(TableError) as refused:
        check_header(Path("t.csv"), header, NEEDED, "look it up")
    assert str(refused.value) == f"t.csv:1: {problem}"


def test_one_of_several_names_is_enough() -> None:
    check_header(Path("t.csv"), ("tokens", "parameters", "run", "more"), NEEDED)


def test_a_row_of_another_length_keeps_what_has_a_column() -> None:
    assert cells_by_column(["1", "2"], ["a", "b"]) == ({"a": "1", "b": "2"}, "")
    assert cells_by_column(["1"], ["a", "b"]) == ({"a": "1", "b": ""}, "1 cells under 2 columns")
    assert cells_by_column(["1", "2", "3"], ["a", "b"]) == ({"a": "1", "b": "2"}, "3 cells under 2 columns")
