"""The course of the job: stops stage by stage, rewinds, training taken up again, phases, the end."""

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from clustersim.report.events.checkpoints import Saved
from clustersim.report.events.entry import NO_NODE, Entry, Place, clock, counted, length, tokens_text
from clustersim.report.numbers import DAYS, FRACTION, write
from clustersim.run.metrics import effective_training_time, tokens_trained
from clustersim.run.records import JOB_START, NO_CAUSE, RECOMPUTE, RESTART, ROLLBACK, STATES, Records
from clustersim.run.spans import Span, parts_of, spans

_DAY_S = 86400.0
_ROUNDING = 1e-9
"""Relative rounding of token counts."""


def course_entries(records: Records, saved: Saved) -> Iterator[Entry]:
    """Spans of the run and what changes between them."""
    course = spans(records)
    for number, span in enumerate(course):
        following = course[number + 1] if number + 1 < len(course) else None
        if span.trains:
            yield _training(records, span, saved)
            yield saved.entry(span.start_s, span.end_s)
        else:
            yield from _stage(records, span, following)
    yield from _rewinds(records, saved)
    yield from _phases(records)
    yield from _sizes(records)
    yield _end(records)


def _stage(records: Records, span: Span, following: Span | None) -> Iterator[Entry]:
    """A restart in one line with its parts; of any other stage a line for each part."""
    parts = parts_of(records, span)
    what, node = _of_incident(records, span.cause)
    if span.state != RESTART:
        t_s = span.start_s
        named = parts or [("", span.end_s - span.start_s)]
        for name, group in groupby(named, key=lambda part: part[0]):
            length_s = sum(seconds for _, seconds in group)
            yield Entry(t_s, Place.STAGE, STATES[span.state], what, span.cause, node, length_s, name)
            t_s += length_s
        return
    details = [f"{name} {length(seconds)}" for name, seconds in parts]
    if following is not None and not following.trains:
        details.append("broken off")
    starts = span.cause == NO_CAUSE
    yield Entry(
        span.start_s, Place.STAGE, "start" if starts else STATES[span.state], what or JOB_START, span.cause, node,
        span.end_s - span.start_s, ", ".join(details),
    )  # fmt: skip


def _of_incident(records: Records, number: int) -> tuple[str, int]:
    """Category and node of an incident."""
    if number == NO_CAUSE:
        return "", NO_NODE
    rows = records.incidents
    return records.categories[int(rows["category"][number])], int(rows["node"][number])


def _training(records: Records, span: Span, saved: Saved) -> Entry:
    """Training begins, or is taken up again."""
    rows = slice(span.first, span.end)
    state = records.intervals["state"][rows]
    # The step that a failure breaks off gains no tokens, and is lost only when the span ends.
    gains = records.intervals["tokens_end"][rows] > records.intervals["tokens_start"][rows]
    again = np.isin(state, (RECOMPUTE, ROLLBACK)) & gains
    again_s = float((records.intervals["end_s"][rows] - records.intervals["start_s"][rows])[again].sum())
    details = [saved.position(float(records.intervals["tokens_start"][span.first]))]
    if again_s:
        details.append(f"{length(again_s)} of it done before")
    phase = records.phases[int(records.intervals["phase"][span.first])]
    return Entry(span.start_s, Place.TRAIN, "train", phase, detail=", ".join(details))


def _rewinds(records: Records, saved: Saved) -> Iterator[Entry]:
    """Where the tokens fall, the job has gone back to a checkpoint."""
    first, last = records.intervals["tokens_start"], records.intervals["tokens_end"]
    for row in (np.flatnonzero(first[1:] < last[:-1] * (1.0 - _ROUNDING)) + 1).tolist():
        t_s, cause = float(records.intervals["start_s"][row]), int(records.intervals["cause"][row])
        tokens = float(first[row])
        taken_s = saved.taken_s(tokens, t_s)
        source = "the beginning" if taken_s is None else f"the checkpoint of {clock(taken_s)}"
        lost = tokens_text(float(last[row - 1]) - tokens)
        detail = f"to {saved.position(tokens)}, {source}; {lost} lost"
        what, node = _of_incident(records, cause)
        yield Entry(t_s, Place.REWIND, "rewind", what, cause, node, detail=detail)


def _phases(records: Records) -> Iterator[Entry]:
    """Phases as training enters them, also when a rewind leads back into one."""
    phase = records.intervals["phase"]
    for row in (np.flatnonzero(np.diff(phase)) + 1).tolist():
        tokens = tokens_text(float(records.intervals["tokens_start"][row]))
        name = records.phases[int(phase[row])]
        yield Entry(float(records.intervals["start_s"][row]), Place.REWIND, "phase", name, detail=f"from {tokens}")


def _sizes(records: Records) -> Iterator[Entry]:
    """Changes of the number of nodes that the job has."""
    t_s, nodes = records.sizes["t_s"].tolist(), records.sizes["nodes"].tolist()
    for at_s, before, after in zip(t_s[1:], nodes, nodes[1:], strict=False):
        yield Entry(at_s, Place.SHOP, "size", counted(after, "node"), detail=f"{counted(before, 'node')} before")


def _end(records: Records) -> Entry:
    repairs = int((records.repairs["end_s"] > records.end_s).sum())
    details = [
        tokens_text(tokens_trained(records)),
        f"{write(effective_training_time(records), FRACTION)} of {write(records.end_s / _DAY_S, DAYS)} productive",
        *([f"{counted(repairs, 'repair')} not done"] if repairs else []),
    ]
    return Entry(records.end_s, Place.END, records.ended, detail=", ".join(details))
