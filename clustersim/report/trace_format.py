"""The Trace Event Format (Google, 2016), which Perfetto and chrome://tracing show: events, and files of them."""

import gzip
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clustersim._version import __version__

Event = dict[str, Any]

PRODUCT = "clustersim"

FIRST = 1
"""The least number of a process or a track. Not 0: Perfetto gave that number a meaning of its own, and drew tracks 0
and 1 as one."""


def name_process(number: int, name: str) -> Iterator[Event]:
    """A group of tracks, shown in the order of the numbers."""
    yield _meta("process_name", number, 0, name=name)
    yield _meta("process_sort_index", number, 0, sort_index=number)


def name_track(group: int, number: int, name: str, order: int) -> Iterator[Event]:
    """A track of a process, shown in the order given."""
    yield _meta("thread_name", group, number, name=name)
    yield _meta("thread_sort_index", group, number, sort_index=order)


def _meta(kind: str, group: int, number: int, **arguments: str | int) -> Event:
    return {"ph": "M", "name": kind, "pid": group, "tid": number, "args": arguments}


def trace_text(events: Sequence[Event], about: Mapping[str, Any]) -> str:
    """A trace as JSON, an event a line; ``about`` joins the product and its version in its metadata."""
    lines = ",\n".join(json.dumps(event, separators=(",", ":"), ensure_ascii=False) for event in events)
    head = json.dumps({"product": PRODUCT, "version": __version__, **about}, ensure_ascii=False)
    return f'{{"displayTimeUnit":"ms","otherData":{head},"traceEvents":[\n{lines}\n]}}\n'


def write_text(path: Path, text: str) -> None:
    """Write a trace, all or nothing; packed where the name ends in ``.gz``, which Perfetto opens as it is.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    data = text.encode("utf-8")
    if path.suffix.lower() == ".gz":
        # Without a time stamp, so that the same trace is the same bytes.
        data = gzip.compress(data, mtime=0)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
