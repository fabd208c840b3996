"""What makes a fabric impossible to build."""

from collections.abc import Iterable

Problem = tuple[str, str]
"""Dotted path of the setting at fault (``cluster.fabric.file``), and the message."""


class FabricError(ValueError):
    """A fabric that cannot be built or that cuts a job in two. Its text is one line a problem.

    Parameters
    ----------
    problems : iterable of (str, str)
        Path of the setting and message, in the order of the scenario.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{path}: {message}" for path, message in self.problems))
