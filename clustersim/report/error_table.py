"""Errors by group as plain text: one line a group, columns flush right."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

_NAME_WIDTH = 76


class ErrorLine(NamedTuple):
    """Errors of one group: rows, then fractions; ``mean`` may be left out of a whole table."""

    name: str
    rows: int
    median: float
    p90: float
    bias: float
    mean: float | None = None


def error_table(title: str, lines: Sequence[ErrorLine]) -> Iterator[str]:
    """Lay out a table of errors.

    Parameters
    ----------
    title : str
        Heading of the first column.
    lines : sequence of ErrorLine
        Groups, in their order.

    Yields
    ------
    str
        An empty line, the heading, and a line for each group; nothing without groups.
    """
    if not lines:
        return
    means = all(line.mean is not None for line in lines)
    headings = ("rows", "median", "p90", *(("mean",) if means else ()), "bias")
    names = [_cut(line.name) for line in lines]
    width = max(map(len, (title, *names)))
    yield ""
    yield f"{title:{width}}" + "".join(f"{heading:>9}" for heading in headings)
    for name, line in zip(names, lines, strict=True):
        sizes = (line.median, line.p90, *((line.mean,) if line.mean is not None and means else ()))
        yield f"{name:{width}}{line.rows:>9,}" + "".join(f"{size:>9.1%}" for size in sizes) + f"{line.bias:>+9.1%}"


def _cut(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 3]}..."
