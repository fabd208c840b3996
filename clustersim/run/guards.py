"""What must hold for the records of every run, whatever the plan. On in tests; a run does not pay for it."""

import numpy as np

from clustersim.run.records import (
    CHECKPOINT,
    EFFECTS,
    NO_CAUSE,
    PRODUCTIVE,
    RECOMPUTE,
    RESTART,
    ROLLBACK,
    SLOWED,
    STATES,
    Column,
    Records,
)
from clustersim.run.sizes import full_size_time, time_by_size_s

_SLOW = EFFECTS.index("slow")

_GAP_S = 1e-5
"""Rounding of simulated time: a few units in the last place after a year, and dropped intervals of no length."""
_TOKENS = 1e-9
"""Relative rounding of token counts."""


def check_conservation(records: Records) -> None:
    """Check that time, GPU time and tokens are conserved.

    The intervals tile the wall clock, and the job changes its size between two; tokens grow with the work, fall only to
    a checkpoint that is there and are trained for the first time once each; every second lost has a cause, but for
    checkpoints and the start of the job, and time is slowed by something slow alone.

    Parameters
    ----------
    records : Records
        One run.

    Raises
    ------
    AssertionError
        With the numbers that disagree.
    """
    _check_time(records)
    _check_causes(records)
    _check_tokens(records)
    _check_rewinds(records)
    _check_repairs(records)
    if records.absences:
        _check_absences(records)
    _check_sizes(records)


def _check(good: Column | np.bool_ | bool, message: str, *numbers: object) -> None:
    if not np.all(good):
        text = message.format(*numbers)
        raise AssertionError(text)


def _check_time(records: Records) -> None:
    start_s, end_s = records.intervals["start_s"], records.intervals["end_s"]
    if records.end_s < _GAP_S:
        return
    _check(len(start_s) > 0, "no intervals in {} s", records.end_s)
    _check(end_s > start_s, "an interval of {} s", (end_s - start_s).min())
    gap_s = np.abs(np.concatenate((start_s, [records.end_s])) - np.concatenate(([0.0], end_s)))
    _check(gap_s < _GAP_S, "intervals leave or share {} s near {} s", gap_s.max(), end_s[gap_s[1:].argmax()])
    sums_s = np.bincount(records.intervals["state"], end_s - start_s, len(STATES))
    _check(abs(sums_s.sum() - records.end_s) <= 1e-6 * records.end_s, "states sum to {}, wall clock {}", sums_s, end_s)


def _check_causes(records: Records) -> None:
    state, cause = records.intervals["state"], records.intervals["cause"]
    incidents = len(records.incidents["t_s"])
    _check((cause >= NO_CAUSE) & (cause < incidents), "causes {} of {} incidents", np.unique(cause), incidents)
    started = np.cumsum(state != RESTART) > 0
    excused = (state == PRODUCTIVE) | (state == CHECKPOINT) | ((state == RESTART) & ~started)
    nameless = (cause == NO_CAUSE) & ~excused
    _check(~nameless, "time lost without a cause: states {}", [STATES[code] for code in np.unique(state[nameless])])
    # What takes nodes away slows the steps of a job that goes on without them.
    slows = (records.incidents["effect"] == _SLOW) | (records.incidents["evicted_nodes"] > 0)
    slow = slows[cause[state == SLOWED]]
    _check(slow, "{} intervals slowed by what is not slow", np.count_nonzero(~slow))
    t_s = records.incidents["t_s"]
    _check(np.diff(t_s) >= 0.0, "incidents out of order by {} s", np.diff(t_s).min(initial=0.0))
    # A step that is under way when something breaks is lost from its beginning, so the end of the interval counts.
    late_s = records.intervals["end_s"] - np.append(t_s, -np.inf)[cause]
    _check(late_s > -_GAP_S, "time lost {} s before its cause", -late_s.min(initial=0.0))


