"""Mistakes of the user, all of them at once."""

from collections.abc import Iterable


class ConfigurationError(Exception):
    """What the user asked for cannot be run; the command prints the problems and ends with exit code 2.

    Parameters
    ----------
    problems : iterable of str
        One line each: the file or the key, the value, and the way out.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
