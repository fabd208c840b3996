"""Reads the network interfaces of a node out of the words people write: rules, never a lookup of whole cells."""

import re
from collections.abc import Mapping
from functools import lru_cache

from clustersim import catalog
from clustersim.scenario.units import parse_quantity

NODES = "node_networks"
"""Catalogue table of instance types, machines and usual nodes."""

Found = tuple[int | None, float]
"""Interfaces of a node, None where only their total is known, and the bandwidth of all of them [bytes/s]."""

_EFA_V1 = re.compile(r"\bp4d|\bp4de|\bp3dn|efa[\s-]*v?1\b")

_NETWORKS: tuple[tuple[str, str], ...] = (
    (r"\befa", "efa"),
    (r"tcpxo?|fastrak", "tcpxo"),
    (r"slingshot|\bss-?1[01]\b|cassini|\bcxi\b", "slingshot"),
    (r"roce|ethernet|spectrum|(?<![a-z])gbe\b", "roce"),
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
COUNT = re.compile(
    r"(\d+)\s*[x×*]?\s*(?:mlx5|hcas?\b|nics?\b|slingshot|ss-?1[01]\b|ports?\b|adapters?\b|[enhx]dr|cx-?\d|connectx)"
)
_PER_GPU = re.compile(rf"(?:(\d+)\s*[x×*]\s*)?(\d+(?:\.\d+)?)\s*{_UNIT}[^,;]*?(?:per|/|a)\s*gpu\b")
_TOTAL = re.compile(r"(\d+(?:\.\d+)?)\s*t(?:b|bit)?(?:ps|/s)?\b")
_BARE_RATE = re.compile(rf"(\d+(?:\.\d+)?)\s*{_UNIT}(?![a-z0-9])")
_OF_NODE = re.compile(r"(?:per|/|a)\s*(?:node|server|host)|total|aggregate")


@lru_cache(maxsize=256)
def entry_texts(entry: str) -> Mapping[str, str]:
    """Texts of an entry of :data:`NODES`, by field."""
    return {field: value.text for field, value in catalog.entry(NODES, entry).values.items()}


@lru_cache(maxsize=1)
def _instances() -> tuple[str, ...]:
    """Names of instance types and machines, the longest first."""
    names = (name for name in catalog.entries(NODES) if not name.startswith("node-"))
    return tuple(sorted(names, key=len, reverse=True))


def instance_of(*texts: str) -> str | None:
    """Instance type or machine that one of the texts names; ``p5.48xlarge`` also answers to its family ``p5``."""
    lower = [text.lower().replace("_", "-") for text in texts]
    return next((name for text in lower for name in _instances() if _names(text, name)), None)


def _names(text: str, instance: str) -> bool:
    if instance in text:
        return True
    family = instance.split(".")[0]
    return instance.endswith("xlarge") and re.search(rf"(?<![a-z0-9.]){family}(?![a-z0-9])", text) is not None


def printed(text: str, gpus: int) -> Found | None:
    """Interfaces that the cell prints in full: a count with a rate, a rate per GPU, a total of the node."""
    if found := _PER_GPU.search(text):
        count = gpus * int(found.group(1) or 1)
        return count, count * float(found.group(2)) * _unit_bytes_s(found.group(3))
    if found := _COUNT_AND_RATE.search(text):
        count, each = int(found.group(1)), float(found.group(2)) * _unit_bytes_s(found.group(3))
        return count, count * each
    if found := _RATE_AND_COUNT.search(text):
        count, each = int(found.group(3)), float(found.group(1)) * _unit_bytes_s(found.group(2))
        return count, count * each
    if found := _TOTAL.search(text):
        return None, float(found.group(1)) * 125e9
    if (found := _BARE_RATE.search(text)) and (_OF_NODE.search(text) or float(found.group(1)) >= _SURELY_A_TOTAL):
        return None, float(found.group(1)) * _unit_bytes_s(found.group(2))
    return None


_SURELY_A_TOTAL = 1000.0
"""A bare number of Gbps from here on is that of a node: no single interface reaches it."""


def rate_of(text: str) -> float | None:
    """Rate of one interface [bytes/s]: printed, else by the name of its generation."""
    if found := _BARE_RATE.search(text):
        return float(found.group(1)) * _unit_bytes_s(found.group(2))
    return next((bytes_s for pattern, bytes_s in _RATES if re.search(pattern, text)), None)


def _unit_bytes_s(unit: str) -> float:
    """Bytes/s of one of a unit of :func:`plain`."""
    return 1e9 if unit == "gbyte" else 0.125e9


def plain(text: str) -> str:
    """Lower case, after "GB/s" (bytes) and "Gb/s" (bits) are told apart by their case as people write them."""
    text = re.sub(r"G(?:B/s|Bps|B/sec|Bytes?/s|iB/s)", "gbyte", text)
    return re.sub(r"G(?:b/s|bits?/s|bps)", "gbit", text).lower()


def node_interfaces(texts: Mapping[str, str]) -> tuple[int, float]:
    """Interfaces of a node of :data:`NODES` and the bandwidth of one [bytes/s]."""
    return int(texts["nics"]), parse_quantity(texts["nic_bandwidth"], "bandwidth")


def network_named(text: str, instance: str | None) -> str | None:
    """Class of network that a text names, an entry of ``collective_rates``; None when it names none.

    Parameters
    ----------
    text : str
        Any case.
    instance : str or None
        Instance type named beside it, whose EFA may be of the first version.
    """
    lower = text.lower()
    named = next((name for pattern, name in _NETWORKS if re.search(pattern, lower)), None)
    if named == "efa" and (_EFA_V1.search(lower) or (instance and entry_texts(instance)["network"] == "efa-v1")):
        return "efa-v1"
    return named


def without_interface(text: str) -> bool:
    """Whether a text prints a node of no interface, or one of no bandwidth (``0x400G``): a slip of the pen."""
    found = printed(plain(text), 1)
    if found is not None:
        return found[0] == 0 or found[1] == 0.0
    return rate_of(plain(text)) == 0.0
