"""The fabric as a graph: what is wired to what, with which bandwidth, and what of it is left."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import networkx as nx

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ROWS = ("scale_up", "node", "leaf", "spine", "core", "long")
"""Tiers of vertices from the GPUs upwards; a switch of a custom graph is a ``leaf`` if a node hangs on it."""


@dataclass(frozen=True, eq=False)
class Topology:
    """A fabric. One vertex stands for a node with all its GPUs, which are ports of it; in a torus, for a chip.

    Attributes
    ----------
    kind : str
        Kind of fabric.
    vertices : tuple of str
        Names.
    rows : tuple of str
        Tier of each vertex, one of :data:`ROWS`.
    ends : array of int, shape (links, 2)
        Vertices that each link joins, the lower tier first. No two links join the same two vertices.
    bandwidth_bytes_s : array of float, shape (links,)
        Bandwidth of all cables of a link together, per direction, when healthy [bytes/s].
    latency_s : array of float, shape (links,)
        One-way latency that a link adds to that of a message inside one site [s].
    cables : array of int, shape (links,)
        Parallel cables.
    remaining : array of float, shape (links,)
        Share of the bandwidth that is left; 0 is down.
    tiers : tuple of str
        Tier of each link: that of its upper end; ``global`` between groups of a dragonfly, ``gateway``
        from a site to its gateway, ``long`` between sites, ``node`` in a torus.
    ports : array of int, shape (nodes, rails)
        Link by which a node leaves on each rail. A rank uses the rail of its place among the GPUs of its node. Empty in
        a torus.
    gpus_per_node, domain_gpus : int
        GPUs in a node and in a scale-up domain.
    gpu_bytes_s : float
        Share of one GPU in the interfaces of its node [bytes/s].
    scale_up_bytes_s : float
        Bandwidth of one GPU inside its domain, per direction [bytes/s].
    shape : tuple of int
        Of a torus; else empty.
    """

    kind: str
    vertices: tuple[str, ...]
    rows: tuple[str, ...]
    ends: Ints
    bandwidth_bytes_s: Floats
    latency_s: Floats
    cables: Ints
    remaining: Floats
    tiers: tuple[str, ...]
    ports: Ints
    gpus_per_node: int
    domain_gpus: int
    gpu_bytes_s: float
    scale_up_bytes_s: float
    shape: tuple[int, ...] = ()
    wraparound: bool = False
    """Whether the rows of a torus are rings."""
    domain_links: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Link from each node to each of its scale-up domains, node by node."""

    def __post_init__(self) -> None:
        # one topology serves many callers out of a cache
        for array in (self.ends, self.bandwidth_bytes_s, self.latency_s, self.cables, self.remaining, self.ports):
            array.setflags(write=False)

    @property
    def links(self) -> int:
        """Number of links."""
        return len(self.ends)

    @property
    def is_healthy(self) -> bool:
        """Whether every link has its full bandwidth."""
        return bool((self.remaining >= 1.0).all())

    @property
    def capacity_bytes_s(self) -> Floats:
        """Bandwidth that is left of each link, per direction [bytes/s]."""
        return self.bandwidth_bytes_s * self.remaining

    def link_name(self, link: int) -> str:
        """Name of a link: both ends, the lower first, e.g. ``leaf-3/spine-2``."""
        low, high = self.ends[link]
        return f"{self.vertices[low]}/{self.vertices[high]}"

    def link_between(self, one: str, other: str) -> int:
        """Index of the link between two vertices.

        Raises
        ------
        KeyError
            If they are not wired to each other.
        """
        return self._link_of[frozenset((one, other))]

    @cached_property
    def _link_of(self) -> dict[frozenset[str], int]:
        names = self.vertices
        return {frozenset((names[low], names[high])): link for link, (low, high) in enumerate(self.ends.tolist())}

    @cached_property
    def graph(self) -> "nx.Graph[str]":
        """The same as a ``networkx.Graph`` by name, for cuts, paths and drawings of one's own.

        Vertices carry ``tier``; edges ``bandwidth_bytes_s`` (what is left, per direction), ``latency_s``, ``cables``,
        ``tier`` and ``remaining``. A link that is down has bandwidth 0 and stays in the graph.
        """
        import networkx as nx

        graph: Any = nx.Graph(kind=self.kind)
        graph.add_nodes_from((name, {"tier": row}) for name, row in zip(self.vertices, self.rows, strict=True))
        columns = (self.capacity_bytes_s, self.latency_s, self.cables, self.remaining)
        keys = ("bandwidth_bytes_s", "latency_s", "cables", "remaining", "tier")
        names = self.vertices
        graph.add_edges_from(
            (names[low], names[high], dict(zip(keys, values, strict=True)))
            for (low, high), *values in zip(self.ends.tolist(), *(c.tolist() for c in columns), self.tiers, strict=True)
        )
        return graph
