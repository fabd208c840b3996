"""Which tier of the fabric a group of ranks spans.

Ranks are numbered with tensor parallelism fastest, then context. Then come data (expert parallelism inside data) and
pipeline parallelism, the default order of Megatron-Core (Narayanan et al. 2021, arXiv 2104.04473, section 3.2), or
pipeline and data, where the replicas, whose traffic hides best, lie furthest apart (Llama 3, arXiv 2407.21783, section
3.3.2). The neighbours of a tensor-parallel group share a node either way.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from clustersim.hardware.fabric import Fabric, Link

CHASSIS_GPUS = 16
"""A domain with more GPUs than this spans several chassis (NVL36, NVL72); DGX-2 has 16 in one."""

Tier = Literal["none", "scale_up", "pod", "cross_pod"]


@dataclass(frozen=True, slots=True)
class Run:
    """Evenly spaced ranks: how many, and their distance in the rank order."""

    ranks: int
    stride: int

    def within(self, gpus: int) -> int:
        """Ranks that lie in the first `gpus` GPUs of the order; at least one."""
        return max(1, min(self.ranks, gpus // self.stride))


@dataclass(frozen=True)
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
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A place is the key of the cache that every collective asks; hashing eleven numbers each time costs more
        # than the rest of the call.
        shape = (self.ranks, self.per_domain, self.domains, self.per_pod, self.tier)
        object.__setattr__(self, "_hash", hash((shape, self.fabric)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def ring_bandwidth_bytes_s(self) -> float:
        """Bandwidth of a ring over the group [bytes/s]: its narrowest hop."""
        up = self.scale_up_bytes_s
        return up if self.domains == 1 else min(up, self.leaving_bytes_s(1.0))

    @property
    def scale_up_bytes_s(self) -> float:
        """Bandwidth of a ring inside the domain [bytes/s]: without a switch, of the links to its own members alone."""
        up, peers = self.fabric.scale_up.bandwidth_bytes_s, self.fabric.scale_up_rates.mesh_peers
        return up * min(1.0, max(1, self.per_domain - 1) / peers) if peers else up

    def leaving_bytes_s(self, share: float) -> float:
        """Bandwidth with which the group leaves one of its domains [bytes/s].

        Parameters
        ----------
        share : float
            Share of a ring's bandwidth that the algorithm reaches on the interfaces.

        Notes
        -----
        The interfaces of all ranks in the domain work together. A ring or tree ordered by pods leaves each pod once,
        so oversubscription binds it only when the group has few ranks in a pod.
        """
        fabric, out = self.fabric, self.fabric.scale_out.bandwidth_bytes_s * share
        narrowest = self.per_domain * out
        if self.per_domain > CHASSIS_GPUS:
            narrowest = min(narrowest, fabric.scale_up_rates.rack_drive_bytes_s)
        if self.tier == "cross_pod":
            narrowest = min(narrowest, self.per_pod * out / fabric.oversubscription)
        return narrowest


@lru_cache(maxsize=4096)
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


@lru_cache(maxsize=4096)
def slowed(place: Place, share: float, extra_latency_s: float) -> Place:
    """Place of the same group on links that others use too, or that are damaged or long.

    Parameters
    ----------
    place : Place
        The group.
    share : float
        Share in (0, 1] of its bandwidth that is left: of the scale-up links for a group inside one domain, else of
        what leaves a domain. See :mod:`clustersim.hardware.contention`.
    extra_latency_s : float
        Latency beyond the usual one between domains [s].

    Returns
    -------
    Place
        `place` itself where nothing is lost.
    """
    if share == 1.0 and extra_latency_s == 0.0:
        return place
    fabric = place.fabric
    if place.domains == 1:
        link = Link(fabric.scale_up.bandwidth_bytes_s * share, fabric.scale_up.latency_s + extra_latency_s)
        return replace(place, fabric=replace(fabric, scale_up=link))
    link = Link(fabric.scale_out.bandwidth_bytes_s * share, fabric.scale_out.latency_s + extra_latency_s)
    return replace(place, fabric=replace(fabric, scale_out=link, far_latency_s=extra_latency_s))


@lru_cache(maxsize=4096)
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
