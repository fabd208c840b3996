"""The course of a run in a few hundred spans: training, and each stage in which the job stood still."""

from typing import NamedTuple

import numpy as np

from clustersim.run.records import CHECKPOINT, PRODUCTIVE, RECOMPUTE, ROLLBACK, SLOWED, Records

TRAINING = (PRODUCTIVE, RECOMPUTE, CHECKPOINT, ROLLBACK, SLOWED)
"""States of a job that trains; in any other it stands still."""


class Span(NamedTuple):
    """Intervals that belong together: between two stops all of them, in a stop those of one state and cause."""

    first: int
    """First row of the intervals."""
    end: int
    """Row after the last."""
    start_s: float
    end_s: float
    trains: bool
    state: int
    """Of the first interval."""
    cause: int
    """Of the first interval."""


def spans(records: Records) -> list[Span]:
    """Spans of a run, in order, without gaps."""
    start_s, state, cause = (records.intervals[name] for name in ("start_s", "state", "cause"))
    if not len(state):
        return []
    trains = np.isin(state, TRAINING)
    changes = (state[1:] != state[:-1]) | (cause[1:] != cause[:-1])
    begins = (trains[1:] != trains[:-1]) | (changes & ~trains[1:])
    first = np.concatenate(([0], np.flatnonzero(begins) + 1))
    edges_s = np.append(start_s[first], records.end_s)
    columns = (
        first, np.append(first[1:], len(state)), edges_s[:-1], edges_s[1:], trains[first], state[first], cause[first],
    )  # fmt: skip
    return [Span._make(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def parts_of(records: Records, span: Span) -> list[tuple[str, float]]:
    """Parts of a span one after the other, and how long each was [s]; those without a name are left out."""
    rows = slice(span.first, span.end)
    lengths_s = records.intervals["end_s"][rows] - records.intervals["start_s"][rows]
    names = [records.parts[code] for code in records.intervals["part"][rows].tolist()]
    return [(name, length_s) for name, length_s in zip(names, lengths_s.tolist(), strict=True) if name]
