"""Nodes on their way through the repair shop."""

from collections.abc import Iterator

from clustersim.report.events.entry import Entry, Place, clock, counted, length, others
from clustersim.run.records import Records

_TOLD = ("queued_s", "start_s", "end_s", "nodes", "cause", "back_s", "retired", "failed")
_AT_ONCE_S = 1.0


def shop_entries(records: Records) -> Iterator[Entry]:
    """Nodes taken out, repairs that began late, and nodes that came back, or new ones, while the run lasted."""
    rows, incidents = records.repairs, records.incidents
    columns = (rows[name].tolist() for name in _TOLD)
    for number, (queued_s, start_s, _end_s, count, cause, back_s, retired, failed) in enumerate(
        zip(*columns, strict=True)
    ):
        what, node = records.categories[int(incidents["category"][cause])], int(incidents["node"][cause])
        nodes, waits = counted(count, "node"), start_s > queued_s + _AT_ONCE_S
        queue = [f"in the queue until {clock(start_s)}"] if waits else []
        details = [f"{nodes} to repair", *queue, *others(rows, number, _TOLD)]
        yield Entry(queued_s, Place.SHOP, "evict", what, cause, node, detail=", ".join(details))
        if waits and start_s <= records.end_s:
            detail = f"{nodes}, after {length(start_s - queued_s)} in the queue"
            yield Entry(start_s, Place.SHOP, "repair", what, cause, node, detail=detail)
        if back_s <= records.end_s:
            event = "replaced" if retired else "repaired"
            detail = f"{nodes}, out of service for {length(back_s - queued_s)}{', still broken' if failed else ''}"
            yield Entry(back_s, Place.REPAIRED, event, what, cause, node, detail=detail)
