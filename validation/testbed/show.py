"""A measurement as tables of text: what the README of this folder quotes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from validation.testbed.bounds import fit_line, ring_bound_s
from validation.testbed.quantities import format_rate, format_size
from validation.testbed.results import KIND, SCHEMA
from validation.testbed.topology import Link, Topology

Row = Sequence[str]


def tables(measurement: Mapping[str, Any], every_size: bool = False) -> str:
    """Write links, streams, collectives and steps of every topology.

    Parameters
    ----------
    measurement : mapping
        The file's content.
    every_size : bool
        Add every collective at every size to the lines fitted through them.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is no measurement of a testbed.
    """
    if (measurement["schema"], measurement["kind"]) != (SCHEMA, KIND):
        message = f"schema {measurement['schema']!r}, kind {measurement['kind']!r}; wanted {SCHEMA}, {KIND!r}"
        raise ValueError(message)
    return "\n".join(line for part in measurement["topologies"] for line in _topology(part, every_size)) + "\n"


def _topology(part: Mapping[str, Any], every_size: bool) -> Iterator[str]:
    topology = Topology(
        part["name"],
        part["description"],
        tuple(part["hosts"]),
        tuple(part["switches"]),
        tuple(Link(**link) for link in part["links"]),
    )
    links = ", ".join(f"{link.name} {format_rate(link.rate_bytes_s)}" for link in topology.links)
    yield f"== {topology.name}: {links} (load {part['load']:.1f})"
    header: Row = ("stream", "together", "MB/s", "expected", "ratio", "latency us")
    yield from _table(header, [_stream(record) for record in part["streams"]])
    header = (
        "op",
        "group",
        "together",
        "alpha ms",
        "beta ns/B",
        "bound ns/B",
        "beta/bound",
        "unlimited ns/B",
        "busy",
        "links/bytes",
    )
    yield from _table(header, [_fit(topology, records) for records in _by_case(part["collectives"])])
    header = ("op", "group", "together", "bytes", "ms", "of bound", "unlimited ms", "link bytes / bytes")
    if every_size:
        yield from _table(header, [_collective(topology, record) for record in part["collectives"]])
    header = ("job", "step s", "unlimited s", "ratio", "spread", "spread", "groups")
    yield from _table(header, [_step(record) for record in part["steps"]])
    yield from (f"not run: {section}: {reason}" for section, reason in part["not_run"].items())


def _stream(record: Mapping[str, Any]) -> Row:
    rate, expected = record["rate_bytes_s"] / 1e6, record["expected_bytes_s"] / 1e6
    stream = f"{record['source']}->{record['target']}"
    ratio, latency_us = rate / expected, record["latency_s"] * 1e6
    return stream, str(record["together"]), f"{rate:.3f}", f"{expected:.3f}", f"{ratio:.3f}", f"{latency_us:.0f}"


def _by_case(records: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        found.setdefault(str((record["op"], record["group"], record["together"])), []).append(record)
    return list(found.values())


def _fit(topology: Topology, records: Sequence[Mapping[str, Any]]) -> Row:
    first = records[0]
    sizes = [record["bytes"] for record in records]
    alpha_s, beta = fit_line(sizes, [record["time_s"] for record in records])
    bound = ring_bound_s(topology, first["op"], tuple(first["group"]), _together(first), 1.0)
    largest = max(records, key=lambda record: int(record["bytes"]))
    free = largest["baseline_time_s"]
    return (
        first["op"],
        ",".join(first["group"]),
        str(len(first["together"])),
        f"{alpha_s * 1e3:.2f}",
        f"{beta * 1e9:.1f}",
        f"{bound * 1e9:.1f}",
        f"{beta / bound:.3f}",
        "-" if free is None else f"{free / largest['bytes'] * 1e9:.1f}",
        f"{max(record['busy'] for record in records):.2f}",
        _link_shares(largest),
    )


def _collective(topology: Topology, record: Mapping[str, Any]) -> Row:
    bound_s = ring_bound_s(topology, record["op"], tuple(record["group"]), _together(record), record["bytes"])
    free = record["baseline_time_s"]
    return (
        record["op"],
        ",".join(record["group"]),
        str(len(record["together"])),
        format_size(record["bytes"]),
        f"{record['time_s'] * 1e3:.2f}",
        f"{record['time_s'] / bound_s:.3f}",
        "-" if free is None else f"{free * 1e3:.2f}",
        _link_shares(record),
    )


def _link_shares(record: Mapping[str, Any]) -> str:
    """Bytes that links carried both ways, in units of the tensor's; the links with equal ones together."""
    names: dict[str, list[str]] = {}
    for name, (to, back) in record["link_bytes"].items():
        if max(to, back) > 0.01 * record["bytes"]:
            names.setdefault(f"{to / record['bytes']:.2f}/{back / record['bytes']:.2f}", []).append(name)
    return ", ".join(f"{' '.join(links)} {share}" for share, links in names.items())


def _step(record: Mapping[str, Any]) -> Row:
    groups = "; ".join(
        f"{dimension} {' '.join('-'.join(group) for group in groups)}" for dimension, groups in record["groups"].items()
    )
    limited_s, free_s = record["step_time_s"], record["baseline_step_time_s"]
    ratio, spread, free_spread = limited_s / free_s, record["spread"], record["baseline_spread"]
    return (
        record["name"],
        f"{limited_s:.3f}",
        f"{free_s:.3f}",
        f"{ratio:.2f}",
        f"{spread:.1%}",
        f"{free_spread:.1%}",
        groups,
    )


def _together(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [tuple(group) for group in record["together"]]


def _table(header: Row, rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
