"""Traffic on its way: how flows spread over equal-cost ways, what each link carries and what each flow gets."""

from dataclasses import dataclass

import numpy as np

from clustersim.hardware.topology.routes import Routes
from clustersim.hardware.topology.topology import Floats, Ints


class CutOffError(Exception):
    """No way is left between two switches.

    Parameters
    ----------
    source, destination : int
        Vertices.
    """

    def __init__(self, source: int, destination: int) -> None:
        self.source, self.destination = source, destination
        super().__init__(source, destination)


@dataclass(frozen=True)
class Flows:
    """Traffic between switches.

    Attributes
    ----------
    sources, destinations : array of int, shape (flows,)
        Vertices.
    amounts : array of float, shape (flows,)
        What each sends.
    connections : array of int, shape (flows,)
        Connections that each consists of; a hash sends each of them one way.
    """

    sources: Ints
    destinations: Ints
    amounts: Floats
    connections: Ints


@dataclass(frozen=True)
class _Hop:
    """One step of all flows: where the ways of each entry start, the links, and the entries they lead to."""

    starts: Ints
    positions: Ints
    onward: Ints


@dataclass(frozen=True)
class Spread:
    """Flows spread over the links.

    Attributes
    ----------
    loads : array of float, shape (2 * links,)
        Traffic on each link, in its direction and against it.
    """

    routes: Routes
    loads: Floats
    hops: tuple[_Hop, ...]
    entry_of_flow: Ints

    def narrowest(self, rates: Floats) -> Floats:
        """Least rate on the ways of each flow.

        Parameters
        ----------
        rates : array of float, shape (2 * links,)
            Of each link, in its direction and against it.

        Returns
        -------
        array of float, shape (flows,)
            One for a flow that stays at its switch, if no rate is above one.
        """
        value = np.zeros(0)
        for hop in reversed(self.hops):
            # entry -1 is a flow that has arrived
            after = np.append(value, 1.0)[hop.onward]
            value = np.minimum.reduceat(np.minimum(rates[self.routes.steps[hop.positions]], after), hop.starts)
        return np.append(value, 1.0)[self.entry_of_flow]

    def longest_s(self, latencies_s: Floats) -> Floats:
        """Latency of the longest way of each flow [s], given that of each link in both directions."""
        value = np.zeros(0)
        for hop in reversed(self.hops):
            after = np.append(value, 0.0)[hop.onward]
            value = np.maximum.reduceat(latencies_s[self.routes.steps[hop.positions]] + after, hop.starts)
        return np.append(value, 0.0)[self.entry_of_flow]


def spread(routes: Routes, flows: Flows, rng: np.random.Generator | None = None) -> Spread:
    """Send flows over the shortest ways.

    Parameters
    ----------
    routes : Routes
        The ways.
    flows : Flows
        The traffic. Flows between the same switches are sent together.
    rng : Generator, optional
        Draws the way of each connection (a multinomial draw at every switch, which is what hashing does to many
        connections); without it every flow spreads in proportion to the weights of the ways.

    Returns
    -------
    Spread
        Traffic is conserved at every switch.

    Raises
    ------
    CutOffError
        If there is no way for a flow.
    """
    size = len(routes.topology.vertices)
    moving = np.flatnonzero((flows.sources != flows.destinations) & (flows.amounts > 0.0))
    keys, inverse = np.unique(flows.sources[moving] * size + flows.destinations[moving], return_inverse=True)
    entry_of_flow = np.full(len(flows.sources), -1, dtype=np.int64)
    entry_of_flow[moving] = inverse
    amounts = np.bincount(inverse, flows.amounts[moving], len(keys))
    counts = np.bincount(inverse, flows.connections[moving], len(keys)).astype(np.int64)
    loads = np.zeros(2 * routes.topology.links)
    hops: list[_Hop] = []
    while len(keys):
        at, to = keys // size, keys % size
        entry, positions, share = _ways(routes, at, to)
        if rng is not None:
            drawn = _draw(rng, counts, entry, share)
            kept = drawn > 0
            entry, positions, drawn = entry[kept], positions[kept], drawn[kept]
            share = drawn / counts[entry]
        moved = amounts[entry] * share
        loads += np.bincount(routes.steps[positions], moved, len(loads))
        heads, target = routes.heads[positions], to[entry]
        starts = np.flatnonzero(np.diff(entry, prepend=-1))
        going = heads != target
        keys, inverse = np.unique(heads[going] * size + target[going], return_inverse=True)
        onward = np.full(len(entry), -1, dtype=np.int64)
        onward[going] = inverse
        amounts = np.bincount(inverse, moved[going], len(keys))
        counts = counts if rng is None else np.bincount(inverse, drawn[going], len(keys)).astype(np.int64)
        hops.append(_Hop(starts, positions, onward))
    return Spread(routes, loads, tuple(hops), entry_of_flow)


def _ways(routes: Routes, at: Ints, to: Ints) -> tuple[Ints, Ints, Floats]:
    """Next links of every entry: the entry, the link and its share of the traffic, sorted by entry."""
    classes = routes.classes[to]
    if (classes < 0).any():
        lost = int(np.argmax(classes < 0))
        raise CutOffError(int(at[lost]), int(to[lost]))
    entries: list[Ints] = []
    links: list[Ints] = []
    shares: list[Floats] = []
    for of_class in np.unique(classes).tolist():
        of = np.flatnonzero(classes == of_class)
        table = routes.table(int(to[of[0]]))
        distance = table.distance[at[of]]
        last = of[distance == 1]
        entries.append(last)
        links.append(routes.links_to(at[last], to[last]))
        shares.append(np.ones(len(last)))
        far = of[distance != 1]
        first, count = table.starts[at[far]], table.starts[at[far] + 1] - table.starts[at[far]]
        if (count == 0).any():
            lost = int(far[np.argmax(count == 0)])
            raise CutOffError(int(at[lost]), int(to[lost]))
        entry = np.repeat(np.arange(len(far)), count)
        way = np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count) + first[entry]
        weight = table.weights[way]
        entries.append(far[entry])
        links.append(table.positions[way])
        shares.append(weight / np.bincount(entry, weight, len(far))[entry])
    order = np.argsort(np.concatenate(entries), kind="stable")
    return np.concatenate(entries)[order], np.concatenate(links)[order], np.concatenate(shares)[order]


def _draw(rng: np.random.Generator, counts: Ints, entry: Ints, share: Floats) -> Ints:
    """Draw how many connections of each entry take each of its ways."""
    starts = np.flatnonzero(np.diff(entry, prepend=-1))
    ways = np.diff(np.append(starts, len(entry)))
    drawn = np.zeros(len(entry), dtype=np.int64)
    for number in np.unique(ways).tolist():
        first = starts[ways == number]
        index = first[:, None] + np.arange(number)
        chances = share[index]
        # the draw refuses shares whose sum is off by a rounding error
        chances /= chances.sum(axis=1, keepdims=True)
        drawn[index] = rng.multinomial(counts[entry[first]], chances)
    return drawn
