"""The fenced blocks of a Markdown file, with the comment that stands before each."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"(?:<!-- (?P<note>.*?) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)


class Snippet(NamedTuple):
    language: str
    note: str
    text: str


def snippets(path: Path) -> list[Snippet]:
    return [
        Snippet(match["language"], match["note"] or "", match["text"])
        for match in _BLOCK.finditer(path.read_text("utf-8"))
    ]
