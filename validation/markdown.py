"""Tables as Markdown."""

from collections.abc import Iterable, Sequence


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1, tail: int = 0) -> str:
    """Rows of text under headings: the first ``words`` and the last ``tail`` columns flush left, the others right."""
    marks = ["---"] * words + ["--:"] * (len(columns) - words - tail) + ["---"] * tail
    lines = (columns, marks, *rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in lines)


def share(value: float) -> str:
    """A fraction as a percentage with one decimal."""
    return f"{100.0 * value:.1f} %"


def signed(value: float) -> str:
    """A change as a percentage with its sign."""
    return f"{100.0 * value:+.1f} %"
