"""What rate each of several simultaneous streams can have, and which groups of hosts are worth measuring."""

from collections import Counter
from collections.abc import Sequence

from validation.testbed.topology import Topology

Stream = tuple[str, str]
"""Sender and receiver."""

Group = tuple[str, ...]
"""Hosts, in the order of their ranks."""


def fair_rates(topology: Topology, streams: Sequence[Stream]) -> list[float]:
    """Rate of each of several streams when every link is divided equally among those that cross it in one direction.

    Returns
    -------
    list of float
        Bytes of frames a second: that of the slowest link of a path over its streams. Exact as long as no stream is
        held up elsewhere and so leaves more to the others.
    """
    paths = [[(node, link.name) for node, link in topology.path(*stream)] for stream in streams]
    users = Counter(hop for path in paths for hop in path)
    rates = {link.name: link.rate_bytes_s for link in topology.links}
    return [min(rates[name] / users[node, name] for node, name in path) for path in paths]


def stream_cases(topology: Topology) -> list[tuple[Stream, ...]]:
    """Streams to measure, those of one tuple at the same time.

    From the first host to every other; both ways between the first two; and where there are racks, from every host of
    the first to its counterpart in the second: they share the uplink.
    """
    first, second, *_ = topology.hosts
    cases: list[tuple[Stream, ...]] = [((first, other),) for other in topology.hosts[1:]]
    cases.append(((first, second), (second, first)))
    return [*cases, *(tuple((pair[0], pair[1]) for pair in case) for case in _across(topology) if len(case) > 1)]


def group_cases(topology: Topology) -> list[tuple[Group, ...]]:
    """Groups to run collectives in, those of one tuple at the same time.

    All hosts; one rack, and all racks at once; one group across racks, and all of them at once. Within a single rack of
    more than two: the first two hosts, the last two, and both pairs at once.
    """
    racks = [rack for rack in topology.racks() if len(rack) > 1]
    cases: list[tuple[Group, ...]] = [(topology.hosts,)]
    if len(racks) > 1:
        cases += [(racks[0],), tuple(racks), *_across(topology)]
    elif len(topology.hosts) > 3:
        pairs = (topology.hosts[:2], topology.hosts[-2:])
        cases += [(pairs[0],), (pairs[1],), pairs]
    return cases


def _across(topology: Topology) -> list[tuple[Group, ...]]:
    """One group of counterparts, one host of every rack, and all such groups at once."""
    racks = topology.racks()
    if len(racks) < 2:
        return []
    groups: tuple[Group, ...] = tuple(zip(*racks, strict=False))
    return [(groups[0],), groups] if len(groups) > 1 else [groups]
