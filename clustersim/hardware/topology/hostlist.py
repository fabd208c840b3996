"""Slurm host lists: ``node[001-064,070],login``."""

import re
from collections.abc import Iterator
from itertools import product

_PIECE = re.compile(r"\[([^\[\]]*)\]|([^\[\],]+)")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_MOST_HOSTS = 1_000_000


class HostlistError(ValueError):
    """A text that is no host list; says which part, and what would do."""


def expand_hostlist(text: str) -> list[str]:
    """Write out a host list.

    Parameters
    ----------
    text : str
        Names separated by commas; brackets hold numbers and ranges, with leading zeros kept, and may occur more than
        once in a name.

    Returns
    -------
    list of str
        Names in the order of the list.

    Raises
    ------
    HostlistError
        If a bracket is not closed, or holds something else than numbers and rising ranges.

    Examples
    --------
    >>> expand_hostlist("node[08-10,3],login")
    ['node08', 'node09', 'node10', 'node3', 'login']
    """
    return [name for entry in _entries(text) for name in _names(entry)]


def _entries(text: str) -> Iterator[str]:
    """Entries between the commas that stand outside brackets."""
    depth, start = 0, 0
    for index, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if depth not in (0, 1):
            msg = f"'{text}': brackets cannot be nested or closed twice"
            raise HostlistError(msg)
        if letter == "," and not depth:
            yield text[start:index].strip()
            start = index + 1
    if depth:
        msg = f"'{text}': the bracket is not closed, write e.g. node[001-064,070]"
        raise HostlistError(msg)
    yield text[start:].strip()


def _names(entry: str) -> Iterator[str]:
    if not entry:
        msg = "a name is missing between two commas"
        raise HostlistError(msg)
    if re.search(r"\s", entry):
        msg = f"'{entry}' has a blank in it: separate names by commas"
        raise HostlistError(msg)
    pieces = [_numbers(match[1], entry) if match[2] is None else [match[2]] for match in _PIECE.finditer(entry)]
    for parts in product(*pieces):
        yield "".join(parts)


def _numbers(inside: str, entry: str) -> list[str]:
    found: list[str] = []
    for part in inside.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            msg = f"'{entry}': '{part}' is neither a number nor a range, write e.g. [001-064,070]"
            raise HostlistError(msg)
        first, last = match[1], match[2] or match[1]
        if int(last) < int(first) or int(last) - int(first) > _MOST_HOSTS:
            msg = f"'{entry}': the range {part} runs backwards or is too long"
            raise HostlistError(msg)
        found += [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
    return found
