"""Reads hardware out of the words people write beside a measured collective: rules, never a lookup of whole cells.

The interfaces of a node come from, in this order: a printed count and rate ("8x400G IB"), a printed total ("3.2 Tbps
per node"), a named instance type or machine (catalogue table ``node_networks``), a printed rate class ("NDR"), the
usual node of the card. The class of the network likewise from its name, else from the instance, else from the card.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from clustersim import catalog
from clustersim.scenario.units import parse_quantity
from clustersim.step.collectives.protocol import Algorithm, Protocol

NODES = "node_networks"

_CARDS = (
    "gb300", "gb200", "gh200", "b300", "b200", "h800", "h200", "h100", "a800", "a100", "v100", "mi300x", "mi250x",
)  # fmt: skip
_CARD = re.compile(rf"(?<![a-z0-9])({'|'.join(_CARDS)})(?![0-9])|(?<![a-z0-9])({'|'.join(_CARDS)})(?=-)")

_NEWEST_OF_LINK = {"2": "v100", "3": "a100", "4": "h100", "5": "b200"}

_NETWORKS: tuple[tuple[str, str], ...] = (
    (r"\befa", "efa"),
    (r"tcpxo?|fastrak", "tcpxo"),
    (r"slingshot|\bss-?1[01]\b|cassini|\bcxi\b", "slingshot"),
    (r"roce|ethernet|spectrum|\bgbe\b", "roce"),
    (r"omni-?path|\bopa\b", "omni-path"),
    (r"infiniband|\bib\b|[enhx]dr(?:\d|\b)|quantum", "infiniband"),
)

_RATES: tuple[tuple[str, float], ...] = (
    (r"xdr|cx-?8|connectx-?8", 100e9),
    (r"hdr\s*100", 12.5e9),
    (r"ndr\s*200", 25e9),
    (r"ndr|cx-?7|connectx-?7", 50e9),
    (r"hdr|cx-?6|connectx-?6|slingshot[\s-]*11|\bss-?11\b", 25e9),
    (r"edr\b|cx-?5|connectx-?5|slingshot[\s-]*10|\bss-?10\b|\bopa\b|omni-?path", 12.5e9),
    (r"slingshot", 25e9),
)
"""Bandwidth of one interface by the name of its generation [bytes/s]; a bare Slingshot is the current one, 11."""

_UNIT = r"(gbyte|gbit/s|gbit|gbps|gbe|gb|g)"
_COUNT_AND_RATE = re.compile(rf"(\d+)\s*[x×*]\s*(\d+(?:\.\d+)?)\s*{_UNIT}(?![a-z0-9])")
_RATE_AND_COUNT = re.compile(rf"(\d+(?:\.\d+)?)\s*{_UNIT}\s*[x×*]\s*(\d+)(?![\d.])")
_COUNT = re.compile(
    r"(\d+)\s*[x×*]?\s*(?:mlx5|hcas?\b|nics?\b|slingshot|ss-?1[01]\b|ports?\b|adapters?\b|[enhx]dr|cx-?\d|connectx)"
)
_PER_GPU = re.compile(rf"(?:(\d+)\s*[x×*]\s*)?(\d+(?:\.\d+)?)\s*{_UNIT}[^,;]*?(?:per|/|a)\s*gpu\b")
_TOTAL = re.compile(r"(\d+(?:\.\d+)?)\s*t(?:b|bit)?(?:ps|/s)?\b")
_BARE_RATE = re.compile(rf"(\d+(?:\.\d+)?)\s*{_UNIT}(?![a-z0-9])")
_OF_NODE = re.compile(r"(?:per|/|a)\s*(?:node|server|host)|total|aggregate")
_NONE = re.compile(r"^\s*(none|no\b|n/?a|-)|intra-?\s?node|single[\s-]node", re.IGNORECASE)
_EFA_V1 = re.compile(r"\bp4d|\bp4de|\bp3dn|efa[\s-]*v?1\b")


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
        return _texts(f"node-{self.name}")

    @property
    def link_bytes_s(self) -> float:
        """Bandwidth of the scale-up link per direction [bytes/s]."""
        return parse_quantity(self.node["link_bandwidth"], "bandwidth")


@lru_cache(maxsize=256)
def _texts(entry: str) -> Mapping[str, str]:
    return {field: value.text for field, value in catalog.entry(NODES, entry).values.items()}


@lru_cache(maxsize=1)
def _instances() -> tuple[str, ...]:
    """Names of instance types and machines, the longest first."""
    names = (name for name in catalog.entries(NODES) if not name.startswith("node-"))
    return tuple(sorted(names, key=len, reverse=True))


def instance_of(*texts: str) -> str | None:
    """Instance type or machine that one of the texts names; ``p5.48xlarge`` also answers to its family ``p5``."""
    plain = [text.lower().replace("_", "-") for text in texts]
    return next((name for text in plain for name in _instances() if _names(text, name)), None)


def _names(text: str, instance: str) -> bool:
    if instance in text:
        return True
    family = instance.split(".")[0]
    return instance.endswith("xlarge") and re.search(rf"(?<![a-z0-9.]){family}(?![a-z0-9])", text) is not None


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


_Found = tuple[int | None, float, str]


def _bandwidth(nic: str, instance: str | None, card: Card, gpus: int) -> _Found:
    """Interfaces, bandwidth of all of them [bytes/s], and the rule where something was not printed."""
    text = _plain(nic)
    usual, usual_bytes_s = _node_interfaces(card.node)
    usual = max(1, usual * gpus // int(card.node["gpus"]))
    found = _printed(text, gpus)
    if found is not None:
        return found
    if (rate := _rate(text)) is not None:
        count = _COUNT.search(text)
        if count:
            return int(count.group(1)), int(count.group(1)) * rate, "rate of an interface: that of its generation"
        if instance is None:
            return usual, usual * rate, f"number of interfaces: {usual}, as in the usual {card.name} node"
    if instance is not None:
        nics, bytes_s = _node_interfaces(_texts(instance))
        return nics, nics * bytes_s, f"interfaces: those of {instance}"
    return (
        usual,
        usual * usual_bytes_s,
        (f"interfaces: {usual} x {usual_bytes_s / 0.125e9:g}G, as in the usual {card.name} node"),
    )


def _printed(text: str, gpus: int) -> _Found | None:
    """Interfaces that the cell prints in full: a count with a rate, a rate per GPU, a total of the node."""
    if found := _PER_GPU.search(text):
        count = gpus * int(found.group(1) or 1)
        return count, count * float(found.group(2)) * _unit_bytes_s(found.group(3)), ""
    if found := _COUNT_AND_RATE.search(text):
        count, each = int(found.group(1)), float(found.group(2)) * _unit_bytes_s(found.group(3))
        return count, count * each, ""
    if found := _RATE_AND_COUNT.search(text):
        count, each = int(found.group(3)), float(found.group(1)) * _unit_bytes_s(found.group(2))
        return count, count * each, ""
    if found := _TOTAL.search(text):
        return None, float(found.group(1)) * 125e9, ""
    if (found := _BARE_RATE.search(text)) and (_OF_NODE.search(text) or float(found.group(1)) >= _SURELY_A_TOTAL):
        return None, float(found.group(1)) * _unit_bytes_s(found.group(2)), ""
    return None


_SURELY_A_TOTAL = 1000.0
"""A bare number of Gbps from here on is that of a node: no single interface reaches it."""


def _rate(text: str) -> float | None:
    """Rate of one interface [bytes/s]: printed, else by the name of its generation."""
    if found := _BARE_RATE.search(text):
        return float(found.group(1)) * _unit_bytes_s(found.group(2))
    return next((bytes_s for pattern, bytes_s in _RATES if re.search(pattern, text)), None)


def _unit_bytes_s(unit: str) -> float:
    """Bytes/s of one of a unit of :func:`_plain`."""
    return 1e9 if unit == "gbyte" else 0.125e9


def _plain(text: str) -> str:
    """Lower case, after "GB/s" (bytes) and "Gb/s" (bits) are told apart by their case as people write them."""
    text = re.sub(r"G(?:B/s|Bps|B/sec|Bytes?/s|iB/s)", "gbyte", text)
    return re.sub(r"G(?:b/s|bits?/s|bps)", "gbit", text).lower()


def _node_interfaces(texts: Mapping[str, str]) -> tuple[int, float]:
    return int(texts["nics"]), parse_quantity(texts["nic_bandwidth"], "bandwidth")


def _network(nic: str, instance: str | None, card: Card) -> tuple[str, str]:
    named = next((name for pattern, name in _NETWORKS if re.search(pattern, nic.lower())), None)
    if named == "efa" and (_EFA_V1.search(nic.lower()) or (instance and _texts(instance)["network"] == "efa-v1")):
        return "efa-v1", ""
    if named:
        return named, ""
    if instance is not None:
        return _texts(instance)["network"], f"network: that of {instance}"
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
