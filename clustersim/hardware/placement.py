"""Which tier of the fabric a group of ranks spans.

Ranks are numbered with tensor parallelism fastest, then context. Then come data (expert parallelism inside data) and
pipeline parallelism, the default order of Megatron-Core (Narayanan et al. 2021, arXiv 2104.04473, section 3.2), or
pipeline and data, where the replicas, whose traffic hides best, lie furthest apart (Llama 3, arXiv 2407.21783, section
3.3.2). The neighbours of a tensor-parallel group share a node either way.
"""

from dataclasses import dataclass
from typing import Literal

from clustersim.hardware.fabric import Fabric, Link

Tier = Literal["none", "scale_up", "pod", "cross_pod"]


@dataclass(frozen=True, slots=True)
class Place:
    """How a group of ranks sits on the fabric.

    Attributes
    ----------
    ranks, stride : int
        Ranks in the group, and their distance in the rank order.
    per_domain, domains : int
        Ranks of the group that share one scale-up domain, and the number of domains.
    tier : Tier
        The widest tier between two of its ranks.
    fabric : Fabric
        The tiers.
    """

    ranks: int
    stride: int
    per_domain: int
    domains: int
    tier: Tier
    fabric: Fabric

    @property
    def ring_bandwidth_bytes_s(self) -> float:
        """Bandwidth of a ring over the group [bytes/s]: its narrowest hop.

        A ring that leaves the domain may use the interfaces of all its ranks there, and a ring ordered by pods leaves
        each pod once, so oversubscription binds it only when the group has few ranks in a pod.
        """
        up, out = self.fabric.scale_up.bandwidth_bytes_s, self.fabric.scale_out.bandwidth_bytes_s
        if self.domains == 1:
            return up
        narrowest = min(up, self.per_domain * out)
        if self.tier == "cross_pod":
            narrowest = min(narrowest, self._ranks_per_pod * out / self.fabric.oversubscription)
        return narrowest

    @property
    def _ranks_per_pod(self) -> int:
        return max(1, self.fabric.pod_gpus // self.stride)


def place_group(fabric: Fabric, ranks: int, stride: int) -> Place:
    """Place the group of every `stride`-th rank.

    Parameters
    ----------
    fabric : Fabric
        The tiers.
    ranks : int
        Ranks in the group.
    stride : int
        Distance between two neighbours of the group in the rank order: the product of the faster dimensions.

    Returns
    -------
    Place
        Groups are taken as aligned to domains and pods.
    """
    per_domain = max(1, min(ranks, fabric.domain_gpus // stride))
    domains = -(-ranks // per_domain)
    return Place(ranks, stride, per_domain, domains, _tier(fabric, ranks, stride, domains), fabric)


def _tier(fabric: Fabric, ranks: int, stride: int, domains: int) -> Tier:
    if ranks == 1:
        return "none"
    if domains == 1:
        return "scale_up"
    return "pod" if ranks * stride <= fabric.pod_gpus else "cross_pod"


def neighbour_link(fabric: Fabric, ranks: int, stride: int) -> Link:
    """Return the slowest link between neighbours of a group, as pipeline stages use it.

    Parameters
    ----------
    fabric : Fabric
        The tiers.
    ranks, stride : int
        Size of the group and distance of its neighbours in the rank order.

    Returns
    -------
    Link
        Bandwidth [bytes/s] and latency [s]. Where neighbours sit in different pods, the `stride` ranks of a stage
        send at once over the oversubscribed uplinks.
    """
    place = place_group(fabric, ranks, stride)
    if place.tier in ("none", "scale_up"):
        return fabric.scale_up
    if place.tier == "pod":
        return fabric.scale_out
    senders = min(stride, fabric.pod_gpus)
    share = min(1.0, fabric.pod_gpus / (fabric.oversubscription * senders))
    return Link(fabric.scale_out.bandwidth_bytes_s * share, fabric.scale_out.latency_s)
