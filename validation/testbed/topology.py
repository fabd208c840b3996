"""Hosts, switches and the links between them."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

NODE_NAME = re.compile(r"[a-z][a-z0-9]{0,6}")
"""A port of a switch is called after both its ends, and Linux allows an interface 15 characters: twice 7 and a dash."""

MOST_HOSTS = 254
"""Hosts get the addresses of one /24 network."""


class TopologyError(ValueError):
    """A topology that cannot be built. Its text is one line a problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Link:
    """A full-duplex cable: each direction has the whole rate.

    Attributes
    ----------
    a, b : str
        The nodes at its ends.
    rate_bytes_s : float
        Bytes of Ethernet frames a second and direction; infinite for a link that nothing limits.
    delay_s : float
        One-way delay added in each direction.
    """

    a: str
    b: str
    rate_bytes_s: float
    delay_s: float = 0.0

    @property
    def name(self) -> str:
        """``h0-leaf0``."""
        return f"{self.a}-{self.b}"


@dataclass(frozen=True, slots=True)
class Topology:
    """A tree of hosts and switches; the hosts are its leaves.

    Attributes
    ----------
    name, description : str
        What it is called, and what it shows.
    hosts : tuple of str
        In the order of the ranks of a job.
    switches : tuple of str
        May be empty: two hosts can share a cable.
    links : tuple of Link
        Every host has one.
    """

    name: str
    description: str
    hosts: tuple[str, ...]
    switches: tuple[str, ...]
    links: tuple[Link, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Hosts, then switches."""
        return self.hosts + self.switches

    def unlimited(self) -> "Topology":
        """The same hosts and wiring with nothing that limits a link: the baseline of a measurement."""
        return replace(self, links=tuple(replace(link, rate_bytes_s=math.inf, delay_s=0.0) for link in self.links))

    def address(self, host: str) -> str:
        """IPv4 address of a host. Topologies reuse them: no two share a namespace."""
        return f"10.77.0.{self.hosts.index(host) + 1}"

    def racks(self) -> tuple[tuple[str, ...], ...]:
        """Hosts by the switch they hang on, in their own order; hosts on one cable are one rack."""
        found: dict[str, list[str]] = {}
        for host in self.hosts:
            (neighbour,) = neighbours(self, host)
            found.setdefault(neighbour if neighbour in self.switches else "", []).append(host)
        return tuple(tuple(hosts) for hosts in found.values())

    def path(self, source: str, target: str) -> tuple[tuple[str, Link], ...]:
        """Links from one host to another, each with the node that it is entered from."""
        (found,) = (path for node, path in _walk(self, source) if node == target)
        return found


def neighbours(topology: Topology, node: str) -> tuple[str, ...]:
    """Nodes at the other end of a node's links."""
    ends = ((link.a, link.b) for link in topology.links)
    return tuple(b if a == node else a for a, b in ends if node in (a, b))


def check(topology: Topology) -> Topology:
    """Return a topology that can be built.

    Raises
    ------
    TopologyError
        With every problem: topology, setting, value and the way out.
    """
    problems = [f"{topology.name}: {problem}" for problem in _problems(topology)]
    if problems:
        raise TopologyError(problems)
    return topology


def _problems(topology: Topology) -> Iterator[str]:
    yield from _name_problems(topology)
    if not 2 <= len(topology.hosts) <= MOST_HOSTS:
        yield f"hosts: {len(topology.hosts)} hosts; write 2 to {MOST_HOSTS}"
    link_problems = list(_link_problems(topology))
    if link_problems:
        yield from link_problems
    elif topology.hosts:
        yield from _shape_problems(topology)


def _name_problems(topology: Topology) -> Iterator[str]:
    seen: set[str] = set()
    for node in topology.nodes:
        if not NODE_NAME.fullmatch(node):
            yield f"hosts, switches: {node!r} is not a name; write a small letter and at most 6 more or digits"
        if node in seen:
            yield f"hosts, switches: {node!r} is named twice; give every node its own name"
        seen.add(node)


def _link_problems(topology: Topology) -> Iterator[str]:
    for number, link in enumerate(topology.links):
        for end in (link.a, link.b):
            if end not in topology.nodes:
                yield f"links[{number}]: {end!r} is neither a host nor a switch; add it or name one of them"
        if link.a == link.b:
            yield f"links[{number}]: joins {link.a!r} to itself; name two nodes"
        if not link.rate_bytes_s > 0.0:
            yield f"links[{number}].rate: {link.rate_bytes_s} bytes/s; write a rate above zero"
        if not 0.0 <= link.delay_s < math.inf:
            yield f"links[{number}].delay: {link.delay_s} s; write a delay of zero or more"


def _shape_problems(topology: Topology) -> Iterator[str]:
    for host in topology.hosts:
        count = len(neighbours(topology, host))
        if count != 1:
            yield f"links: host {host!r} has {count} links; a host has one"
    reached = {node for node, _ in _walk(topology, topology.hosts[0])}
    cut_off = [node for node in topology.nodes if node not in reached]
    if cut_off:
        yield f"links: {', '.join(cut_off)} cannot be reached from {topology.hosts[0]}; add the missing links"
    elif len(topology.links) != len(topology.nodes) - 1:
        yield (
            f"links: {len(topology.links)} links among {len(topology.nodes)} nodes form a loop, which bridges would"
            f" flood; leave {len(topology.links) - len(topology.nodes) + 1} of them out"
        )


def _walk(topology: Topology, start: str) -> Iterator[tuple[str, tuple[tuple[str, Link], ...]]]:
    """Every node that can be reached, nearest first, with the way to it."""
    waiting: list[tuple[str, tuple[tuple[str, Link], ...]]] = [(start, ())]
    seen = {start}
    for node, path in waiting:
        yield node, path
        for link in topology.links:
            if node not in (link.a, link.b):
                continue
            other = link.b if link.a == node else link.a
            if other not in seen:
                seen.add(other)
                waiting.append((other, (*path, (node, link))))
