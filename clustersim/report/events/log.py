"""The entries of a run in columns."""

from collections.abc import Iterable, Sequence
from typing import TextIO

from clustersim.report._plain import Plain
from clustersim.report.events.absences import absence_entries
from clustersim.report.events.checkpoints import Saved
from clustersim.report.events.course import course_entries
from clustersim.report.events.entry import NO_NODE, Entry, clock, length
from clustersim.report.events.incidents import incident_entries
from clustersim.report.events.shop import shop_entries
from clustersim.run.records import NO_CAUSE, Records

_TITLES = ("time", "event", "incident", "what", "node", "cost")
_RIGHT = (True, False, True, False, True, True)
_GAP = "  "
_SAME_MOMENT_DIGITS = 3
"""Decimals of a second to which moments are compared: less is rounding of simulated time."""


def event_log(records: Records, head: Sequence[str] = ()) -> str:
    """What happened in a run, a line each, in columns.

    Parameters
    ----------
    records : Records
        One run.
    head : sequence of str
        What to say of it above the columns; these lines and the titles begin with ``#``.

    Returns
    -------
    str
        ``time`` since the start, ``event``, number of the ``incident`` (its row in the records) that it is due to,
        ``what`` broke or which phase, first ``node``, ``cost`` (of an incident all the time it cost the job, of a stage
        its length), and the details. An empty field is a dash. The same records give the same text.
    """
    entries = sorted(_entries(records), key=lambda entry: (round(entry.t_s, _SAME_MOMENT_DIGITS), *entry[1:]))
    rows = [_fields(entry) for entry in entries]
    widths = [max(map(len, column)) for column in zip(_TITLES, *rows, strict=True)]
    lines = [_line(fields, widths, entry.detail) for fields, entry in zip(rows, entries, strict=True)]
    titles = _line(_TITLES, widths, "details")
    above = (*(f"# {' '.join(line.split())}" for line in head), f"#{titles[1:]}")
    return Plain("utf-8").clean("".join(f"{line}\n" for line in (*above, *lines)))


def print_log(text: str, file: TextIO) -> None:
    """Print an event log in the letters that the encoding of a file has."""
    file.write(Plain(file.encoding).clean(text))


def _entries(records: Records) -> Iterable[Entry]:
    saved = Saved(records)
    yield from incident_entries(records)
    yield from course_entries(records, saved)
    yield from saved.missing_entries()
    yield from shop_entries(records)
    yield from absence_entries(records)


def _fields(entry: Entry) -> tuple[str, ...]:
    return (
        # Room for the mark before the titles.
        f" {clock(entry.t_s)}",
        entry.event,
        "-" if entry.incident == NO_CAUSE else f"#{entry.incident}",
        " ".join(entry.what.split()) or "-",
        "-" if entry.node == NO_NODE else f"{entry.node}",
        length(entry.cost_s) if entry.cost_s else "-",
    )


def _line(fields: Sequence[str], widths: Sequence[int], detail: str) -> str:
    cells = (
        field.rjust(width) if right else field.ljust(width)
        for field, width, right in zip(fields, widths, _RIGHT, strict=True)
    )
    return _GAP.join((*cells, detail)).rstrip()
