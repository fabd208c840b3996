"""The group of a measured collective, placed on the fabric that its line describes."""

from dataclasses import dataclass

from clustersim.calibration.collectives.rows import MeasuredCollective
from clustersim.calibration.collectives.text import (
    Card,
    Interfaces,
    card_of,
    domain_of,
    forced_algorithm,
    forced_protocol,
    in_switch_forbidden,
    interfaces_of,
    racks_of,
    without_network,
)
from clustersim.hardware.fabric import Fabric, build_fabric
from clustersim.hardware.placement import Place, Tier
from clustersim.hardware.rates import RatesTable, network_rates, scale_up_class
from clustersim.step.collectives.choice import Allowed


@dataclass(frozen=True, slots=True)
class Setup:
    """What a line says about the machines.

    Attributes
    ----------
    ranks, per_domain, domains : int
        GPUs of the group, of it in one scale-up domain, and domains.
    scale_up, network : str
        Entries of ``collective_rates``; the network is "" inside one domain.
    link_bytes_s, network_bytes_s : float
        Nominal bandwidth of one GPU per direction [bytes/s].
    rail_aligned : bool
        Whether each GPU has an interface of its own.
    allowed : Allowed
        What the line forces or forbids.
    filled : tuple of str
        Rules by which missing cells were filled.
    """

    ranks: int
    per_domain: int
    domains: int
    scale_up: str
    network: str
    link_bytes_s: float
    network_bytes_s: float
    rail_aligned: bool
    allowed: Allowed
    filled: tuple[str, ...]


def setup_of(row: MeasuredCollective) -> Setup | str:
    """Read the machines of a line; a sentence where nothing says what they are."""
    if row.problems or row.ranks is None:
        return "; ".join(row.problems) or "n_gpus is empty"
    link, nic, source = (row.text(column) for column in ("nvlink gen", "nic", "source"))
    card = card_of(link, nic, source)
    if card is None:
        return "neither nvlink gen, nic nor source names a card or an NVLink generation"
    gpus, node_rule = _node_gpus(row, card)
    per_domain, domains = _domains(row.ranks, gpus, link, nic, card)
    filled = [*card.filled, *([node_rule] if node_rule else [])]
    interfaces = None if domains == 1 else interfaces_of(nic, source, card, gpus)
    if interfaces is not None:
        filled.extend(interfaces.filled)
    return Setup(
        ranks=row.ranks,
        per_domain=per_domain,
        domains=domains,
        scale_up=scale_up_class(link if "nvlink" in link.lower() else card.node["link"]),
        network="" if interfaces is None else interfaces.network,
        link_bytes_s=card.link_bytes_s,
        network_bytes_s=_network_bytes_s(interfaces, gpus),
        rail_aligned=interfaces is not None and (interfaces.count or gpus) >= gpus,
        allowed=Allowed(
            forced_algorithm(link, source), forced_protocol(link, source), not in_switch_forbidden(link, source)
        ),
        filled=tuple(filled),
    )


def place_of(setup: Setup, table: RatesTable | None = None) -> Place:
    """Put the group of a line on its fabric, under the rates of a table (the catalogue's when omitted)."""
    fabric = fabric_of_setup(setup, table)
    tier: Tier = "scale_up" if setup.domains == 1 else "pod"
    return Place(setup.ranks, setup.per_domain, setup.domains, setup.ranks, tier, fabric)


def fabric_of_setup(setup: Setup, table: RatesTable | None = None) -> Fabric:
    """Fabric of a line, under the rates of a table (the catalogue's when omitted)."""
    return build_fabric(
        scale_up=setup.scale_up,
        scale_up_bytes_s=setup.link_bytes_s,
        network_bytes_s=setup.network_bytes_s,
        network=network_rates(setup.network or "infiniband", table),
        domain_gpus=setup.per_domain,
        pod_gpus=setup.ranks,
        rail_aligned=setup.rail_aligned,
        table=table,
    )


def _network_bytes_s(interfaces: Interfaces | None, gpus: int) -> float:
    """Share of one GPU; a group inside a domain gets a nominal 1 GB/s that nothing crosses."""
    return 1e9 if interfaces is None else interfaces.node_bytes_s / gpus


def _node_gpus(row: MeasuredCollective, card: Card) -> tuple[int, str]:
    if row.gpus_per_node is not None:
        return row.gpus_per_node, ""
    gpus = int(card.node["gpus"])
    return gpus, f"gpus_per_node: {gpus}, as in the usual {card.name} node"


MOST_GPUS_OF_A_NODE = 16
"""GPUs of the largest server without a rack-scale domain: DGX-2."""


def _domains(ranks: int, gpus: int, link: str, nic: str, card: Card) -> tuple[int, int]:
    racks = racks_of(link)
    if racks is None and without_network(nic) and ranks <= MOST_GPUS_OF_A_NODE:
        return ranks, 1
    size = domain_of(link) or max(gpus, int(card.node["domain"]) if int(card.node["domain"]) > 8 else gpus)
    domains = racks or -(-ranks // size)
    return -(-ranks // domains), domains
