"""Good nodes that leave for a while."""

from collections.abc import Iterator

from clustersim.report.events.entry import Entry, Place, clock, counted, length
from clustersim.run.records import Records


def absence_entries(records: Records) -> Iterator[Entry]:
    """Nodes that leave, and those that came back while the run lasted."""
    rows, incidents = records.absences, records.incidents
    columns = (rows[name].tolist() for name in ("left_s", "back_s", "nodes", "cause") if rows)
    for left_s, back_s, count, cause in zip(*columns, strict=True):
        what, node = records.categories[int(incidents["category"][cause])], int(incidents["node"][cause])
        nodes = counted(count, "node")
        yield Entry(left_s, Place.SHOP, "away", what, cause, node, detail=f"{nodes} until {clock(back_s)}")
        if back_s <= records.end_s:
            detail = f"{nodes}, away for {length(back_s - left_s)}"
            yield Entry(back_s, Place.REPAIRED, "back", what, cause, node, detail=detail)
