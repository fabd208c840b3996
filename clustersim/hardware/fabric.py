"""Bandwidth and latency of each tier of the fabric, per GPU."""

from dataclasses import dataclass

from clustersim.scenario.schema.hardware import Cluster

SCALE_UP_LATENCY_S = 1.5e-6
"""One hop inside a scale-up domain [s]. nccl-tests on one 8 x H100 node: 20-25 us for a small all-reduce of 14 ring
steps (nccl-tests logs, 2025), i.e. 1.5-1.8 us a step."""

SCALE_UP_EFFICIENCY = 0.8
"""Share of the scale-up bandwidth that a large collective reaches: 360-370 GB/s of bus bandwidth on 450 GB/s
(8 x H100) and 235 GB/s on 300 GB/s (8 x A100), nccl-tests, 2023-2025; without in-switch reduction."""


@dataclass(frozen=True, slots=True)
class Link:
    """What one GPU gets out of one tier: bandwidth per direction [bytes/s] and one-way latency of a hop [s]."""

    bandwidth_bytes_s: float
    latency_s: float


@dataclass(frozen=True, slots=True)
class Fabric:
    """The tiers a collective can cross, seen from one GPU.

    Attributes
    ----------
    scale_up, scale_out : Link
        Inside the scale-up domain; between domains of one pod.
    oversubscription : float
        How many times less bandwidth a GPU gets when all GPUs of its pod talk to other pods at once (>= 1).
    domain_gpus, pod_gpus : int
        GPUs in a scale-up domain; in a pod of full bisection.
    """

    scale_up: Link
    scale_out: Link
    oversubscription: float
    domain_gpus: int
    pod_gpus: int


def fabric_of(cluster: Cluster) -> Fabric:
    """Read the tiers off a cluster.

    Parameters
    ----------
    cluster : Cluster
        The machines. Each GPU gets an equal share of its node's interfaces.

    Returns
    -------
    Fabric
        Bandwidths with the efficiency of large collectives already taken off [bytes/s], latencies [s].
    """
    node, network = cluster.node, cluster.fabric
    per_gpu = node.nics * node.nic_bandwidth / node.gpus * network.efficiency
    pod_nodes = network.nodes_per_pod or cluster.nodes
    return Fabric(
        scale_up=Link(node.accelerator.scale_up_bandwidth * SCALE_UP_EFFICIENCY, SCALE_UP_LATENCY_S),
        scale_out=Link(per_gpu, network.latency),
        oversubscription=network.oversubscription,
        domain_gpus=node.accelerator.scale_up_domain,
        pod_gpus=pod_nodes * node.gpus,
    )
