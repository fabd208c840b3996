"""What people write beside a measured collective, and what it means."""

import pytest

from clustersim.calibration.collectives.text import (
    Card,
    card_of,
    domain_of,
    forced_algorithm,
    forced_protocol,
    in_switch_forbidden,
    interfaces_of,
    racks_of,
    without_network,
)
from clustersim.calibration.fabric_text import instance_of


def interfaces(card: str, nic: str, gpus: int = 8) -> tuple[float, int | None, str]:
    """Gbps of the node, number of interfaces, class of the network."""
    found = interfaces_of(nic, "", Card(card, ()), gpus)
    return found.node_bytes_s / 0.125e9, found.count, found.network


@pytest.mark.parametrize(
    ("nic", "expected"),
    [
        # Printed in full.
        ("8x400G IB (CX-7 NDR)", (3200, 8, "infiniband")),
        ("8 x 400 Gb/s RoCE", (3200, 8, "roce")),
        ("8 x 50 GB/s RoCE", (3200, 8, "roce")),
        ("400Gbps x 8 RoCE", (3200, 8, "roce")),
        ("8x400G EFA v4 (50 GBps each)", (3200, 8, "efa")),
        ("a3-mega GPUDirect-TCPXO (8x200G)", (1600, 8, "tcpxo")),
        ("Ethernet 8x400GbE Spectrum-X", (3200, 8, "roce")),
        ("400G IB per GPU", (3200, 8, "infiniband")),
        ("3.2 Tbps IB per node", (3200, None, "infiniband")),
        ("1600 Gbps RoCE", (1600, None, "roce")),
        # A count and the name of a generation.
        ("4x Slingshot", (800, 4, "slingshot")),
        ("2x Slingshot 10", (200, 2, "slingshot")),
        ("8xNDR", (3200, 8, "infiniband")),
        ("4x HDR100", (400, 4, "infiniband")),
        # Instance types and machines.
        ("EFA (p5.48xlarge)", (3200, 32, "efa")),
        ("EFA p5en", (3200, 16, "efa")),
        ("EFA (p4de.24xlarge)", (400, 4, "efa-v1")),
        ("BM.GPU.B4.8 RoCE", (1600, 16, "roce")),
        ("nd96isr_H100_v5", (3200, 8, "infiniband")),
        ("Polaris Slingshot 11", (400, 2, "slingshot")),
        # The rest from the usual node.
        ("400G IB", (3200, 8, "infiniband")),
        ("HDR", (1600, 8, "infiniband")),
        ("8 mlx5 HCAs listed", (3200, 8, "infiniband")),
        ("carrier pigeon", (3200, 8, "infiniband")),
        ("", (3200, 8, "infiniband")),
    ],
)
def test_interfaces_of_a_node_with_h100(nic: str, expected: tuple[float, int | None, str]) -> None:
    assert interfaces("h100", nic) == pytest.approx(expected)


def test_the_usual_node_is_taken_in_proportion_to_the_gpus() -> None:
    assert interfaces("a100", "", 8) == (1600, 8, "infiniband")
    assert interfaces("a100", "", 4) == (800, 4, "infiniband")
    assert interfaces("gb300", "", 4) == (3200, 4, "infiniband")


def test_what_was_filled_says_by_which_rule() -> None:
    assert interfaces_of("8x400G IB", "", Card("h100", ()), 8).filled == ()
    assert interfaces_of("", "", Card("h100", ()), 8).filled == (
        "interfaces: 8 x 400G, as in the usual h100 node",
        "network: infiniband, as in the usual h100 node",
    )
    assert interfaces_of("EFA (p5.48xlarge)", "", Card("h100", ()), 8).filled == ("interfaces: those of p5.48xlarge",)


@pytest.mark.parametrize(
    ("link", "nic", "source", "card"),
    [
        ("NVLink4 (H100)", "", "", "h100"),
        ("NVLink5 (GB200 NVL72, 2 racks)", "", "", "gb200"),
        ("NVLink3", "", "", "a100"),
        ("NVLink 5", "", "", "b200"),
        ("xGMI", "", "", "mi300x"),
        ("", "8x H200, NDR", "", "h200"),
        ("", "", "text launches h100-64-sharp", "h100"),
        ("", "EFA (p4d.24xlarge)", "", "a100"),
        ("", "perlmutter", "", "a100"),
        ("", "", "", None),
    ],
)
def test_card_of_a_line(link: str, nic: str, source: str, card: str | None) -> None:
    found = card_of(link, nic, source)
    assert (found and found.name) == card


def test_a_card_that_was_not_printed_says_where_it_comes_from() -> None:
    printed, inferred = card_of("NVLink4 (H100)", "", ""), card_of("NVLink3", "", "")
    assert printed is not None
    assert inferred is not None
    assert printed.filled == ()
    assert inferred.filled == ("card: a100, the usual one with NVLink 3",)


@pytest.mark.parametrize(
    ("text", "algorithm"),
    [
        ("2 nodes, NCCL_ALGO=Ring NCCL_MIN_CTAS=24", "ring"),
        ("NVLink4 (H200), algo NVLS", "nvls"),
        ("NCCL_ALGO=NVLSTree", "nvls_tree"),
        ("algorithm: tree", "tree"),
        ("default algo (NVLSTree/Tree likely)", None),
        ("algo unknown", None),
        ("ringing bells", None),
    ],
)
def test_forced_algorithms(text: str, algorithm: str | None) -> None:
    assert forced_algorithm("", text) == algorithm


def test_forced_protocols_and_switched_off_reduction() -> None:
    assert forced_protocol("NCCL_PROTO=LL128, 1024 GPUs") == "LL128"
    assert forced_protocol("LL128 is nice") is None
    assert in_switch_forbidden("NVLink4 (H200), NVLS off")
    assert in_switch_forbidden("", "8GiB, NCCL_NVLS_ENABLE=0")
    assert not in_switch_forbidden("NCCL_NVLS_ENABLE=1", "NVLink4 (H200, NVLS)")


def test_instances_racks_and_domains() -> None:
    assert instance_of("EFA (p5.48xlarge)") == "p5.48xlarge"
    assert instance_of("p5en nodes") == "p5en.48xlarge"
    assert instance_of("2x p4de") == "p4de.24xlarge"
    assert instance_of("sharp5 eos-like") == "eos"
    assert instance_of("nothing known") is None
    assert (racks_of("GB200 NVL72, 20 racks"), racks_of("NVL72")) == (20, None)
    assert (domain_of("GB200 NVL72"), domain_of("NVLink5")) == (72, None)


@pytest.mark.parametrize(
    ("nic", "inside"),
    [
        ("none (intra-node)", True),
        ("None", True),
        ("n/a", True),
        ("single node", True),
        ("NDR", False),
        ("", False),
    ],
)
def test_cells_without_a_network(nic: str, inside: bool) -> None:
    assert without_network(nic) is inside
