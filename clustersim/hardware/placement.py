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
class Run:
    """Evenly spaced ranks: how many, and their distance in the rank order."""

    ranks: int
    stride: int

    def within(self, gpus: int) -> int:
        """Ranks that lie in the first `gpus` GPUs of the order; at least one."""
        return max(1, min(self.ranks, gpus // self.stride))


@dataclass(frozen=True, slots=True)
class Place:
    """How a group of ranks sits on the fabric.

    Attributes
    ----------
    ranks : int
        Ranks in the group.
    per_domain, domains : int
        Ranks of the group that share one scale-up domain, and the number of domains.
    per_pod : int
        Ranks of the group that share one pod.
    tier : Tier
        The widest tier between two of its ranks.
    fabric : Fabric
        The tiers.
    """

    ranks: int
    per_domain: int
    domains: int
    per_pod: int
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
            narrowest = min(narrowest, self.per_pod * out / self.fabric.oversubscription)
        return narrowest


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
    return _place(fabric, Run(ranks, stride), Run(1, ranks * stride))


def place_nested_group(fabric: Fabric, inner: Run, outer: Run) -> Place:
    """Place a group whose ranks lie in runs that another dimension keeps apart.

    Parameters
    ----------
    fabric : Fabric
        The tiers.
    inner, outer : Run
        Ranks of one run and their distance; runs and their distance. A data group of ``tp-cp-pp-dp`` has its
        context-parallel ranks inside and its replicas, with all pipeline stages in between, outside.

    Returns
    -------
    Place
        Ranks in a domain (or pod) are those of a run in it times the runs in it.
    """
    if outer.ranks == 1 or outer.stride == inner.ranks * inner.stride:
        return place_group(fabric, inner.ranks * outer.ranks, inner.stride)
    return _place(fabric, inner, outer)


def _place(fabric: Fabric, inner: Run, outer: Run) -> Place:
    ranks = inner.ranks * outer.ranks
    per_domain = inner.within(fabric.domain_gpus) * outer.within(fabric.domain_gpus)
    domains = -(-ranks // per_domain)
    per_pod = inner.within(fabric.pod_gpus) * outer.within(fabric.pod_gpus)
    reach = outer.ranks * outer.stride
    return Place(ranks, per_domain, domains, per_pod, _tier(fabric, ranks, reach, domains), fabric)


def _tier(fabric: Fabric, ranks: int, reach: int, domains: int) -> Tier:
    if ranks == 1:
        return "none"
    if domains == 1:
        return "scale_up"
    return "pod" if reach <= fabric.pod_gpus else "cross_pod"


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
