"""Calibrated rates of collectives, by generation of the scale-up link and by class of network interface.

They stand in the catalogue table ``collective_rates``. A share is of the nominal bandwidth; a scale multiplies the
latencies that NCCL publishes for its algorithms and protocols (see :mod:`clustersim.step.collectives.protocol`).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from clustersim.catalog import entries, entry

TABLE = "collective_rates"

DEFAULT_SCALE_UP = "nvlink3"

SIMPLE_CALL_S, SIMPLE_HOP_S = 8.4e-6, 3.4e-6
"""Call of a ring with large messages, and one hop of it over NVLink, as NCCL publishes them (src/graph/tuning.cc,
2.18 of 2023 to 2.27 of 2025); ``call_s`` is added to the one and ``latency_scale`` multiplies the other."""

RatesTable = Mapping[str, Mapping[str, float]]
"""Rates by entry (a scale-up generation or a network class) and field."""


@dataclass(frozen=True, slots=True)
class ScaleUpRates:
    """What collectives reach inside one scale-up domain.

    Attributes
    ----------
    ring, tree, in_switch, exchange : float
        Share of the nominal bandwidth of a ring, a tree, in-switch reduction (0 where the switch cannot) and an
        all-to-all with large messages.
    low_latency : float
        Share that the LL protocol reaches: half of the ring's at most, and no more than the GPU can poll.
    call_s : float
        Time of a call beside the published one [s]: launch, synchronisation.
    latency_scale : float
        Latency of a hop over the published one.
    in_switch_latency_s : float
        Latency of an in-switch reduction [s].
    fan_loss : float
        Share of in-switch bandwidth lost with each doubling of the GPUs beyond eight.
    rack_drive_bytes_s : float
        The most that one communicator moves out of a rack-scale domain [bytes/s], whatever its interfaces.
    mesh_peers : float
        Peers that share a GPU's links where no switch joins them (MI300X: 7); 0 behind a switch. A smaller group
        has the links to its own members alone.
    """

    ring: float
    tree: float
    in_switch: float
    exchange: float
    low_latency: float
    call_s: float
    latency_scale: float
    in_switch_latency_s: float
    fan_loss: float
    rack_drive_bytes_s: float
    mesh_peers: float


@dataclass(frozen=True, slots=True)
class NetworkRates:
    """What collectives reach between domains.

    Attributes
    ----------
    ring, tree, exchange : float
        Share of the interfaces' bandwidth of a ring, a tree and an all-to-all with large messages.
    low_latency : float
        Share that the LL protocol reaches.
    line128 : float
        Share that the LL128 protocol reaches; 0 where the network does not keep the order it needs.
    eager_scale, simple_scale : float
        Latency of a hop over the published one, for LL and LL128 (small, eager messages) and for Simple (large
        ones, which a network without hardware rendezvous first negotiates).
    eager_growth : float
        Exponent with which the latency of a small message grows with the domains beyond two.
    exchange_latency_s : float
        Time per peer of an all-to-all [s].
    """

    ring: float
    tree: float
    exchange: float
    low_latency: float
    line128: float
    eager_scale: float
    simple_scale: float
    eager_growth: float
    exchange_latency_s: float


@dataclass(frozen=True, slots=True)
class PipelineFill:
    """Extra time to fill and drain a pipeline of chunks, over that of the best number of chunks; 0 is a free one.

    A transfer of V seconds through steps of L seconds in all, cut into the best number of chunks, takes
    ``L + V + 2 sqrt(L V)`` (Sanders, Speck & Traeff 2009, :doi:`10.1016/j.parco.2009.09.001`); these factors stand
    before the root.
    """

    ring: float
    tree: float
    in_switch: float
    in_switch_tree: float


@lru_cache(maxsize=1)
def calibrated_rates() -> RatesTable:
    """Numbers of the catalogue table, by entry and field; texts are left out."""
    table = {name: _numbers(name) for name in entries(TABLE)}
    return MappingProxyType(table)


def _numbers(name: str) -> Mapping[str, float]:
    tree = {field: value.text for field, value in entry(TABLE, name).values.items()}
    return MappingProxyType({field: float(text) for field, text in tree.items() if _is_number(text)})


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text) is not None


def scale_up_class(link: str) -> str:
    """Entry of a scale-up link by its name ("NVLink 4", "Infinity Fabric", "ICI 3D torus").

    A later NVLink counts as the latest known one. A bridge has no switch to reduce in, and a link of unknown name is
    given none: both count as the last generation whose switches did not reduce.
    """
    text = link.lower()
    found = re.search(r"nvlink[\s-]*(\d)", text)
    if found and "bridge" not in text:
        return f"nvlink{min(max(int(found.group(1)), OLDEST_NVLINK), NEWEST_NVLINK)}"
    known = (("xgmi|infinity", "xgmi"), (r"\bici\b|torus", "ici"), (r"\bpci", "pcie"))
    return next((name for pattern, name in known if re.search(pattern, text)), DEFAULT_SCALE_UP)


OLDEST_NVLINK, NEWEST_NVLINK = 2, 5
"""Generations of NVLink that the table knows."""


@lru_cache(maxsize=256)
def _scale_up(values: tuple[float, ...]) -> ScaleUpRates:
    return ScaleUpRates(*values)


def scale_up_rates(name: str, table: RatesTable | None = None) -> ScaleUpRates:
    """Rates of a scale-up generation.

    Parameters
    ----------
    name : str
        Entry, see :func:`scale_up_class`.
    table : mapping, optional
        Rates; the catalogue's when omitted.
    """
    row = (table or calibrated_rates())[name]
    return _scale_up(
        (
            row["ring"],
            row["tree"],
            row["in_switch"],
            row["exchange"],
            row["low_latency"],
            row["call_us"] * 1e-6,
            row["latency_scale"],
            row["in_switch_latency_us"] * 1e-6,
            row.get("fan_loss", 0.0),
            row["rack_drive_GBps"] * 1e9 if "rack_drive_GBps" in row else math.inf,
            row.get("mesh_peers", 0.0),
        )
    )


def pipeline_fill(table: RatesTable | None = None) -> PipelineFill:
    """Fill of each algorithm's pipeline; the catalogue's when no table is given."""
    row = (table or calibrated_rates())["pipelining"]
    return PipelineFill(row["ring"], row["tree"], row["in_switch"], row["in_switch_tree"])


def network_rates(name: str, table: RatesTable | None = None) -> NetworkRates:
    """Rates of a network class.

    Parameters
    ----------
    name : str
        Entry: "infiniband", "roce", "efa", ...
    table : mapping, optional
        Rates; the catalogue's when omitted.
    """
    row = (table or calibrated_rates())[name]
    return NetworkRates(
        row["ring"],
        row["tree"],
        row["exchange"],
        row["low_latency"],
        row["line128"],
        row["eager_scale"],
        row["simple_scale"],
        row.get("eager_growth", 0.0),
        row["exchange_latency_us"] * 1e-6,
    )
