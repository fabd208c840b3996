"""Tables of published rows: which files are none, and that no row of one that is gets lost."""

from pathlib import Path

import pytest

from clustersim.calibration.rows import TableError, read_rows, read_table
from tests.calibration.published import PUBLISHED
from tests.calibration.rows_table import row, write_rows


def test_rows_come_with_their_lines(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row(notes="two\nlines, quoted"), row(id="GOLD-2")])
    table = read_table(path)
    assert [record.line for record in table.records] == [2, 4]
    assert table.records[0].cells["notes"] == "two\nlines, quoted"
    assert table.columns == tuple(row())


def test_only_line_ends_end_lines(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row(notes="separator \u2028 and \x0c feed"), row(id="GOLD-2")])
    assert [record.cells["id"] for record in read_table(path).records] == ["GOLD-1", "GOLD-2"]


def test_byte_order_mark_and_windows_line_ends_are_no_damage(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row()])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_table(path).records[0].cells["id"] == "GOLD-1"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("rows.csv:1", "no header")),
        (b"\n", ("rows.csv:1", "no header")),
        (b"id,gpu\n1,h100\n", ("rows.csv:1", "lacks", "n_layers", "add them")),
        (b"id;gpu;n_gpus\n1;h100;8\n", ("rows.csv:1", "commas")),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", ("rows.csv:1", "UTF-8")),
        (b"id,gpu\n\x00\x00,1\n", ("rows.csv:2", "NUL")),
    ],
)
def test_a_file_that_is_no_such_table_is_told(tmp_path: Path, content: bytes, words: tuple[str, ...]) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(TableError) as error:
        read_table(path)
    for word in words:
        assert word in str(error.value)


def test_a_quote_that_never_ends_is_told_with_its_line(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row(), row(id="GOLD-2")])
    path.write_text(path.read_text("utf-8").replace("GOLD-2", '"GOLD-2'), "utf-8")
    with pytest.raises(TableError, match=r"rows\.csv:3: not a CSV"):
        read_table(path)


def test_repeated_columns_are_told(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row()])
    text = path.read_text("utf-8").replace("mem_gb_per_gpu", "gpu", 1)
    path.write_text(text, "utf-8")
    with pytest.raises(TableError, match="column gpu stands there twice"):
        read_table(path)


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(TableError, match=name):
        read_table(tmp_path / name)


def test_rows_for_a_fit_are_complete_and_timed(tmp_path: Path) -> None:
    rows = [
        row(id="good"),
        row(id="incomplete", missing="tp"),
        row(id="untimed", step_time_s=""),
        row(id="malformed", n_gpus="abc"),
        row(id="unknown card", gpu="h999"),
    ]
    read, skipped = read_rows(write_rows(tmp_path / "rows.csv", rows))
    assert [item.id for item in read] == ["good"]
    assert [item.id for item in skipped] == ["untimed", "malformed", "unknown card"]
    assert "line 4" in skipped[0].reason
    assert "'abc'" in skipped[1].reason
    more, _ = read_rows(tmp_path / "rows.csv", incomplete=True)
    assert [item.id for item in more] == ["good", "incomplete"]


def test_every_curated_row_is_read() -> None:
    read, skipped = read_rows(PUBLISHED / "step_times.csv")
    assert skipped == []
    assert len(read) == 85


def test_without_a_column_missing_a_guessed_shape_is_not_complete(tmp_path: Path) -> None:
    guessed = row(model="House model 8B", **dict.fromkeys(("n_layers", "hidden", "n_heads", "head_dim"), ""))
    named = row(
        **dict.fromkeys(("n_layers", "hidden", "n_heads", "head_dim", "n_kv_heads", "ffn_hidden", "vocab", "gated"), "")
    )
    rows = [{name: cell for name, cell in cells.items() if name != "missing"} for cells in (row(), guessed, named)]
    table = read_table(write_rows(tmp_path / "rows.csv", rows))
    assert [record.complete for record in table.records] == [True, False, True]
    assert [record.usable for record in table.records] == [True, False, True]
    framed = read_table(write_rows(tmp_path / "rows.csv", [row(missing="nan"), row(missing="None")]))
    assert all(record.complete and record.usable for record in framed.records)
