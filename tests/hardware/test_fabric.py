"""Which tiers a GPU sees and what it gets out of each."""

from typing import Any

import pytest

from clustersim.hardware.fabric import Fabric, fabric_of, with_latency, with_ring_share
from clustersim.hardware.placement import place_group
from clustersim.hardware.rates import calibrated_rates, network_rates, scale_up_class
from clustersim.scenario.schema.fabric import NETWORK_LATENCY_S
from clustersim.scenario.schema.hardware import Cluster
from clustersim.step.collectives import all_gather_s, all_reduce_s, all_to_all_s, reduce_scatter_s


def cluster(nodes: int = 64, accelerator: str = "h100-sxm", nics: int = 8, **fabric: Any) -> Cluster:
    node = {
        "accelerator": accelerator,
        "gpus": 8,
        "nics": nics,
        "nic_bandwidth": "400 Gbps",
        "training_power": "8 kW",
        "idle_power": "2 kW",
    }
    return Cluster.model_validate({"node": node, "nodes": nodes, "fabric": fabric})


def test_bandwidth_per_gpu_is_its_share_of_the_interfaces() -> None:
    fabric = fabric_of(cluster(efficiency="80 %", latency="5 us"))
    # 8 x 400 Gbps over 8 GPUs = 50 GB/s each, 80 % of it reached.
    assert fabric.scale_out.bandwidth_bytes_s == pytest.approx(40e9)
    assert fabric.scale_out.latency_s == pytest.approx(5e-6)
    assert fabric.scale_up.bandwidth_bytes_s == pytest.approx(450e9 * calibrated_rates()["nvlink4"]["ring"])
    assert (fabric.domain_gpus, fabric.pod_gpus) == (8, 512)


def test_what_the_user_does_not_write_is_calibrated() -> None:
    fabric = fabric_of(cluster())
    rates = network_rates("infiniband")
    assert fabric.network_rates == rates
    assert fabric.scale_out.bandwidth_bytes_s == pytest.approx(50e9 * rates.ring)
    assert fabric_of(cluster(network="slingshot")).network_rates == network_rates("slingshot")


def test_what_the_user_writes_is_never_taken_for_a_default() -> None:
    """85 % and 6 us were once what stood for "calibrated"."""
    rates = network_rates("infiniband")
    assert rates.ring != 0.85
    written = fabric_of(cluster(efficiency="85 %", latency="6 us"))
    assert written.scale_out.bandwidth_bytes_s == pytest.approx(0.85 * 50e9)
    assert written.scale_out.latency_s == pytest.approx(6e-6)


def test_the_calibrated_values_written_out_change_nothing() -> None:
    for network in ("infiniband", "roce", "omni-path"):
        rates = network_rates(network)
        written = fabric_of(
            cluster(
                network=network,
                efficiency=f"{rates.ring!r}",
                latency=f"{rates.eager_scale * NETWORK_LATENCY_S * 1e6!r} us",
            )
        )
        plain = fabric_of(cluster(network=network))
        assert written.scale_out.bandwidth_bytes_s == pytest.approx(plain.scale_out.bandwidth_bytes_s, rel=1e-12)
        assert written.scale_out.latency_s == pytest.approx(plain.scale_out.latency_s, rel=1e-12)
        assert written.network_rates.exchange == pytest.approx(plain.network_rates.exchange, rel=1e-12)
        assert written.network_rates.simple_scale == pytest.approx(plain.network_rates.simple_scale, rel=1e-12)


def test_only_an_all_reduce_between_nodes_gains_from_switches_that_reduce() -> None:
    size_bytes = 2.0**30
    plain, sharp = fabric_of(cluster()), fabric_of(cluster(in_network_reduction=True))
    assert (plain.in_network_reduction, sharp.in_network_reduction) == (False, True)
    far, near = ([all_reduce_s(size_bytes, place_group(f, n, 1)) for f in (plain, sharp)] for n in (512, 8))
    assert far[1] < 0.9 * far[0]
    assert near[1] == near[0]
    for ranks, stride in ((512, 1), (8, 1), (64, 8)):
        for collective in (all_gather_s, reduce_scatter_s, all_to_all_s):
            mine, theirs = (collective(size_bytes, place_group(f, ranks, stride)) for f in (plain, sharp))
            assert mine == theirs


