"""A run as a trace for Perfetto and chrome://tracing: the job, what was saved, what broke, what was mended."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from clustersim.report.lanes import lanes
from clustersim.report.trace_format import FIRST, Event, name_process, name_track, trace_text, write_text
from clustersim.run.records import (
    EFFECTS,
    FATES,
    HITS,
    LOST,
    NO_CAUSE,
    STATES,
    UNREADABLE,
    UNWRITTEN,
    Column,
    Records,
    Table,
)
from clustersim.run.spans import TRAINING

JOB, INCIDENTS, REPAIRS = FIRST, FIRST + 1, FIRST + 2
"""Processes: groups of tracks."""

STATE_TRACK, PHASE_TRACK, CHECKPOINT_TRACK = FIRST, FIRST + 1, FIRST + 2
"""Tracks of the job; further lanes of the checkpoints follow the first."""

_TOKEN_POINTS = 2000
"""Points of the counter of tokens beside its falls: more than a screen has columns."""

_CODED = {"effect": EFFECTS, "hits": HITS}


def write_run_trace(path: Path, records: Records, about: Mapping[str, Any]) -> None:
    """Write a run as a trace, all or nothing; see :func:`run_trace_text`.

    Parameters
    ----------
    path : Path
        The file, by habit ``.json`` or, packed, ``.json.gz``; its folder must exist. It is replaced in one step.
    records : Records
        One run.
    about : mapping
        What the trace shows, for its metadata.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    write_text(path, run_trace_text(records, about))


def run_trace_text(records: Records, about: Mapping[str, Any]) -> str:
    """Text of the trace of a run. The same records give the same bytes.

    Returns
    -------
    str
        JSON in the Trace Event Format (Google, 2016), an event a line. Times are whole microseconds since the start of
        the job, so that neighbours on a track meet exactly; a slice that ends after the record ends with it.
    """
    events = [*_job(records), *_checkpoints(records), *_incidents(records), *_repairs(records)]
    return trace_text(events, {"ended": records.ended, **about})


def _job(records: Records) -> Iterator[Event]:
    """State, with the parts of a stage inside it; phase; and how far the model is trained."""
    yield from name_process(JOB, "job")
    yield from name_track(JOB, STATE_TRACK, "state", STATE_TRACK)
    yield from name_track(JOB, PHASE_TRACK, "phase", PHASE_TRACK)
    rows = records.intervals
    # An interval ends where the next begins, whatever the rounding of its own end.
    edges = _microseconds(np.append(rows["start_s"], records.end_s))
    state, part, phase, cause = (rows[name].tolist() for name in ("state", "part", "phase", "cause"))
    for first, end in _runs(zip(state, cause, strict=True)):
        yield _slice(JOB, STATE_TRACK, STATES[state[first]], edges[first], edges[end], _due_to(records, cause[first]))
        for number in range(first, end):
            if name := records.parts[part[number]]:
                yield _slice(JOB, STATE_TRACK, name, edges[number], edges[number + 1], {})
    for first, end in _runs(phase):
        yield _slice(JOB, PHASE_TRACK, records.phases[phase[first]], edges[first], edges[end], {})
    yield from _tokens(records, edges)


def _runs(keys: Any) -> Iterator[tuple[int, int]]:
    """First and one past the last of neighbours with the same key."""
    keys = list(keys)
    edges = [0, *(row for row in range(1, len(keys)) if keys[row] != keys[row - 1]), len(keys)]
    return ((first, end) for first, end in pairwise(edges) if end > first)


