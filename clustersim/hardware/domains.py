"""What goes down together: nodes, racks and pods."""

from dataclasses import dataclass

from clustersim.scenario.schema.hardware import Cluster


@dataclass(frozen=True, slots=True)
class FailureDomains:
    """Sizes of the failure domains of a cluster, in nodes, and how many of each it has (the last may be partial)."""

    nodes: int
    nodes_per_rack: int
    nodes_per_pod: int

    @property
    def racks(self) -> int:
        """Racks that hold the nodes."""
        return -(-self.nodes // self.nodes_per_rack)

    @property
    def pods(self) -> int:
        """Pods that hold the nodes."""
        return -(-self.nodes // self.nodes_per_pod)

    def rack_of(self, node: int) -> int:
        """Rack of a node; nodes are numbered rack by rack."""
        return node // self.nodes_per_rack

    def pod_of(self, node: int) -> int:
        """Pod of a node; nodes are numbered pod by pod."""
        return node // self.nodes_per_pod


def failure_domains(cluster: Cluster) -> FailureDomains:
    """Read the failure domains off a cluster; without ``nodes_per_pod`` all nodes form one pod."""
    network = cluster.fabric
    return FailureDomains(cluster.nodes, network.nodes_per_rack, network.nodes_per_pod or cluster.nodes)
