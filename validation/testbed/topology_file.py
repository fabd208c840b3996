"""Reads topologies from TOML, and reports everything that is wrong at once."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from validation.testbed.quantities import parse_delay, parse_rate
from validation.testbed.topology import Link, Topology, TopologyError, check

SHIPPED = Path(__file__).with_name("topologies.toml")
"""The topologies that ``list`` names."""

_KEYS = ("description", "hosts", "switches", "links")
_LINK_KEYS = ("a", "b", "rate", "delay")
_MISSING = object()
_NONE: tuple[str, ...] = ()
_Value = TypeVar("_Value")


def read_topologies(path: Path = SHIPPED) -> dict[str, Topology]:
    """Read every topology of a file.

    Parameters
    ----------
    path : Path
        TOML: one table a topology, with the keys description, hosts, switches and links.

    Returns
    -------
    dict of str to Topology
        In the order of the file.

    Raises
    ------
    TopologyError
        One line a problem: file, topology, setting, value and the way out.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TopologyError([f"{path}: {getattr(error, 'strerror', None) or error}"]) from None
    problems: list[str] = []
    found: dict[str, Topology] = {}
    for name, table in tables.items():
        try:
            found[name] = check(_topology(name, table))
        except TopologyError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
    if problems or not found:
        raise TopologyError(problems or [f"{path}: holds no topology; write a table such as [one-switch]"])
    return found


def _topology(name: str, table: object) -> Topology:
    if not isinstance(table, dict):
        raise TopologyError([f"{name}: {table!r} is not a topology; write a table [{name}]"])
    problems = list(_unknown(table, _KEYS))
    description = _take(problems, lambda: _text(table, "description"), "")
    hosts = _take(problems, lambda: _texts(table, "hosts"), _NONE)
    switches = _take(problems, lambda: _texts(table, "switches"), _NONE)
    links = tuple(_links(table.get("links", _MISSING), problems))
    if problems:
        raise TopologyError([f"{name}: {problem}" for problem in problems])
    return Topology(name, description, hosts, switches, links)


def _links(values: object, problems: list[str]) -> Iterator[Link]:
    if not isinstance(values, list):
        problems.append('links: write a list of tables such as { a = "h0", b = "leaf0", rate = "200 Mbps" }')
        return
    for number, value in enumerate(values):
        found: list[str] = []
        link = _link(value, found)
        problems += [f"links[{number}]{problem}" for problem in found]
        if link is not None:
            yield link


def _link(value: object, problems: list[str]) -> Link | None:
    if not isinstance(value, dict):
        problems.append(f": {value!r} is not a table with a, b and rate")
        return None
    inside = list(_unknown(value, _LINK_KEYS))
    a = _take(inside, lambda: _text(value, "a"), "")
    b = _take(inside, lambda: _text(value, "b"), "")
    rate_bytes_s = _take(inside, lambda: _quantity(value, "rate", parse_rate), 1.0)
    delay_s = _take(inside, lambda: _quantity(value, "delay", parse_delay, "0 s"), 0.0)
    problems += [f".{problem}" for problem in inside]
    return None if inside else Link(a, b, rate_bytes_s, delay_s)


def _take(problems: list[str], read: Callable[[], _Value], otherwise: _Value) -> _Value:
    try:
        return read()
    except ValueError as error:
        problems.append(str(error))
        return otherwise


def _unknown(table: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[str]:
    for key in table:
        if key not in keys:
            yield f"{key}: unknown key; write one of {', '.join(keys)}"


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, _MISSING)
    if not isinstance(value, str):
        raise ValueError(_wrong(key, value, "text"))
    return value


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, _MISSING)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(_wrong(key, value, "a list of names"))
    return tuple(value)


def _quantity(
    table: Mapping[str, Any], key: str, parse: Callable[[object], float], otherwise: object = _MISSING
) -> float:
    value = table.get(key, otherwise)
    if value is _MISSING:
        raise ValueError(_wrong(key, value, "a number with its unit"))
    try:
        return parse(value)
    except ValueError as error:
        message = f"{key}: {error}"
        raise ValueError(message) from None


def _wrong(key: str, value: object, wanted: str) -> str:
    return f"{key}: is missing; write {wanted}" if value is _MISSING else f"{key}: {value!r} is not {wanted}"
