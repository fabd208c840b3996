"""The folder of a scoreboard: its page and its tree as JSON, all or nothing."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clustersim.study.folder import put_in_place, refuse_other_folder
from clustersim.study.scoreboard.tree import SCHEMA

TREE = "scoreboard.json"
PAGE = "scoreboard.html"

Render = Callable[[Mapping[str, Any]], str]


def board_text(tree: Mapping[str, Any]) -> str:
    """A scoreboard as JSON text."""
    return json.dumps(tree, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def write_board(tree: Mapping[str, Any], folder: Path, render: Render) -> None:
    """Write both files beside the folder first, then put them in place in one move.

    Parameters
    ----------
    tree : mapping
        ``clustersim.scoreboard/1``.
    folder : Path
        Replaced if it is an earlier scoreboard.
    render : callable
        Makes the page of the tree.

    Raises
    ------
    OSError
        If the folder holds anything else, or cannot be written.
    """
    check_board_folder(folder)
    texts = {TREE: board_text(tree), PAGE: render(tree)}
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, text in texts.items():
            (draft / name).write_text(text, encoding="utf-8", newline="\n")
        draft.chmod(0o755)
        put_in_place(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check_board_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than an earlier scoreboard, or that cannot be made.

    Raises
    ------
    OSError
        Saying why.
    """
    refuse_other_folder(folder, _is_earlier_board, "scoreboard")


def _is_earlier_board(folder: Path) -> bool:
    if not {path.name for path in folder.iterdir()} <= {TREE, PAGE}:
        return False
    try:
        tree = json.loads((folder / TREE).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(tree, dict) and tree.get("schema") == SCHEMA