def _tokens(records: Records, edges: list[int]) -> Iterator[Event]:
    """Tokens in the weights: where training begins and ends, and often enough in between; a rewind is a fall."""
    rows = records.intervals
    trains = np.isin(rows["state"], TRAINING)
    turns = np.flatnonzero(np.append(True, trains[1:] != trains[:-1])[: len(trains)])
    even = np.arange(0, len(trains), max(1, len(trains) // _TOKEN_POINTS))
    shown = np.union1d(turns, even).tolist()
    values = {edges[row]: float(rows["tokens_start"][row]) for row in shown}
    if len(trains):
        values[edges[-1]] = float(rows["tokens_end"][-1])
    for at, tokens in values.items():
        yield _counter(JOB, "tokens", at, {"tokens": tokens})


def _checkpoints(records: Records) -> Iterator[Event]:
    """From the moment a checkpoint was taken to that at which it was durable; and those that were not, or not for long.

    They stand in the process of the job. Writes that overlap have lanes of their own.
    """
    rows = records.checkpoints
    whole = ~np.isnan(rows["durable_s"])
    taken, durable = (_microseconds(np.minimum(rows[name][whole], records.end_s)) for name in ("taken_s", "durable_s"))
    lane = lanes(taken, durable)
    for number in range(max(lane, default=0) + 1):
        name = f"checkpoints, lane {number + 1}" if number else "checkpoints"
        yield from name_track(JOB, CHECKPOINT_TRACK + number, name, CHECKPOINT_TRACK + number)
    steps = rows["step"].tolist()
    whole_steps = rows["step"][whole].tolist()
    tiers = [records.tiers[code] for code in rows["tier"][whole].tolist()]
    for number, step, tier, start, end in zip(lane, whole_steps, tiers, taken, durable, strict=True):
        yield _slice(JOB, CHECKPOINT_TRACK + number, "write", start, end, {"step": step, "tier": tier})
    gone = np.flatnonzero(np.isin(rows["fate"], (UNWRITTEN, LOST, UNREADABLE)))
    for row in gone[np.argsort(rows["fate"][gone], kind="stable")].tolist():
        fate, tier = FATES[rows["fate"][row]], records.tiers[rows["tier"][row]]
        when = "taken_s" if fate == FATES[UNWRITTEN] else "lost_s"
        at = _microseconds(np.minimum(rows[when][row : row + 1], records.end_s))[0]
        yield _instant(JOB, CHECKPOINT_TRACK, fate, at, {"step": steps[row], "tier": tier})


def _incidents(records: Records) -> Iterator[Event]:
    """A track for each category that struck, an instant for each time it did."""
    yield from name_process(INCIDENTS, "incidents")
    rows = records.incidents
    times, category = _microseconds(rows["t_s"]), rows["category"].tolist()
    for code in sorted(set(category)):
        yield from name_track(INCIDENTS, FIRST + code, records.categories[code], code)
    for number, (at, code) in enumerate(zip(times, category, strict=True)):
        arguments = {"incident": number, **_arguments(rows, number, ("t_s", "category"))}
        yield _instant(INCIDENTS, FIRST + code, arguments["effect"], at, arguments)


def _repairs(records: Records) -> Iterator[Event]:
    """Visits to the repair shop, each in a lane: waiting for hands, then the repair; and the nodes there, or away."""
    yield from name_process(REPAIRS, "repair shop")
    rows = records.repairs
    order = np.argsort(rows["queued_s"], kind="stable")
    queued, start, end = (
        _microseconds(np.minimum(rows[name][order], records.end_s)) for name in ("queued_s", "start_s", "end_s")
    )
    lane = lanes(queued, end)
    for number in range(max(lane, default=-1) + 1):
        yield from name_track(REPAIRS, FIRST + number, f"lane {number + 1}", number)
    for row, visit in enumerate(order.tolist()):
        arguments = {
            **_due_to(records, int(rows["cause"][visit])),
            **_arguments(rows, visit, ("queued_s", "start_s", "end_s", "cause")),
        }
        track = FIRST + lane[row]
        if start[row] > queued[row]:
            yield _slice(REPAIRS, track, "in the queue", queued[row], start[row], arguments)
        if end[row] > start[row]:
            yield _slice(REPAIRS, track, "repair", start[row], end[row], arguments)
    nodes = rows["nodes"][order]
    yield from _counts("nodes in the queue", queued, start, nodes)
    yield from _counts("nodes in repair", start, end, nodes)
    if away := records.absences:
        left, back = (_microseconds(np.minimum(away[name], records.end_s)) for name in ("left_s", "back_s"))
        yield from _counts("nodes away", left, back, away["nodes"])


def _counts(name: str, come: Sequence[int], go: Sequence[int], nodes: Column) -> Iterator[Event]:
    """Nodes that have come and not gone; of changes at one moment what is left of them."""
    times, at = np.unique(np.concatenate((come, go)).astype(np.int64), return_inverse=True)
    changes = np.bincount(at, np.concatenate((nodes, -nodes)), len(times)).astype(np.int64)
    for time, count in zip(times.tolist(), np.cumsum(changes).tolist(), strict=True):
        yield _counter(REPAIRS, name, time, {"nodes": count})


def _due_to(records: Records, incident: int) -> dict[str, Any]:
    """What a slice says of its cause."""
    if incident == NO_CAUSE:
        return {}
    return {"incident": incident, "cause": records.categories[int(records.incidents["category"][incident])]}


def _arguments(rows: Table, row: int, told: tuple[str, ...]) -> dict[str, Any]:
    """Columns of a record by name, with words in place of codes; JSON has no other numbers than finite ones."""
    values = {name: column[row].item() for name, column in rows.items() if name not in told}
    return {name: _CODED[name][value] if name in _CODED else value for name, value in values.items() if isfinite(value)}


def _slice(group: int, track: int, name: str, start: int, end: int, arguments: dict[str, Any]) -> Event:
    event: Event = {"ph": "X", "name": name, "pid": group, "tid": track, "ts": start, "dur": end - start}
    return {**event, "args": arguments} if arguments else event


def _instant(group: int, track: int, name: str, at: int, arguments: dict[str, Any]) -> Event:
    return {"ph": "i", "s": "t", "name": name, "pid": group, "tid": track, "ts": at, "args": arguments}


def _counter(group: int, name: str, at: int, values: dict[str, float]) -> Event:
    return {"ph": "C", "name": name, "pid": group, "tid": FIRST, "ts": at, "args": values}


def _microseconds(seconds: Column) -> list[int]:
    whole: list[int] = np.rint(np.asarray(seconds) * 1e6).astype(np.int64).tolist()
    return whole
