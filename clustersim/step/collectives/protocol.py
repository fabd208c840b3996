"""How NCCL puts bytes on a link: its three protocols, and the latencies that it publishes for them.

LL sends four bytes of data with four of flag and needs no fence: half of the bandwidth, the least latency. LL128
sends 120 of every 128 bytes as data. Simple sends nothing but data and pays for a fence at each step.
"""

from typing import Literal, NamedTuple

from clustersim.hardware.rates import SIMPLE_CALL_S, SIMPLE_HOP_S

Algorithm = Literal["ring", "tree", "nvls", "nvls_tree", "collnet", "hierarchical", "direct", "pxn"]
Protocol = Literal["LL", "LL128", "Simple"]

PROTOCOLS: tuple[Protocol, ...] = ("LL", "LL128", "Simple")

LL_SHARE = 0.5
"""Share of the bytes of LL that are data (NCCL, src/include/device.h: 8-byte lines with a 4-byte flag)."""

LL128_SHARE = 120 / 128
"""Share of the bytes of LL128 that are data (NCCL, src/include/device.h: 128-byte lines with an 8-byte flag)."""


class Latency(NamedTuple):
    """Latencies of one algorithm and protocol [s]: of the call, of a step over NVLink, of a step over the network."""

    call_s: float
    scale_up_s: float
    network_s: float


LATENCIES: dict[tuple[str, Protocol], Latency] = {
    ("tree", "LL"): Latency(6.8e-6, 0.6e-6, 5.0e-6),
    ("tree", "LL128"): Latency(14.0e-6, 1.25e-6, 8.5e-6),
    ("tree", "Simple"): Latency(8.4e-6, 4.0e-6, 14.0e-6),
    ("ring", "LL"): Latency(6.6e-6, 0.6e-6, 2.7e-6),
    ("ring", "LL128"): Latency(14.0e-6, 1.9e-6, 4.0e-6),
    ("ring", "Simple"): Latency(SIMPLE_CALL_S, SIMPLE_HOP_S, 14.0e-6),
    ("collnet", "Simple"): Latency(0.0, 3.7e-6, 31.0e-6),
    ("nvls_tree", "Simple"): Latency(0.0, 25.0e-6, 20.9e-6),
}
"""Published with NCCL (src/graph/tuning.cc, tables of base and hardware latencies, 2.18 of 2023 to 2.27 of 2025)."""


def data_share(protocol: Protocol) -> float:
    """Share of the bytes on the wire that are data."""
    return {"LL": LL_SHARE, "LL128": LL128_SHARE, "Simple": 1.0}[protocol]
