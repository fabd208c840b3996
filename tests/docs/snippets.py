"""The fenced blocks of a Markdown file, with the comment that stands before each."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"(?:<!-- (?P<note>.*?) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)


_OUTPUT = re.compile(r"output(?:, (?P<lines>\d+) lines)?: (?P<command>.*)")


class Snippet(NamedTuple):
    language: str
    note: str
    text: str

    @property
    def command(self) -> str:
        """The command whose output the block shows; empty if it shows none."""
        match = _OUTPUT.fullmatch(self.note)
        return match["command"] if match else ""

    def cut(self, output: str) -> str:
        """An output without trailing blanks, as much of it as the block shows."""
        match = _OUTPUT.fullmatch(self.note)
        lines = [line.rstrip() for line in output.strip().splitlines()]
        shown = int(match["lines"]) if match and match["lines"] else len(lines)
        return "\n".join(lines[:shown]) + "\n"


def snippets(path: Path) -> list[Snippet]:
    return [
        Snippet(match["language"], match["note"] or "", match["text"])
        for match in _BLOCK.finditer(path.read_text("utf-8"))
    ]
