"""What is wrong with a scenario, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """Where a value was written: a spot in a file, or a ``--set`` on the command line, which has no line."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    file : str
        File as the user named it, ``<preset NAME>``, or ``--set PATH``.
    line, column : int or None
        Position, both from 1; None for ``--set``.
    path : str
        Dotted path of the setting, e.g. ``training.phases[0].tokens``; empty for the file as a whole.
    message : str
        What is wrong, what was found and what would do.
    """

    file: str
    line: int | None
    column: int | None
    path: str
    message: str

    @classmethod
    def at(cls, place: Place, path: str, message: str) -> "Problem":
        """Make a problem at a place."""
        return cls(place.file, place.line, place.column, path, message)

    def __str__(self) -> str:
        place = str(Place(self.file, self.line, self.column))
        return (
            f"{place}: {self.message}"
            if not self.path or place == f"--set {self.path}"
            else (f"{place}: {self.path}: {self.message}")
        )


class ScenarioError(Exception):
    """A scenario that cannot be simulated. Its text is one line per problem.

    Parameters
    ----------
    problems : iterable of Problem
        Everything that is wrong, in the order to show it.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def in_reading_order(problems: Iterable[Problem], main_file: str) -> list[Problem]:
    """Sort problems by position: the main file first, then the files it extends, then the command line."""
    return sorted(
        dict.fromkeys(problems),
        key=lambda p: (p.line is None, p.file != main_file, p.file, p.line or 0, p.column or 0, p.path),
    )
