"""Names in the order of the numbers in them: node2 before node10."""

import re

_NUMBER = re.compile(r"(\d+)")


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Key that sorts names as people count.

    Examples
    --------
    >>> sorted(["node10", "node2", "a"], key=natural_order)
    ['a', 'node2', 'node10']
    """
    parts = _NUMBER.split(name)
    return [(0, int(part), part) if index % 2 else (1, 0, part) for index, part in enumerate(parts)]
