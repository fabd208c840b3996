"""Shortest ways between switches: which links a message may take next, and how it spreads over them.

Switches that are wired alike (all leaves of a pod, say) share their ways: distances and next links are worked out once
for each class of destinations instead of for each switch, which makes 16,384 GPUs a matter of milliseconds.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from clustersim.hardware.topology.topology import Floats, Ints, Topology

_FAR = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Table:
    """Ways to the destinations of one class.

    Attributes
    ----------
    distance : array of int, shape (vertices,)
        Links to a destination of the class that is not the vertex itself.
    positions, weights : array, shape (ways,)
        Directed links that lead on, by their tail, and the traffic each takes in proportion. The last link is not among
        them: it depends on the destination.
    starts : array of int, shape (vertices + 1,)
        Where the ways of each vertex begin.
    """

    distance: Ints
    positions: Ints
    weights: Floats
    starts: Ints


@dataclass(frozen=True, eq=False)
class Routes:
    """Equal-cost shortest ways between the switches of a topology. Nodes do not forward; links that are down are out.

    Parameters
    ----------
    topology : Topology
        The fabric; not a torus.
    by_hash : bool
        Spread evenly over all cables that are up, as a hash does (RFC 2992), instead of in proportion to the bandwidth
        that is left on the way, as adaptive routing does.

    Attributes
    ----------
    tails, heads, steps : array of int
        Directed links between switches, sorted by their tail and head: both ends, and ``2 * link + direction``.
    """

    topology: Topology
    by_hash: bool

    @cached_property
    def _live(self) -> tuple[Ints, Ints, Ints]:
        topology = self.topology
        forwards = np.array([row not in ("node", "scale_up") for row in topology.rows])
        live = np.flatnonzero(forwards[topology.ends].all(axis=1) & (topology.remaining > 0.0))
        low, high = topology.ends[live, 0], topology.ends[live, 1]
        tails, heads = np.concatenate([low, high]), np.concatenate([high, low])
        steps = np.concatenate([2 * live, 2 * live + 1])
        order = np.lexsort([heads, tails])
        return tails[order], heads[order], steps[order]

    @property
    def tails(self) -> Ints:
        """Where each directed link starts."""
        return self._live[0]

    @property
    def heads(self) -> Ints:
        """Where each directed link ends."""
        return self._live[1]

    @property
    def steps(self) -> Ints:
        """Twice the number of the link, plus one against its direction."""
        return self._live[2]

    @cached_property
    def _keys(self) -> Ints:
        return self.tails * len(self.topology.vertices) + self.heads

    @cached_property
    def classes(self) -> Ints:
        """Class of each vertex: switches with links of the same state to the same switches share one."""
        links = self.steps // 2
        topology = self.topology
        starts = np.searchsorted(self.tails, np.arange(len(topology.vertices) + 1))
        state = np.stack([self.heads, topology.bandwidth_bytes_s[links], topology.remaining[links]], axis=1)
        known: dict[bytes, int] = {}
        classes = np.full(len(topology.vertices), -1, dtype=np.int64)
        for vertex in np.flatnonzero(np.diff(starts)).tolist():
            signature = state[starts[vertex] : starts[vertex + 1]].tobytes()
            classes[vertex] = known.setdefault(signature, len(known))
        return classes

    @cached_property
    def _tables(self) -> dict[int, "Table"]:
        return {}

    def table(self, destination: int) -> "Table":
        """Ways to one destination and to all of its class."""
        of_class = int(self.classes[destination])
        if of_class not in self._tables:
            self._tables[of_class] = self._make_table(destination)
        return self._tables[of_class]

    def links_to(self, tails: Ints, heads: Ints) -> Ints:
        """Positions of the directed links from each tail to the head next to it."""
        return np.searchsorted(self._keys, tails * len(self.topology.vertices) + heads)

    def _make_table(self, destination: int) -> "Table":
        distance = self._distances(destination)
        positions = np.flatnonzero(distance[self.heads] == distance[self.tails] - 1)
        quality = self._quality(positions, distance)
        # The destination stands for its class: seen from a fellow of it, it is two links away, over its own neighbours.
        distance[destination] = 2
        positions = np.sort(np.concatenate([positions, np.flatnonzero(self.tails == destination)]))
        weights = self._weights(positions, quality)
        starts = np.searchsorted(self.tails[positions], np.arange(len(distance) + 1))
        return Table(distance, positions, weights, starts)

    def _weights(self, positions: Ints, quality: Floats) -> Floats:
        links = self.steps[positions] // 2
        if self.by_hash:
            return self.topology.cables[links].astype(float)
        left = np.minimum(self.topology.remaining[links], quality[self.heads[positions]])
        return np.asarray(self.topology.bandwidth_bytes_s[links] * left)

    def _quality(self, positions: Ints, distance: Floats | Ints) -> Floats:
        """Share of the healthy bandwidth that is left on the ways from each vertex, spread in proportion to it."""
        quality = np.ones(len(distance))
        if self.by_hash or self.topology.is_healthy:
            return quality
        hops = distance[self.tails[positions]]
        for hop in range(1, int(hops.max(initial=0)) + 1):
            at = positions[hops == hop]
            tails, whole = self.tails[at], self.topology.bandwidth_bytes_s[self.steps[at] // 2]
            sums = np.bincount(tails, self._weights(at, quality), len(quality))
            wholes = np.bincount(tails, whole, len(quality))
            quality[tails] = sums[tails] / wholes[tails]
        return quality

    def _distances(self, destination: int) -> Ints:
        distance = np.full(len(self.topology.vertices), _FAR, dtype=np.int64)
        distance[destination] = 0
        for hop in range(len(distance)):
            reached = self.heads[(distance[self.tails] == hop) & (distance[self.heads] == _FAR)]
            if not len(reached):
                break
            distance[reached] = hop + 1
        return distance
