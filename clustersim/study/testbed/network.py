"""A testbed as a cluster: every host a node of one device, joined by the cables it has."""

from collections.abc import Iterable

from clustersim.calibration.measured.base import CPU_NODE
from clustersim.scenario.schema.hardware import Cluster
from clustersim.study.testbed.measurement import Cable, MeasuredNetwork

HOP_S = 5e-5
"""One message between two processes of a machine over its own network stack [s]: a small TCP message takes some tens of
microseconds between processes that sleep. Of a step of half a second it is nothing."""


def testbed_cluster(network: MeasuredNetwork, payload_fraction: float, own_bytes_s: float) -> Cluster:
    """Make the cluster.

    Parameters
    ----------
    network : MeasuredNetwork
        Hosts and cables.
    payload_fraction : float
        Share of a cable's rate that is data.
    own_bytes_s : float
        What a host moves when no cable limits it [bytes/s]: processors and kernel take as long.
    """
    return _cluster(network, network.cables, payload_fraction, own_bytes_s)


def unlimited_cluster(network: MeasuredNetwork, own_bytes_s: float) -> Cluster:
    """Make the same cluster with cables that limit nothing."""
    free = [Cable(cable.ends, own_bytes_s * len(network.hosts)) for cable in network.cables]
    return _cluster(network, free, 1.0, own_bytes_s)


def _cluster(network: MeasuredNetwork, cables: Iterable[Cable], payload_fraction: float, own_bytes_s: float) -> Cluster:
    node = {
        "like": CPU_NODE,
        "gpus": 1,
        "nics": 1,
        "nic_bandwidth": f"{own_bytes_s} B/s",
        "accelerator": {"like": "cpu-core", "scale_up_domain": 1},
    }
    fabric = {
        "kind": "graph",
        "file": f"{network.name}.csv",
        "text": _links(network, list(cables)),
        "nodes": "node*",
        "efficiency": payload_fraction,
        "latency": f"{HOP_S} s",
    }
    return Cluster.model_validate({"node": node, "nodes": len(network.hosts), "fabric": fabric})


def _links(network: MeasuredNetwork, cables: list[Cable]) -> str:
    """CSV of the cables; one between two hosts gets a switch in its middle, since hosts do not forward."""
    names = {host: f"node{rank}" for rank, host in enumerate(network.hosts)}
    rows = []
    for number, cable in enumerate(cables):
        ends = [names.get(end, end) for end in cable.ends]
        pairs = [(end, f"cable{number}") for end in ends] if names.keys() >= set(cable.ends) else [tuple(ends)]
        rows += [f"{low},{high},{cable.bandwidth_bytes_s} B/s" for low, high in pairs]
    return "\n".join(["from,to,bandwidth", *rows]) + "\n"
