from pathlib import Path

import pytest

from clustersim.tables.csv_lines import TableError, csv_lines, lines_in


def test_lines_keep_their_numbers_where_cells_span_several() -> None:
    header, lines = lines_in('a, b\n1,"x\ny"\n\n2,z\n', "t.csv")
    assert header == ("a", "b")
    assert [(line.line, line.cells) for line in lines] == [(2, ["1", "x\ny"]), (5, ["2", "z"])]


def test_a_file_is_read_like_its_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\ufeffa,b\n1,2\n", "utf-8")
    assert csv_lines(path) == lines_in("a,b\n1,2\n", "t.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [('a\n"b', "t.csv:2: not a CSV"), ("a\nb\0\n", "t.csv:2: holds a NUL byte")],
)
def test_says_where_a_text_is_no_csv(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        lines_in(text, "t.csv")


def test_says_where_a_file_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a\n\xff\n")
    with pytest.raises(TableError, match=r"t\.csv:2: not text in UTF-8"):
        csv_lines(path)
    with pytest.raises(TableError, match="No such file"):
        csv_lines(tmp_path / "gone.csv")
