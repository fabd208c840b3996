"""One thing that happened, and how its numbers are written."""

from enum import IntEnum
from math import isnan
from typing import NamedTuple

from clustersim.report.numbers import SECONDS, write
from clustersim.run.records import NO_CAUSE, Table

NO_NODE = -1

_DAY_S = 86400
_SIZES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


class Place(IntEnum):
    """Order of what happens at the same moment: what ends, what breaks, what is done about it, what begins."""

    REPAIRED = 0
    CHECKPOINTS = 1
    INCIDENT = 2
    SHOP = 3
    REWIND = 4
    STAGE = 5
    TRAIN = 6
    END = 7


class Entry(NamedTuple):
    """A line of the log, before it is set in columns."""

    t_s: float
    place: Place
    event: str
    what: str = ""
    incident: int = NO_CAUSE
    node: int = NO_NODE
    cost_s: float = 0.0
    detail: str = ""


def clock(t_s: float) -> str:
    """A moment of the run as days and time of day since its start.

    Examples
    --------
    >>> clock(93784.4)
    '1d 02:03:04'
    """
    days, seconds = divmod(round(t_s), _DAY_S)
    return f"{days}d {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def length(seconds: float) -> str:
    """A length of time, to three digits."""
    return write(seconds, SECONDS)


def tokens_text(tokens: float) -> str:
    """Tokens to six digits: a rewind of minutes shows in a run of months.

    Examples
    --------
    >>> tokens_text(1_234_567_890_123.0), tokens_text(100.0)
    ('1.23457T tokens', '100 tokens')
    """
    size, symbol = next(((size, symbol) for size, symbol in _SIZES if tokens >= size), (1.0, ""))
    return f"{tokens / size:.6g}{symbol} tokens"


def counted(count: int, noun: str) -> str:
    """A number of things.

    Examples
    --------
    >>> counted(1, "node"), counted(12, "node")
    ('1 node', '12 nodes')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def others(table: Table, row: int, known: tuple[str, ...]) -> list[str]:
    """Columns of a record that the log has no words for, by their own names; those that say nothing are left out."""
    named = ((name, column[row].item()) for name, column in table.items() if name not in known)
    return [f"{name}={value}" for name, value in named if value not in (0, NO_CAUSE) and not isnan(value)]
