"""A file of links, CSV or JSON: the wiring of a custom graph."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from clustersim.hardware.topology.natural import natural_order
from clustersim.scenario.files import read_named_file
from clustersim.scenario.quantity import QuantityError, parse_quantity, suggestion
from clustersim.scenario.schema.fabric import GraphFabric

_KEYS = ("from", "to", "bandwidth", "latency", "cables", "tier")
_HEADING = "start with the heading from,to,bandwidth (and latency, cables, tier where wanted)"
TIERS = ("leaf", "spine", "core", "long")


@dataclass(frozen=True)
class FileLink:
    """One link of the file; bandwidth [bytes/s] of all its cables, latency [s]."""

    ends: tuple[str, str]
    bandwidth_bytes_s: float
    latency_s: float = 0.0
    cables: int = 1
    tier: str | None = None


@dataclass
class LinksFile:
    """Links in the order of the file, and what is wrong with it."""

    file: str
    nodes: tuple[str, ...] = ()
    links: list[FileLink] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def links_file(fabric: GraphFabric) -> LinksFile:
    """Read the file of a custom graph, with every problem in it."""
    text = fabric.text if fabric.text is not None else read_named_file(Path(fabric.file))
    return read_links(text, fabric.file, fabric.nodes)


@lru_cache(maxsize=16)
def read_links(text: str, file: str, nodes: str) -> LinksFile:
    """Read links.

    Parameters
    ----------
    text : str
        CSV, or JSON if it starts with a brace or a bracket.
    file : str
        Name in messages.
    nodes : str
        Pattern of the names that are nodes.

    Returns
    -------
    LinksFile
        Nodes in the order of the numbers in their names.
    """
    found = LinksFile(file)
    rows = _json_rows(found, text) if text.lstrip()[:1] in ("{", "[") else _csv_rows(found, text)
    seen: dict[frozenset[str], str] = {}
    for place, row in rows:
        link = _link(found, place, row)
        if link is None:
            continue
        both = frozenset(link.ends)
        if both in seen:
            found.problems.append(f"{place}: {'/'.join(link.ends)} is there already, at {seen[both]}: use 'cables'")
        seen.setdefault(both, place)
        found.links.append(link)
    _find_nodes(found, nodes)
    return found


def _find_nodes(found: LinksFile, pattern: str) -> None:
    names = {name for link in found.links for name in link.ends}
    found.nodes = tuple(sorted((name for name in names if fnmatchcase(name, pattern)), key=natural_order))
    if found.links and not found.nodes:
        some = ", ".join(sorted(names, key=natural_order)[:5])
        found.problems.append(f"{found.file}: no name fits 'nodes: {pattern}'; there are {some}")
    nodes = set(found.nodes)
    found.problems += [
        f"{found.file}: {'/'.join(link.ends)} joins two nodes, which do not forward: put a switch between them"
        for link in found.links
        if nodes.issuperset(link.ends)
    ]


def _csv_rows(found: LinksFile, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.partition("#")[0].strip()]
    if not lines:
        found.problems.append(f"{found.file}:1: is empty: {_HEADING}")
        return
    heading = [word.strip().lower() for word in next(csv.reader([lines[0][1]]))]
    if not {"from", "to", "bandwidth"} <= set(heading):
        found.problems.append(f"{found.file}:{lines[0][0]}: has no heading it can be read by: {_HEADING}")
        return
    for number, line in lines[1:]:
        cells = [cell.strip() for cell in next(csv.reader(io.StringIO(line)))]
        place = f"{found.file}:{number}"
        if len(cells) != len(heading):
            found.problems.append(f"{place}: has {len(cells)} columns, the heading has {len(heading)}")
            continue
        yield place, {key: cell for key, cell in zip(heading, cells, strict=True) if cell}


def _json_rows(found: LinksFile, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        found.problems.append(f"{found.file}:{error.lineno}: is not JSON: {error.msg}")
        return
    rows = value.get("links") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        found.problems.append(f'{found.file}:1: has no list of links: write {{"links": [{{"from": ...}}]}}')
        return
    for index, row in enumerate(rows):
        place = f"{found.file}: links[{index}]"
        if isinstance(row, dict):
            yield place, row
        else:
            found.problems.append(f"{place}: is not a mapping with from, to and bandwidth")


def _link(found: LinksFile, place: str, row: Mapping[str, Any]) -> FileLink | None:
    before = len(found.problems)
    for key in row.keys() - set(_KEYS):
        known = suggestion(key, _KEYS) or "; known: " + ", ".join(_KEYS)
        found.problems.append(f"{place}: unknown column '{key}'{known}")
    ends = (str(row.get("from", "")), str(row.get("to", "")))
    if not all(ends) or ends[0] == ends[1]:
        found.problems.append(f"{place}: must join two names, it has '{ends[0]}' and '{ends[1]}'")
    bandwidth = _quantity(found, place, row, "bandwidth")
    latency = _quantity(found, place, row, "latency") if "latency" in row else 0.0
    if bandwidth <= 0.0 and len(found.problems) == before:
        found.problems.append(f"{place}: bandwidth must be more than nothing; a link that is down goes to 'degraded'")
    cables = str(row.get("cables", 1))
    if not cables.isdecimal() or int(cables) < 1:
        found.problems.append(f"{place}: cables must be a whole number from 1, got '{cables}'")
    tier = row.get("tier")
    if tier is not None and tier not in TIERS:
        found.problems.append(
            f"{place}: unknown tier '{tier}'{suggestion(str(tier), TIERS)}; known: {', '.join(TIERS)}"
        )
    return FileLink(ends, bandwidth, latency, int(cables), tier) if len(found.problems) == before else None


def _quantity(found: LinksFile, place: str, row: Mapping[str, Any], key: str) -> float:
    dimension = "time" if key == "latency" else key
    try:
        return parse_quantity(row.get(key, ""), dimension)
    except QuantityError as error:
        found.problems.append(f"{place}: {key}: {error}")
        return 0.0