def _check_tokens(records: Records) -> None:
    first, last = records.intervals["tokens_start"], records.intervals["tokens_end"]
    state = records.intervals["state"]
    if not len(first):
        return
    slack = _TOKENS * max(1.0, float(last.max()))
    works = (state == PRODUCTIVE) | (state == RECOMPUTE) | (state == ROLLBACK)
    _check(last >= first, "an interval unlearns {} tokens", (first - last).max())
    _check(works | (last == first), "tokens in a state that trains nothing: {}", np.unique(state[last > first]))
    jumps = first - np.concatenate(([0.0], last[:-1]))
    _check(jumps <= slack, "tokens jump by {}", jumps.max())
    best = np.concatenate(([0.0], np.maximum.accumulate(last)[:-1]))
    new = state == PRODUCTIVE
    _check(np.abs(first - best)[new] <= slack, "productive work starts {} tokens off", np.abs(first - best)[new])
    _check((last <= best + slack)[works & ~new], "recomputed tokens that were never trained")


def _check_rewinds(records: Records) -> None:
    """Each fall of the tokens ends at the start or at a checkpoint that was durable by then, not yet lost, and good."""
    first, last = records.intervals["tokens_start"], records.intervals["tokens_end"]
    falls = np.flatnonzero(first[1:] < last[:-1] * (1.0 - _TOKENS)) + 1
    kept = records.checkpoints
    _check(np.diff(kept["taken_s"]) >= 0.0, "checkpoints out of order")
    good = kept["lost_s"] > kept["durable_s"]
    for row in falls.tolist():
        now_s = records.intervals["start_s"][row]
        there = good & (kept["durable_s"] <= now_s + _GAP_S) & (kept["lost_s"] >= now_s - _GAP_S)
        places = np.append(kept["tokens"][there], 0.0)
        off = np.abs(places - first[row]).min()
        _check(off <= _TOKENS * max(1.0, first[row]), "rewound to {} tokens, no durable checkpoint", first[row])


def _check_repairs(records: Records) -> None:
    repairs = records.repairs
    _check(repairs["start_s"] >= repairs["queued_s"], "a repair starts before it is queued")
    _check(repairs["end_s"] >= repairs["start_s"], "a repair ends before it starts")
    _check(np.diff(repairs["start_s"]) >= 0.0, "repairs overtake each other")


def _check_absences(records: Records) -> None:
    """Nodes leave for an incident that says how many they are, not before it, and come back later."""
    left_s, back_s, nodes, cause = (records.absences[name] for name in ("left_s", "back_s", "nodes", "cause"))
    _check(back_s >= left_s, "nodes are back {} s before they leave", (left_s - back_s).max(initial=0.0))
    _check(records.incidents["t_s"][cause] <= left_s + _GAP_S, "nodes leave before the incident that takes them")
    _check(nodes > 0, "an absence of no node")
    _check(records.incidents["evicted_nodes"][cause] == nodes, "incidents of other nodes than those that left")


def _check_sizes(records: Records) -> None:
    t_s, nodes = records.sizes["t_s"], records.sizes["nodes"]
    _check(len(t_s) > 0 and t_s[0] == 0.0, "no size of the job at its start")
    _check(np.diff(t_s) >= 0.0, "sizes out of order")
    _check(nodes > 0, "a job of {} nodes", nodes.min(initial=0))
    edges_s = np.append(records.intervals["end_s"], 0.0)
    off_s = np.abs(t_s[:, None] - edges_s).min(axis=1)[t_s <= records.end_s]
    _check(off_s < _GAP_S, "the size changes {} s from the nearest end of an interval", off_s.max(initial=0.0))
    most, by_size = int(nodes.max()), time_by_size_s(records)
    node_s, by_interval_s = sum(n * s for n, s in by_size.items()), most * full_size_time(records, most).end_s
    _check(abs(node_s - by_interval_s) <= 1e-6 * node_s, "{} node-seconds, in intervals {}", node_s, by_interval_s)
