"""The folder: both files or none."""

import json
from pathlib import Path
from typing import Any

import pytest

from clustersim.study.scoreboard.output import PAGE, TREE, board_text, check_board_folder, write_board

BOARD: dict[str, Any] = {"schema": "clustersim.scoreboard/1", "bands": []}


def page(_tree: Any) -> str:
    return "<p>page</p>"


def test_both_files_are_written_and_an_earlier_board_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "new" / "board"
    write_board(BOARD, out, page)
    assert sorted(path.name for path in out.iterdir()) == sorted([PAGE, TREE])
    assert json.loads((out / TREE).read_text("utf-8")) == BOARD
    assert (out / PAGE).read_text("utf-8") == "<p>page</p>"
    write_board(BOARD | {"bands": [1]}, out, page)
    assert json.loads((out / TREE).read_text("utf-8"))["bands"] == [1]
    assert [path.name for path in out.parent.iterdir()] == ["board"]
    assert out.stat().st_mode & 0o777 == 0o755


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="no earlier scoreboard"):
        write_board(BOARD, tmp_path, page)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="is a file"):
        check_board_folder(tmp_path / "file")
    with pytest.raises(PermissionError, match="does not allow it"):
        check_board_folder(tmp_path / "file" / "board")
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / TREE).write_text("{")
    with pytest.raises(FileExistsError):
        check_board_folder(fake)
    (fake / TREE).write_text('{"schema": "clustersim.summary/1"}')
    with pytest.raises(FileExistsError):
        check_board_folder(fake)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError])
def test_an_interrupt_leaves_the_old_board_and_no_litter(tmp_path: Path, fault: type[BaseException]) -> None:
    out = tmp_path / "board"
    write_board(BOARD, out, page)

    def broken(_tree: Any) -> str:
        raise fault

    with pytest.raises(fault):
        write_board(BOARD | {"bands": [1]}, out, broken)
    assert json.loads((out / TREE).read_text("utf-8")) == BOARD
    assert [path.name for path in tmp_path.iterdir()] == ["board"]


def test_an_interrupt_between_the_files_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Path.write_text

    def cut(self: Path, *arguments: Any, **options: Any) -> int:
        if self.name == PAGE:
            raise KeyboardInterrupt
        return usual(self, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", cut)
    with pytest.raises(KeyboardInterrupt):
        write_board(BOARD, tmp_path / "board", page)
    assert list(tmp_path.iterdir()) == []


def test_json_has_no_number_that_json_lacks() -> None:
    with pytest.raises(ValueError, match="JSON"):
        board_text({"found": float("nan")})
