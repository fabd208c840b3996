"""The tiers of the fabric as one GPU sees them: bandwidth and latency of each, and what collectives reach on it."""

from dataclasses import dataclass, field, replace

from clustersim.hardware.rates import (
    SIMPLE_CALL_S,
    SIMPLE_HOP_S,
    NetworkRates,
    PipelineFill,
    RatesTable,
    ScaleUpRates,
    network_rates,
    pipeline_fill,
    scale_up_class,
    scale_up_rates,
)
from clustersim.scenario.schema.fabric import NETWORK_LATENCY_S
from clustersim.scenario.schema.hardware import DEFAULT_NETWORK, Cluster
from clustersim.scenario.schema.measured import CollectiveTimes

SCALE_UP_LATENCY_S = 1.5e-6
"""One message inside a scale-up domain [s]. nccl-tests on one 8 x H100 node: 20-25 us for a small all-reduce of 14 ring
steps (nccl-tests logs, 2025), i.e. 1.5-1.8 us a step."""


_NEVER = 1e-9
"""Share of the bandwidth for algorithms that are not there: none is ever the cheapest."""


@dataclass(frozen=True, slots=True)
class Link:
    """What one GPU gets out of one tier: bandwidth per direction [bytes/s] and one-way latency of a hop [s]."""

    bandwidth_bytes_s: float
    latency_s: float


@dataclass(frozen=True)
class Fabric:
    """The tiers a collective can cross, seen from one GPU.

    Attributes
    ----------
    scale_up, scale_out : Link
        Inside the scale-up domain; between domains of one pod. Bandwidths are those of a large message, with the
        share a ring reaches taken off.
    oversubscription : float
        How many times less bandwidth a GPU gets when all GPUs of its pod talk to other pods at once (>= 1).
    domain_gpus, pod_gpus : int
        GPUs in a scale-up domain; in a pod of full bisection.
    scale_up_rates : ScaleUpRates
        What collectives reach inside the domain.
    network_rates : NetworkRates
        What collectives reach between domains.
    fill : PipelineFill
        What filling the pipeline of chunks costs each algorithm.
    far_latency_s : float
        Latency of a message between domains beyond the usual one [s]: switches and distance that a group crosses.
    rail_aligned : bool
        Whether every GPU has an interface of its own, so that messages can cross the domain first and leave on the
        rail of their destination (PXN, NCCL 2.12).
    in_network_reduction : bool
        Whether the switches of the network reduce (SHARP, through NCCL's CollNet).
    gloo : bool
        Whether the collectives are gloo's: rings alone, and a reduce-scatter is an all-reduce of the whole buffer.
    """

    scale_up: Link
    scale_out: Link
    oversubscription: float
    domain_gpus: int
    pod_gpus: int
    scale_up_rates: ScaleUpRates = field(default_factory=lambda: scale_up_rates("nvlink4"))
    network_rates: NetworkRates = field(default_factory=lambda: network_rates(DEFAULT_NETWORK))
    fill: PipelineFill = field(default_factory=pipeline_fill)
    far_latency_s: float = 0.0
    rail_aligned: bool = True
    in_network_reduction: bool = False
    gloo: bool = False
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Places are keys of caches that a step prediction asks some twenty times.
        object.__setattr__(self, "_hash", hash((self.scale_up, self.scale_out, self.domain_gpus, self.pod_gpus)))

    def __hash__(self) -> int:
        return self._hash


