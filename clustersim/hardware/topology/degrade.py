"""Links and switches that carry less than they should."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import translate

import numpy as np
from numpy.typing import NDArray

from clustersim.hardware.topology.problems import Problem
from clustersim.hardware.topology.topology import Topology
from clustersim.scenario.quantity import suggestion
from clustersim.scenario.schema.fabric import Degraded

Mask = NDArray[np.bool_]

_DIGITS = re.compile(r"\d+")
_PATTERN = re.compile(r"[*?\[]")


def degrade(topology: Topology, degraded: Sequence[Degraded], path: str) -> tuple[Topology, list[Problem]]:
    """Take bandwidth from links.

    Parameters
    ----------
    topology : Topology
        Left as it is.
    degraded : sequence of Degraded
        What is broken. A link that several entries name keeps the product of their shares.
    path : str
        Dotted path of the list in the scenario, for messages.

    Returns
    -------
    topology : Topology
        With the shares taken off.
    problems : list of (path, message)
        Names that the fabric does not have.
    """
    remaining = topology.remaining.copy()
    problems: list[Problem] = []
    for index, entry in enumerate(degraded):
        field = "switch" if entry.switch is not None else "link"
        found = _switch_links(topology, str(entry.switch)) if entry.switch is not None else None
        hit = _named_links(topology, str(entry.link)) if found is None else found
        if not hit.any():
            problems.append((f"{path}[{index}].{field}", _unknown(topology, entry)))
        remaining[hit] *= entry.bandwidth
    return replace(topology, remaining=remaining), problems


def _switch_links(topology: Topology, pattern: str) -> Mask:
    hit = _vertices(topology, pattern)[topology.ends]
    return np.asarray(hit[:, 0] | hit[:, 1])


def _named_links(topology: Topology, pattern: str) -> Mask:
    hit = np.zeros(topology.links, dtype=bool)
    for one, other in _splits(pattern):
        low, high = _vertices(topology, one), _vertices(topology, other)
        first, second = topology.ends[:, 0], topology.ends[:, 1]
        hit |= (low[first] & high[second]) | (low[second] & high[first])
    return hit


def _splits(pattern: str) -> Iterator[tuple[str, str]]:
    """Both ends of a link; names of a file may have slashes of their own."""
    for at, letter in enumerate(pattern):
        if letter == "/":
            yield pattern[:at], pattern[at + 1 :]


def _vertices(topology: Topology, pattern: str) -> Mask:
    if not _PATTERN.search(pattern):
        return np.fromiter((name == pattern for name in topology.vertices), bool, len(topology.vertices))
    fits = re.compile(translate(pattern)).match
    return np.fromiter((fits(name) is not None for name in topology.vertices), bool, len(topology.vertices))


def _unknown(topology: Topology, entry: Degraded) -> str:
    if entry.switch is not None:
        return f"the fabric has no '{entry.switch}'{_near(topology, entry.switch)}"
    ends = next(_splits(str(entry.link)), None)
    if ends is None:
        return f"a link is named by both its ends, e.g. {topology.link_name(0)}, got '{entry.link}'"
    strange = [end for end in ends if not _vertices(topology, end).any()]
    if strange:
        return "; ".join(f"the fabric has no '{end}'{_near(topology, end)}" for end in strange)
    return f"no link joins '{ends[0]}' and '{ends[1]}'; {_wired_to(topology, ends[0])}"


def _wired_to(topology: Topology, pattern: str) -> str:
    vertex = int(np.argmax(_vertices(topology, pattern)))
    links = np.flatnonzero((topology.ends == vertex).any(axis=1))
    others = [topology.vertices[end] for link in links for end in topology.ends[link] if end != vertex]
    shown = ", ".join(others[:4]) + (" ..." if len(others) > 4 else "")
    return f"{topology.vertices[vertex]} is wired to {shown}"


def _near(topology: Topology, name: str) -> str:
    """The name that was probably meant, and which names there are."""
    families: dict[str, list[str]] = {}
    for vertex in topology.vertices:
        families.setdefault(_DIGITS.sub("#", vertex), []).append(vertex)
    family = suggestion(_DIGITS.sub("#", name), families).removeprefix(", did you mean '").removesuffix("'?")
    members = families.get(family, [])
    numbers = iter(_DIGITS.findall(name))
    meant = _DIGITS.sub(lambda old: next(numbers, old[0]), members[0]) if members else ""
    if len(members) == 1:
        return f"; it has {members[0]}"
    known = f"{members[0]} to {members[-1]}" if members else ", ".join(names[0] for names in families.values())
    if meant in members:
        return f", did you mean '{meant}'?"
    return f"; it has {known}"
