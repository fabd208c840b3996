"""What broke, whom it hit, and what it cost."""

from collections.abc import Iterator

import numpy as np

from clustersim.report.events.entry import Entry, Place, clock, length, others, tokens_text
from clustersim.run.records import EFFECTS, HITS, SLOWED, STATES, Column, Records

_TOLD = ("t_s", "category", "node", "effect", "hits", "detect_s", "evicted_nodes", "manual", "skipped_tokens")
_FOUND_LATER = (EFFECTS.index("corrupt"), EFFECTS.index("loss_spike"))
_UNNOTICED = HITS.index("unnoticed")


def incident_entries(records: Records) -> Iterator[Entry]:
    """Every incident when it struck, and what was found later when it was found."""
    rows = records.incidents
    cost_s = _cost_s(records)
    last_felt_s = _last_felt_s(records)
    told = (name for name in _TOLD if name != "evicted_nodes")
    columns = (rows[name].tolist() for name in told)
    for number, (t_s, category, node, effect, hits, detect_s, manual, skipped) in enumerate(zip(*columns, strict=True)):
        name, spent_s = records.categories[category], cost_s[number].tolist()
        details = [f"hits {HITS[hits]}", *(["calls people"] if manual else []), *_by_state(spent_s)]
        if spent_s[SLOWED]:
            details.append(f"felt until {clock(last_felt_s[number])}")
        details += others(rows, number, _TOLD)
        yield Entry(t_s, Place.INCIDENT, EFFECTS[effect], name, number, node, sum(spent_s), ", ".join(details))
        if effect in _FOUND_LATER and hits != _UNNOTICED:
            detail = f"after {length(detect_s)}"
            if skipped:
                detail += f", {tokens_text(skipped)} of data left out"
            yield Entry(t_s + detect_s, Place.INCIDENT, "found", name, number, node, 0.0, detail)


def _by_state(spent_s: list[float]) -> list[str]:
    """Time lost in each state, the most first."""
    lost = sorted(((seconds, state) for state, seconds in zip(STATES, spent_s, strict=True) if seconds), reverse=True)
    return [f"{state} {length(seconds)}" for seconds, state in lost]


def _cost_s(records: Records) -> Column:
    """Time due to each incident in each state, shape (incidents, states) [s]."""
    state, cause = records.intervals["state"], records.intervals["cause"]
    due = cause >= 0
    lengths_s = (records.intervals["end_s"] - records.intervals["start_s"])[due]
    incidents = len(records.incidents["t_s"])
    sums_s = np.bincount(cause[due] * len(STATES) + state[due], lengths_s, incidents * len(STATES))
    return sums_s.reshape(incidents, len(STATES))


def _last_felt_s(records: Records) -> Column:
    """When each incident last slowed a step [s]; 0 for those that never did."""
    slow = records.intervals["state"] == SLOWED
    last_s = np.zeros(len(records.incidents["t_s"]))
    np.maximum.at(last_s, records.intervals["cause"][slow], records.intervals["end_s"][slow])
    return last_s
