"""Where the builders of each kind of fabric collect vertices and links, in blocks, until the topology is made."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from clustersim.hardware.topology.topology import Floats, Ints, Topology
from clustersim.scenario.schema.hardware import Cluster


@dataclass
class Wiring:
    """Vertices and links of a fabric under construction; the nodes of the cluster are there from the start.

    Parameters
    ----------
    cluster : Cluster
        The machines.
    """

    cluster: Cluster
    names: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    tiers: list[str] = field(default_factory=list)
    _ends: list[Ints] = field(default_factory=list)
    _numbers: list[Floats] = field(default_factory=list)

    @property
    def node_bytes_s(self) -> float:
        """Bandwidth of all interfaces of a node [bytes/s]."""
        return self.cluster.node.nics * self.cluster.node.nic_bandwidth

    def vertices(self, row: str, names: Iterable[str]) -> Ints:
        """Add vertices of one tier; returns their numbers."""
        start = len(self.names)
        self.names.extend(names)
        self.rows.extend([row] * (len(self.names) - start))
        return np.arange(start, len(self.names), dtype=np.int64)

    def count(self, row: str, number: int, prefix: str = "") -> Ints:
        """Add vertices named after their tier and number."""
        return self.vertices(row, [f"{prefix}{row}-{index}" for index in range(number)])

    def join(
        self,
        tier: str | Sequence[str],
        low: Ints,
        high: Ints,
        bandwidth_bytes_s: ArrayLike,
        cables: ArrayLike = 1,
        latency_s: ArrayLike = 0.0,
    ) -> Ints:
        """Add links between vertices, pair by pair; returns their numbers.

        Parameters
        ----------
        tier : str or sequence of str
            Tier of the links.
        low, high : array of int
            Lower and upper ends.
        bandwidth_bytes_s, cables, latency_s : array or number
            As in :class:`Topology`.
        """
        start = len(self.tiers)
        number = len(low)
        self.tiers.extend([tier] * number if isinstance(tier, str) else tier)
        self._ends.append(np.column_stack([low, high]).astype(np.int64))
        columns = (bandwidth_bytes_s, np.maximum(1, np.rint(np.asarray(cables, dtype=float))), latency_s)
        self._numbers.append(np.stack([np.broadcast_to(np.asarray(c, dtype=float), (number,)) for c in columns]))
        return np.arange(start, start + number, dtype=np.int64)

    def join_all(self, tier: str, low: Ints, high: Ints, bandwidth_bytes_s: float, cables: float = 1.0) -> Ints:
        """Add a link between every vertex of one set and every vertex of another."""
        return self.join(tier, np.repeat(low, len(high)), np.tile(high, len(low)), bandwidth_bytes_s, cables)

    def scale_up(self, nodes: Ints) -> Ints:
        """Wire nodes to their scale-up domains; returns the links, node by node.

        Domains of up to a node's GPUs lie inside it; larger ones join nodes.
        """
        node = self.cluster.node
        domain = node.accelerator.scale_up_domain
        per_node = max(1, math.ceil(node.gpus / domain))
        gpus = np.arange(len(nodes))[:, None] * node.gpus + np.minimum(np.arange(per_node) * domain, node.gpus - 1)
        index = gpus // domain if node.gpus <= domain else np.arange(len(nodes) * per_node).reshape(len(nodes), -1)
        domains = self.vertices("scale_up", [f"nvlink-{number}" for number in range(int(index.max()) + 1)])
        ports = min(domain, node.gpus)
        bandwidth = ports * node.accelerator.scale_up_bandwidth
        return self.join("scale_up", np.repeat(nodes, per_node), domains[index.ravel()], bandwidth, ports)

    def topology(
        self, ports: Ints, domain_links: Ints, shape: tuple[int, ...] = (), wraparound: bool = False
    ) -> Topology:
        """Finish.

        Parameters
        ----------
        ports, domain_links, shape, wraparound
            As in :class:`Topology`.
        """
        node = self.cluster.node
        bandwidth, cables, latency = np.concatenate(self._numbers, axis=1) if self._numbers else np.zeros((3, 0))
        return Topology(
            kind=self.cluster.fabric.kind,
            vertices=tuple(self.names),
            rows=tuple(self.rows),
            ends=np.concatenate(self._ends) if self._ends else np.zeros((0, 2), dtype=np.int64),
            bandwidth_bytes_s=bandwidth,
            latency_s=latency,
            cables=cables.astype(np.int64),
            remaining=np.ones(len(bandwidth)),
            tiers=tuple(self.tiers),
            ports=ports,
            gpus_per_node=node.gpus,
            domain_gpus=node.accelerator.scale_up_domain,
            gpu_bytes_s=self.node_bytes_s / node.gpus,
            scale_up_bytes_s=node.accelerator.scale_up_bandwidth,
            shape=shape,
            wraparound=wraparound,
            domain_links=domain_links,
        )
