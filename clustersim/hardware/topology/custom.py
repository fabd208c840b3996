"""A fabric out of a file of links."""

import numpy as np

from clustersim.hardware.topology.links_file import FileLink, links_file
from clustersim.hardware.topology.natural import natural_order
from clustersim.hardware.topology.topology import Ints
from clustersim.hardware.topology.wiring import Wiring
from clustersim.scenario.schema.fabric import GraphFabric

_FAR = 10


def wire_graph(wiring: Wiring, fabric: GraphFabric, nodes: Ints, prefix: str = "") -> tuple[Ints, Ints]:
    """Wire nodes by the links of a file.

    Parameters
    ----------
    wiring : Wiring
        Where the links go.
    fabric : GraphFabric
        The file.
    nodes : array of int
        Vertices of the nodes in use: the first ones of the file by the numbers in their names.
    prefix : str
        Of the names of switches.

    Returns
    -------
    ports : array of int, shape (nodes, rails)
        Links of each node in the order of the file; a node with fewer than others uses its own in turn.
    top : array of int
        The switches farthest from the nodes.
    """
    found = links_file(fabric)
    used = set(found.nodes[: len(nodes)])
    unused = set(found.nodes) - used
    links = [link for link in found.links if unused.isdisjoint(link.ends)]
    rank = _distance(links, used)
    switches = sorted(rank.keys() - used, key=lambda name: (rank[name], natural_order(name)))
    ids = dict(zip(found.nodes, nodes.tolist(), strict=False))
    for name in switches:
        row = ("leaf", "spine", "core")[min(2, max(0, rank[name] - 1))]
        ids[name] = int(wiring.vertices(row, [prefix + name])[0])
    both = np.array([[ids[name] for name in link.ends] for link in links], dtype=np.int64).reshape(-1, 2)
    # a node is the lower end of its links; vertices of nodes come before those of switches
    pairs = np.sort(both, axis=1)
    tiers = [link.tier or wiring.rows[high] for link, high in zip(links, pairs[:, 1].tolist(), strict=True)]
    columns = ([getattr(link, name) for link in links] for name in ("bandwidth_bytes_s", "cables", "latency_s"))
    numbers = wiring.join(tiers, pairs[:, 0], pairs[:, 1], *columns)
    last = max((rank[name] for name in switches), default=0)
    top = np.array([ids[name] for name in switches if rank[name] == last], dtype=np.int64)
    return _ports(nodes, pairs, numbers), top


def _distance(links: list[FileLink], nodes: set[str]) -> dict[str, int]:
    """Links between each name and the nearest node."""
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph(link.ends for link in links)
    graph.add_nodes_from(nodes)
    near = nx.multi_source_dijkstra_path_length(graph, nodes) if nodes else {}
    return {name: int(near.get(name, _FAR)) for name in graph}


def _ports(nodes: Ints, pairs: Ints, numbers: Ints) -> Ints:
    order = np.argsort(pairs[:, 0], kind="stable")
    low = pairs[order, 0]
    starts, stops = np.searchsorted(low, nodes), np.searchsorted(low, nodes, side="right")
    of_node = [numbers[order[start:stop]] for start, stop in zip(starts, stops, strict=True)]
    rails = max((len(links) for links in of_node), default=1) or 1
    filled = [np.resize(links, rails) if len(links) else np.full(rails, -1) for links in of_node]
    return np.array(filled, dtype=np.int64).reshape(len(nodes), rails)
