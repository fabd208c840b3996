"""What a viewer of Trace Event files (Google, 2016) takes for granted, checked."""

import json
from collections import defaultdict
from typing import Any

Event = dict[str, Any]

ROUNDING_US = 0.0015
"""Times are whole nanoseconds, written as floats."""


def trace_errors(text: str) -> list[str]:
    """What is wrong with a trace; empty for one that Perfetto shows as it is meant."""
    trace = json.loads(text)
    found: list[str] = []
    tracks: dict[tuple[int, int], list[Event]] = defaultdict(list)
    names: dict[tuple[int, int], str] = {}
    counters: dict[str, list[Event]] = defaultdict(list)
    marked: set[tuple[int, int]] = set()
    for event in trace["traceEvents"]:
        key = (event["pid"], event["tid"])
        # Perfetto gives the number 0 a meaning of its own
        if event["ph"] != "M" and 0 in key:
            found.append(f"process or track 0: {event['name']}")
        if event["ph"] == "X":
            tracks[key].append(event)
        elif event["ph"] == "C":
            counters[event["name"]].append(event)
        elif event["ph"] == "i":
            marked.add(key)
            if event["s"] != "t" or event["ts"] < 0:
                found.append(f"{event['name']} is no instant of a track")
        elif event["name"] == "thread_name":
            names[key] = event["args"]["name"]
    found += [f"track {key} has no name" for key in {*tracks, *marked} if key not in names]
    found += [f"two tracks are called {name}" for name in names.values() if list(names.values()).count(name) > 1]
    for key, row in tracks.items():
        found += _nesting(names.get(key, str(key)), row)
    for name, steps in counters.items():
        times = [event["ts"] for event in steps]
        found += [f"{name} goes back in time"] if times != sorted(set(times)) else []
        found += [f"{name} is negative"] if any(value < 0 for one in steps for value in one["args"].values()) else []
    return found


def _nesting(name: str, row: list[Event]) -> list[str]:
    """Slices of a track lie one after the other or one inside the other."""
    found: list[str] = []
    open_ends: list[float] = []
    for event in sorted(row, key=lambda one: (one["ts"], -one["dur"])):
        start, end = event["ts"], event["ts"] + event["dur"]
        if start < 0.0 or event["dur"] < 0.0:
            found.append(f"{name}: {event['name']} starts before 0 or lasts less than nothing")
        while open_ends and open_ends[-1] <= start + ROUNDING_US:
            open_ends.pop()
        if open_ends and end > open_ends[-1] + ROUNDING_US:
            found.append(f"{name}: {event['name']} at {start} overlaps the slice before it")
        open_ends.append(end)
    return found


def span_us(text: str) -> float:
    """End of the last slice."""
    return max(float(e["ts"] + e["dur"]) for e in json.loads(text)["traceEvents"] if e["ph"] == "X")
