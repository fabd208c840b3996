"""The scale-out network: which switches there are, how they are wired, and what of it is broken."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from clustersim.scenario.schema.file_text import FILE_TEXT
from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Bandwidth, Duration, Fraction

NETWORK_LATENCY_S = 6e-6
"""One message between two nodes [s], software included, where the calibrated ``eager_scale`` is 1: 32-40 us per small
all-reduce on 2-8 H100 nodes (nccl-tests logs, 2025)."""

Routing = Literal["adaptive", "ecmp"]
NetworkClass = Literal["infiniband", "roce", "efa", "efa-v1", "tcpxo", "slingshot", "omni-path"]
"""Classes of network interfaces that the catalogue table ``collective_rates`` has rates of collectives for."""


class Degraded(Section):
    """Links or switches that carry less than they should."""

    link: str | None = setting(
        None, description="name or pattern of links: leaf-3/spine-2, leaf-3/spine-*; either end may come first"
    )
    switch: str | None = setting(None, description="name or pattern of switches, e.g. spine-7: every link of each")
    bandwidth: Fraction = setting(description="share of the bandwidth that is left; 0 % is down")

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if (self.link is None) == (self.switch is None):
            msg = "names either a link or a switch, e.g. {link: leaf-3/spine-2, bandwidth: 50 %}"
            raise ValueError(msg)
        return self


class _Fabric(Section):
    """What every fabric has."""

    kind: str = setting(description="kind of fabric")
    nodes_per_rack: PositiveInt = setting(1, description="nodes that share a rack and its top-of-rack switch")
    network: NetworkClass | None = setting(
        None,
        description="class of the network: infiniband, roce (other Ethernet with RDMA too), efa, efa-v1, tcpxo, "
        "slingshot or omni-path; that of the node when omitted",
    )
    latency: Duration | None = setting(
        None,
        gt=0.0,
        description="one-way latency of a small message between two nodes, software included; calibrated for the class "
        "of the network when omitted",
    )
    efficiency: Fraction | None = setting(
        None,
        gt=0.0,
        description="share of the interface bandwidth that a ring reaches with large messages; calibrated for the "
        "class of the network when omitted",
    )
    degraded: tuple[Degraded, ...] = setting((), description="links and switches with less than their bandwidth")


class _Switched(_Fabric):
    """A fabric of switches with several ways between two of them."""

    routing: Routing = setting(
        "adaptive",
        description="adaptive: traffic spreads evenly over what is up; ecmp: each connection keeps the way its hash "
        "gives it, and hashes collide",
        source="adaptive routing of InfiniBand, packet spraying; losses of collisions that every fabric has are in "
        "the efficiency",
    )
    queue_pairs: PositiveInt = setting(
        1,
        description="connections between two interfaces, each with a hash of its own (channels times queue pairs); "
        "counts with routing ecmp",
        source="NCCL_IB_QPS_PER_CONNECTION, default 1 (NCCL documentation, 2025), on one channel",
    )


class _Unpodded:
    """A fabric whose bandwidth between any two places follows from its graph alone."""

    @property
    def nodes_per_pod(self) -> int | None:
        """None: no part of it is set apart."""
        return None

    @property
    def oversubscription(self) -> float:
        """One: what is lost between distant nodes is read off the graph."""
        return 1.0


class _Reducing(_Switched):
    """A fabric whose switches may reduce."""

    in_network_reduction: bool = setting(
        False,
        description="whether its switches reduce (SHARP, through NCCL's CollNet), for all-reduces between nodes",
        source="NCCL_COLLNET_ENABLE, default 0 (NCCL documentation, 2025)",
    )


class _Plain:
    """A fabric that reduces in the GPUs alone."""

    @property
    def in_network_reduction(self) -> bool:
        """Never: no switch sees all that is reduced."""
        return False


class _Leaves(_Reducing):
    """A fabric whose nodes hang on leaf switches, possibly one leaf for each of several interfaces."""

    rails: PositiveInt = setting(
        1, description="leaves that a node is wired to, each with an equal share of its interfaces (rail-optimised: 8)"
    )
    nodes_per_leaf: PositiveInt | None = setting(None, description="nodes on one leaf; those of a rack when omitted")

    @property
    def leaf_nodes(self) -> int:
        """Nodes on one leaf."""
        return self.nodes_per_leaf or self.nodes_per_rack


class ClosFabric(_Leaves):
    """A Clos network: racks under leaves, pods with full bisection, pods joined with some oversubscription."""

    kind: Literal["clos"] = setting("clos", description="kind of fabric")
    nodes_per_pod: PositiveInt | None = setting(None, description="nodes with full bisection; all when omitted")
    oversubscription: float = setting(1.0, ge=1.0, description="bandwidth lost between pods, as a ratio to one")
    spines_per_pod: PositiveInt | None = setting(
        None,
        description="spine switches of a pod",
        source="when omitted, as many as leaves of their size need: 32 leaves of 32 + 32 ports take 16 spines "
        "(NVIDIA DGX SuperPOD reference architecture, H100, 2023)",
    )


class FatTreeFabric(_Leaves):
    """Three tiers of switches: leaf, spine and core, each with an oversubscription of its own."""

    kind: Literal["fat_tree"] = setting(description="kind of fabric")
    nodes_per_pod: PositiveInt | None = setting(None, description="nodes under one set of spines; all when omitted")
    spines_per_pod: PositiveInt | None = setting(
        None,
        description="spine switches of a pod",
        source="when omitted, as many as leaves of their size need: 32 leaves of 32 + 32 ports take 16 spines "
        "(NVIDIA DGX SuperPOD reference architecture, H100, 2023)",
    )
    leaf_oversubscription: float = setting(
        1.0, ge=1.0, description="bandwidth of a leaf towards its nodes over that towards its spines"
    )
    spine_oversubscription: float = setting(
        1.0, ge=1.0, description="bandwidth of a spine towards its leaves over that towards the core"
    )

    @property
    def oversubscription(self) -> float:
        """One: both ratios are read off the graph."""
        return 1.0


class DragonflyPlusFabric(_Leaves, _Unpodded):
    """Groups of leaves and spines; every spine has links to every other group.

    With adaptive routing, traffic goes the short way (leaf, spine, spine, leaf), or is spread evenly over the short way
    and those over one spine of a third group, whichever serves the slowest group better; with ecmp, the short way.

    References
    ----------
    Shpiner et al. (2017), "Dragonfly+: Low Cost Topology for Scaling Datacenters", HiPINEB,
    :doi:`10.1109/HiPINEB.2017.11`.
    """

    kind: Literal["dragonfly_plus"] = setting(description="kind of fabric")
    leaves_per_group: PositiveInt = setting(description="leaf switches of a group")
    spines_per_group: PositiveInt = setting(description="spine switches of a group")
    global_oversubscription: float = setting(
        1.0, gt=0.0, description="bandwidth of the nodes of a group over that of its links to other groups"
    )


class TorusFabric(_Fabric, _Unpodded, _Plain):
    """Chips wired to their neighbours in two or three dimensions; the interfaces of the host are not part of it.

    References
    ----------
    Jouppi et al. (2023), "TPU v4", ISCA, arXiv 2304.01433, section 2: 3D torus, six links of 50 GB/s a chip.
    """

    kind: Literal["torus"] = setting(description="kind of fabric")
    shape: tuple[PositiveInt, ...] = setting(
        min_length=1, description="chips along each dimension; ranks run along the first one first"
    )
    link_bandwidth: Bandwidth = setting(gt=0.0, description="bandwidth of one link between neighbours, per direction")
    wraparound: bool = setting(True, description="whether the last chip of a row is wired to the first")

    @property
    def chips(self) -> int:
        """Chips in the torus."""
        return math.prod(self.shape)


class GraphFabric(_Reducing, _Unpodded):
    """Any wiring, read from a file of links.

    CSV has a heading ``from,to,bandwidth`` and, where wanted, ``latency``, ``cables`` and ``tier``; JSON is a list of
    mappings with these keys, or a mapping with that list under ``links``. Bandwidth is that of all cables of the link.
    """

    kind: Literal["graph"] = setting(description="kind of fabric")
    file: str = setting(description="CSV or JSON file of links, relative to the file that names it")
    text: Annotated[str, FILE_TEXT] | None = setting(
        None, description="contents of the file; read from it when omitted, and kept so that the scenario stands alone"
    )
    nodes: str = setting(
        "node*", description="pattern of the names that are nodes; ranks fill them in the order of their numbers"
    )


class SlurmFabric(_Reducing, _Unpodded):
    """The switches that a Slurm cluster is described with: ``topology.conf`` or ``topology.yaml``, tree or block."""

    kind: Literal["slurm"] = setting(description="kind of fabric")
    file: str = setting(
        description="topology.conf, topology.yaml or the folder they are in, where the latter is read first, as Slurm "
        "does; relative to the file that names it"
    )
    text: Annotated[str, FILE_TEXT] | None = setting(
        None, description="contents of the file; read from it when omitted, and kept so that the scenario stands alone"
    )
    topology: str | None = setting(
        None, description="name of the topology in topology.yaml; the cluster's default when omitted"
    )
    uplink_oversubscription: float = setting(
        1.0, ge=1.0, description="bandwidth below a switch over that of its uplink; Slurm does not say it"
    )
    link_speed_unit: Bandwidth | None = setting(
        None,
        gt=0.0,
        description="bandwidth of LinkSpeed=1 on the uplink of a switch; LinkSpeed is ignored when omitted",
        source="Slurm gives LinkSpeed no unit and does not use it (topology.conf manual, 2025)",
    )


DatacentreFabric = Annotated[
    ClosFabric | FatTreeFabric | DragonflyPlusFabric | GraphFabric | SlurmFabric, Field(discriminator="kind")
]

_OF_ALL_SITES = ("network", "latency", "efficiency", "routing", "queue_pairs", "degraded")
_PLAIN = ClosFabric()


class Datacentre(Section):
    """One of several data centres."""

    name: str = setting(description="name of the site; its switches are called name:leaf-3", pattern=r"^[^:/*?\[\]]+$")
    nodes: PositiveInt = setting(description="nodes at the site; ranks fill the sites in order")
    fabric: DatacentreFabric = setting({"kind": "clos"}, description="the network inside the site")

    @model_validator(mode="after")
    def _leaves_the_rest_to_all_sites(self) -> Self:
        for name in _OF_ALL_SITES:
            if getattr(self.fabric, name) != getattr(_PLAIN, name):
                msg = f"'{name}' holds for all sites: set it beside 'sites'"
                raise ValueError(msg)
        if self.fabric.in_network_reduction:
            msg = "'in_network_reduction' ends at a site: no switch sees all that several sites reduce; leave it out"
            raise ValueError(msg)
        return self


class DatacentresFabric(_Switched, _Unpodded, _Plain):
    """Several sites, each with its own network, every two of them joined by a long link."""

    kind: Literal["datacentres"] = setting(description="kind of fabric")
    sites: tuple[Datacentre, ...] = setting(
        min_length=1, description="the data centres, in the order that ranks fill them"
    )
    bandwidth: Bandwidth = setting(gt=0.0, description="bandwidth between every two sites, per direction")
    round_trip: Duration = setting(
        ge=0.0,
        description="round-trip time between two sites, added to the latency inside them",
        source="light in fibre takes 5 us a km one way: 1,000 km are 10 ms (ITU-T G.652 fibre, group index 1.47)",
    )

    @model_validator(mode="after")
    def _joins_several_sites(self) -> Self:
        names = [site.name for site in self.sites]
        if len(names) < 2 or len(set(names)) < len(names):
            msg = f"takes two or more 'sites', each with a name of its own; it has {', '.join(names)}"
            raise ValueError(msg)
        return self


AnyFabric = Annotated[
    ClosFabric | FatTreeFabric | DragonflyPlusFabric | TorusFabric | GraphFabric | SlurmFabric | DatacentresFabric,
    Field(discriminator="kind"),
]
