"""Reads hardware out of the words people write beside a measured collective: rules, never a lookup of whole cells.

The interfaces of a node come from, in this order: a printed count and rate ("8x400G IB"), a printed total ("3.2 Tbps
per node"), a named instance type or machine (catalogue table ``node_networks``), a printed rate class ("NDR"), the
usual node of the card. The class of the network likewise from its name, else from the instance, else from the card.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clustersim import catalog
from clustersim.calibration.fabric_text import (
    COUNT,
    NODES,
    entry_texts,
    instance_of,
    network_named,
    node_interfaces,
    plain,
    printed,
    rate_of,
)
from clustersim.scenario.units import parse_quantity
from clustersim.step.collectives.protocol import Algorithm, Protocol

_CARDS = (
    "gb300", "gb200", "gh200", "b300", "b200", "h800", "h200", "h100", "a800", "a100", "v100", "mi300x", "mi250x",
)  # fmt: skip
_CARD = re.compile(rf"(?<![a-z0-9])({'|'.join(_CARDS)})(?![0-9])|(?<![a-z0-9])({'|'.join(_CARDS)})(?=-)")

_NEWEST_OF_LINK = {"2": "v100", "3": "a100", "4": "h100", "5": "b200"}

_NONE = re.compile(r"^\s*(none|no\b|n/?a|-)|intra-?\s?node|single[\s-]node", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Interfaces:
    """Interfaces of one node.

    Attributes
    ----------
    node_bytes_s : float
        Bandwidth of all of them, per direction [bytes/s].
    count : int or None
        How many; None where only a total is known.
    network : str
        Entry of ``collective_rates``.
    filled : tuple of str
        What was not printed, and the rule by which it was filled.
    """

    node_bytes_s: float
    count: int | None
    network: str
    filled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """The card of a row: its node kind in ``node_networks``, and the rule by which it was found when not printed."""

    name: str
    filled: tuple[str, ...]

    @property
    def node(self) -> Mapping[str, str]:
        """Texts of the usual node of this card."""
        return entry_texts(f"node-{self.name}")

    @property
    def link_bytes_s(self) -> float:
        """Bandwidth of the scale-up link per direction [bytes/s]."""
        return parse_quantity(self.node["link_bandwidth"], "bandwidth")


def card_of(link: str, nic: str, source: str) -> Card | None:
    """Card of a row: printed, else that of the instance, else that of the link's generation; None without any sign."""
    for text, rule in ((link, ""), (nic, "card: read in the nic column"), (source, "card: read in the source column")):
        found = _CARD.search(text.lower())
        if found:
            return Card(found.group(1) or found.group(2), (rule,) if rule else ())
    instance = instance_of(nic, source)
    if instance is not None:
        title = catalog.entry(NODES, instance).title.lower()
        found = _CARD.search(title)
        if found:
            return Card(found.group(1) or found.group(2), (f"card: that of {instance}",))
    generation = re.search(r"nvlink[\s-]*(\d)", link.lower())
    if generation and generation.group(1) in _NEWEST_OF_LINK:
        name = _NEWEST_OF_LINK[generation.group(1)]
        return Card(name, (f"card: {name}, the usual one with NVLink {generation.group(1)}",))
    if re.search(r"xgmi|infinity fabric", link.lower()):
        return Card("mi300x", ("card: mi300x, the usual one with xGMI",))
    return None


def without_network(nic: str) -> bool:
    """Whether a nic cell says that the group stays inside one node."""
    return bool(_NONE.search(nic))


def interfaces_of(nic: str, source: str, card: Card, gpus: int) -> Interfaces:
    """Interfaces of a node, by the rules above.

    Parameters
    ----------
    nic, source : str
        Cells of the row; empty where the source does not say.
    card : Card
        Card of the row, for what is not printed.
    gpus : int
        GPUs of the node; what is taken from the usual node of the card is taken in proportion.
    """
    instance = instance_of(nic, source)
    count, node_bytes_s, rule = _bandwidth(nic, instance, card, gpus)
    network, network_rule = _network(nic, instance, card)
    return Interfaces(node_bytes_s, count, network, tuple(text for text in (rule, network_rule) if text))