def fabric_of(cluster: Cluster, table: RatesTable | None = None) -> Fabric:
    """Read the tiers off a cluster.

    Parameters
    ----------
    cluster : Cluster
        The machines. Each GPU gets an equal share of its node's interfaces. The rates are those of the class of its
        network; ``fabric.efficiency`` and ``fabric.latency``, where they are given, replace the calibrated ones.
    table : mapping, optional
        Rates; the catalogue's when omitted.

    Returns
    -------
    Fabric
        Bandwidths with the efficiency of large collectives already taken off [bytes/s], latencies [s].
    """
    node, network = cluster.node, cluster.fabric
    rates = network_rates(cluster.network, table)
    if network.efficiency is not None:
        rates = with_ring_share(rates, network.efficiency)
    if network.latency is not None:
        rates = with_latency(rates, network.latency)
    accelerator = node.accelerator
    fabric = build_fabric(
        scale_up=scale_up_class(accelerator.scale_up),
        scale_up_bytes_s=accelerator.scale_up_bandwidth,
        network_bytes_s=node.nics * node.nic_bandwidth / node.gpus,
        network=rates,
        domain_gpus=accelerator.scale_up_domain,
        pod_gpus=(network.nodes_per_pod or cluster.nodes) * node.gpus,
        oversubscription=network.oversubscription,
        rail_aligned=node.nics >= node.gpus,
        in_network_reduction=network.in_network_reduction,
        table=table,
    )
    measured = accelerator.measured
    if measured is None or measured.collectives is None:
        return fabric
    return _with_measured(fabric, accelerator.scale_up_bandwidth, measured.collectives)


def _with_measured(fabric: Fabric, scale_up_bytes_s: float, times: CollectiveTimes) -> Fabric:
    """Rings and exchanges as they were measured inside a node; no other algorithm was."""
    rates = replace(
        fabric.scale_up_rates,
        ring=times.share,
        exchange=times.share,
        tree=_NEVER,
        low_latency=_NEVER,
        in_switch=0.0,
        call_s=times.call - SIMPLE_CALL_S,
        latency_scale=times.hop / SIMPLE_HOP_S,
    )
    link = Link(scale_up_bytes_s * times.share, times.hop)
    inside = replace(fabric, scale_up=link, scale_up_rates=rates, fill=PipelineFill(0.0, 0.0, 0.0, 0.0))
    if times.reduce_scatter == "ring":
        return inside
    # Gloo has rings alone, between machines too.
    network = replace(fabric.network_rates, tree=_NEVER, low_latency=_NEVER, line128=0.0)
    return replace(inside, network_rates=network, gloo=True)


def build_fabric(
    scale_up: str,
    scale_up_bytes_s: float,
    network_bytes_s: float,
    network: NetworkRates,
    domain_gpus: int,
    pod_gpus: int,
    oversubscription: float = 1.0,
    rail_aligned: bool = True,
    in_network_reduction: bool = False,
    table: RatesTable | None = None,
) -> Fabric:
    """Make a fabric out of nominal bandwidths and calibrated rates.

    Parameters
    ----------
    scale_up : str
        Entry of the table for the scale-up link.
    scale_up_bytes_s, network_bytes_s : float
        Nominal bandwidth of one GPU per direction: of its scale-up link, and its share of the interfaces [bytes/s].
    network : NetworkRates
        Rates of the network.
    domain_gpus, pod_gpus, oversubscription, rail_aligned, in_network_reduction
        As in :class:`Fabric`.
    table : mapping, optional
        Rates; the catalogue's when omitted.
    """
    up = scale_up_rates(scale_up, table)
    return Fabric(
        scale_up=Link(scale_up_bytes_s * up.ring, SCALE_UP_LATENCY_S * up.latency_scale),
        scale_out=Link(network_bytes_s * network.ring, NETWORK_LATENCY_S * network.eager_scale),
        oversubscription=oversubscription,
        domain_gpus=domain_gpus,
        pod_gpus=pod_gpus,
        scale_up_rates=up,
        network_rates=network,
        fill=pipeline_fill(table),
        rail_aligned=rail_aligned,
        in_network_reduction=in_network_reduction,
    )


def with_ring_share(rates: NetworkRates, share: float) -> NetworkRates:
    """Rates of a network whose rings reach `share` of the interfaces; everything else keeps its ratio to them."""
    factor = share / rates.ring
    return replace(
        rates,
        ring=share,
        tree=min(1.0, rates.tree * factor),
        exchange=min(1.0, rates.exchange * factor),
    )


def with_latency(rates: NetworkRates, latency_s: float) -> NetworkRates:
    """Rates of a network whose messages take `latency_s` one way [s]; every hop grows in proportion."""
    scale = latency_s / NETWORK_LATENCY_S
    factor = scale / rates.eager_scale
    return replace(
        rates,
        eager_scale=scale,
        simple_scale=rates.simple_scale * factor,
        exchange_latency_s=rates.exchange_latency_s * factor,
    )
