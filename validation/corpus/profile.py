"""What the rules of the filter look at, worked out once for each document."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from validation.corpus.documents import Document

_WORD = re.compile(r"\w+")
_LETTER = re.compile(r"[^\W\d_]")


def words_of(text: str) -> list[str]:
    """Runs of letters, digits and underscores: what code calls an identifier and prose a word."""
    return _WORD.findall(text)


def has_letter(word: str) -> bool:
    """Whether a word has a letter of any alphabet."""
    return _LETTER.search(word) is not None


@dataclass(frozen=True, slots=True)
class Profile:
    """A document seen by the rules.

    Attributes
    ----------
    text : str
        The whole text.
    raw_lines : sequence of str
        Lines as they stand, whatever ends them.
    lines : sequence of str
        Lines that are not blank, without the space around them.
    words : sequence of str
        Words, as :func:`words_of` finds them.
    is_code : bool
        See :attr:`Document.is_code`.
    """

    text: str
    raw_lines: Sequence[str]
    lines: Sequence[str]
    words: Sequence[str]
    is_code: bool

    @classmethod
    def of(cls, document: Document) -> "Profile":
        """The profile of a document."""
        raw = document.text.splitlines()
        lines = [stripped for stripped in map(str.strip, raw) if stripped]
        return cls(document.text, raw, lines, words_of(document.text), document.is_code)

    @property
    def letters(self) -> int:
        """Letters of any alphabet."""
        return sum(map(str.isalpha, self.text))

    def share_of_lines(self, chosen: Iterable[bool]) -> float:
        """Share of the lines for which something holds."""
        return sum(chosen) / len(self.lines) if self.lines else 0.0

    def repeated(self) -> tuple[float, float]:
        """Shares of the lines, and of their characters, that stand in a line seen before."""
        seen: set[str] = set()
        lines = characters = 0
        for line in self.lines:
            if line in seen:
                lines += 1
                characters += len(line)
            seen.add(line)
        total = sum(map(len, self.lines))
        return (lines / len(self.lines), characters / total) if total else (0.0, 0.0)
