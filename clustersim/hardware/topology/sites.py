"""Several data centres joined by long links."""

import numpy as np

from clustersim.hardware.topology.topology import Ints
from clustersim.hardware.topology.wiring import Wiring
from clustersim.scenario.schema.fabric import DatacentresFabric


def join_sites(wiring: Wiring, fabric: DatacentresFabric, tops: list[Ints]) -> None:
    """Wire every two sites to each other.

    Parameters
    ----------
    wiring : Wiring
        Where the links go; the sites are in it.
    fabric : DatacentresFabric
        Bandwidth and round trip of the long links.
    tops : list of array of int
        Highest switches of each site.

    Notes
    -----
    A gateway stands for the border routers of a site. It takes whatever its site sends, so that the long link alone
    limits what leaves.
    """
    gateways = []
    for site, top in zip(fabric.sites, tops, strict=True):
        gateway = wiring.vertices("long", [f"{site.name}:gateway"])
        wiring.join_all("gateway", top, gateway, site.nodes * wiring.node_bytes_s, 1.0)
        gateways.append(int(gateway[0]))
    one, other = np.triu_indices(len(gateways), 1)
    ends = np.array(gateways, dtype=np.int64)
    wiring.join("long", ends[one], ends[other], fabric.bandwidth, 1, fabric.round_trip / 2.0)