_Bandwidth = tuple[int | None, float, str]


def _bandwidth(nic: str, instance: str | None, card: Card, gpus: int) -> _Bandwidth:
    """Interfaces, bandwidth of all of them [bytes/s], and the rule where something was not printed."""
    text = plain(nic)
    usual, usual_bytes_s = node_interfaces(card.node)
    usual = max(1, usual * gpus // int(card.node["gpus"]))
    found = printed(text, gpus)
    if found is not None:
        return *found, ""
    if (rate := rate_of(text)) is not None:
        count = COUNT.search(text)
        if count:
            return int(count.group(1)), int(count.group(1)) * rate, "rate of an interface: that of its generation"
        if instance is None:
            return usual, usual * rate, f"number of interfaces: {usual}, as in the usual {card.name} node"
    if instance is not None:
        nics, bytes_s = node_interfaces(entry_texts(instance))
        return nics, nics * bytes_s, f"interfaces: those of {instance}"
    return (
        usual,
        usual * usual_bytes_s,
        (f"interfaces: {usual} x {usual_bytes_s / 0.125e9:g}G, as in the usual {card.name} node"),
    )


def _network(nic: str, instance: str | None, card: Card) -> tuple[str, str]:
    named = network_named(nic, instance)
    if named:
        return named, ""
    if instance is not None:
        return entry_texts(instance)["network"], f"network: that of {instance}"
    name = card.node["network"]
    return name, f"network: {name}, as in the usual {card.name} node"


_ALGORITHMS: Mapping[str, Algorithm] = {
    "ring": "ring",
    "tree": "tree",
    "nvls": "nvls",
    "nvlstree": "nvls_tree",
    "nvls_tree": "nvls_tree",
    "collnet": "collnet",
    "collnetdirect": "collnet",
    "collnetchain": "collnet",
}
_FORCED = re.compile(r"(?:nccl_algo\s*=\s*|\balgo(?:rithm)?[\s:=]+)\"?(\w+)", re.IGNORECASE)
_PROTOCOL = re.compile(r"nccl_proto\s*=\s*\"?(ll128|ll|simple)\b", re.IGNORECASE)
_NVLS_OFF = re.compile(r"nvls\s*(?:=\s*0|off|disabled)|nccl_nvls_enable\s*=\s*0|\bno nvls", re.IGNORECASE)
_PROTOCOLS: Mapping[str, Protocol] = {"ll": "LL", "ll128": "LL128", "simple": "Simple"}


def forced_algorithm(*texts: str) -> Algorithm | None:
    """Algorithm that one of the texts forces ("NCCL_ALGO=Ring", "algo NVLS"); None leaves the choice."""
    for text in texts:
        for found in _FORCED.finditer(text):
            if found.group(1).lower() in _ALGORITHMS:
                return _ALGORITHMS[found.group(1).lower()]
    return None


def forced_protocol(*texts: str) -> Protocol | None:
    """Protocol that one of the texts forces ("NCCL_PROTO=LL128"); None leaves the choice."""
    found = next((match for text in texts if (match := _PROTOCOL.search(text))), None)
    return None if found is None else _PROTOCOLS[found.group(1).lower()]


def in_switch_forbidden(*texts: str) -> bool:
    """Whether one of the texts switches NVLink SHARP off."""
    return any(_NVLS_OFF.search(text) for text in texts)


def racks_of(text: str) -> int | None:
    """Number of racks that a text prints ("NVL72, 2 racks")."""
    found = re.search(r"(\d+)\s*racks?\b", text.lower())
    return int(found.group(1)) if found else None


def domain_of(text: str) -> int | None:
    """GPUs of a rack-scale domain that a text prints ("GB200 NVL72")."""
    found = re.search(r"nvl\s*(\d+)", text.lower())
    return int(found.group(1)) if found else None