def test_the_users_efficiency_moves_every_algorithm_with_it() -> None:
    base = network_rates("infiniband")
    half = with_ring_share(base, base.ring / 2)
    assert (half.tree, half.exchange) == pytest.approx((base.tree / 2, base.exchange / 2))
    assert fabric_of(cluster(efficiency=f"{base.ring / 2}")).network_rates.tree == pytest.approx(half.tree)


def test_the_users_latency_moves_every_step_with_it() -> None:
    base = network_rates("infiniband")
    slow = with_latency(base, 3 * NETWORK_LATENCY_S * base.eager_scale)
    assert slow.eager_scale == pytest.approx(3 * base.eager_scale)
    assert slow.simple_scale == pytest.approx(3 * base.simple_scale)
    assert slow.exchange_latency_s == pytest.approx(3 * base.exchange_latency_s)
    assert fabric_of(cluster(latency="30 us")).scale_out.latency_s == pytest.approx(30e-6)


def test_rails_need_an_interface_for_each_gpu() -> None:
    assert fabric_of(cluster()).rail_aligned
    assert not fabric_of(cluster(nics=4)).rail_aligned


@pytest.mark.parametrize(
    ("link", "entry"),
    [
        ("NVLink 3", "nvlink3"),
        ("NVLink4", "nvlink4"),
        ("NVLink 4 bridge", "nvlink3"),
        ("NVLink-5", "nvlink5"),
        ("Infinity Fabric", "xgmi"),
        ("xGMI", "xgmi"),
        ("PCIe 5", "pcie"),
        ("NVLink 9", "nvlink5"),
        ("ICI 3D torus", "ici"),
        ("UALink", "nvlink3"),
    ],
)
def test_class_of_a_link(link: str, entry: str) -> None:
    assert scale_up_class(link) == entry


def test_only_switches_that_reduce_reduce() -> None:
    reduces = {name: fabric_of(cluster(accelerator=name)).scale_up_rates.in_switch > 0 for name in
               ("a100-80gb", "h100-sxm", "b200", "mi300x", "h100-pcie", "tpu-v5p")}  # fmt: skip
    assert {name for name, yes in reduces.items() if yes} == {"h100-sxm", "b200"}


def test_equal_fabrics_are_one_key() -> None:
    one, other = fabric_of(cluster()), fabric_of(cluster())
    assert one is not other
    assert one == other
    assert hash(one) == hash(other)
    assert one != fabric_of(cluster(network="roce"))


@pytest.mark.parametrize("entry", [name for name in calibrated_rates() if name != "pipelining"])
def test_every_entry_has_every_rate_in_its_physical_range(entry: str) -> None:
    row = calibrated_rates()[entry]
    shares = ("ring", "tree", "exchange", "low_latency")
    assert all(0.0 < row[name] <= 1.0 for name in shares)
    if "in_switch" in row:
        assert 0.0 <= row["in_switch"] <= 1.0
        assert row["latency_scale"] > 0.0
    else:
        assert network_rates(entry).simple_scale > 0.0
        assert 0.0 <= row["line128"] <= 0.9375


def test_intervals_hold_their_values() -> None:
    for entry, row in calibrated_rates().items():
        for field in (name.removeprefix("low.") for name in row if name.startswith("low.")):
            assert row[f"low.{field}"] <= row[field] <= row[f"high.{field}"], (entry, field)
            assert row[f"rows.{field}"] >= 1


def test_a_fabric_made_by_hand_takes_the_catalogues_rates() -> None:
    plain = fabric_of(cluster())
    made = Fabric(plain.scale_up, plain.scale_out, 1.0, 8, 512)
    assert made == plain
