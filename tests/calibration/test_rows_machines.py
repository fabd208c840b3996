"""Cards, nodes, fabrics and number formats of published rows."""

import pytest

from clustersim.calibration.rows import RowError, published_step
from tests.calibration.rows_table import row


@pytest.mark.parametrize("fabric", ["nvlink", ""])
def test_a_fabric_that_names_no_network_has_an_interface_for_each_gpu(fabric: str) -> None:
    step = published_step(row(fabric=fabric))
    assert (step.cluster.node.nics, step.network) == (8, "infiniband")
    assert step.cluster.node.nic_bandwidth == pytest.approx(50e9)


def test_an_unknown_fabric_between_nodes_is_a_remark() -> None:
    assert "'token ring'" in published_step(row(fabric="token ring")).remarks[0].text


def test_a_rack_scale_fabric_has_one_interface_a_gpu() -> None:
    step = published_step(row(gpu="gb200", gpus_per_node="72", fabric="nvl72+400g"))
    assert step.cluster.node.nics == 72
    trays = published_step(row(gpu="gb200", gpus_per_node="4", fabric="nvl72+400g"))
    assert trays.cluster.node.nics == 4


@pytest.mark.parametrize(
    ("gpu", "read"),
    [
        ("H100 SXM", "h100-sxm"),
        ("h800", "h100-sxm"),
        ("a100-sxm4-80gb", "a100-80gb"),
        ("NVIDIA A100-40GB", "a100-40gb"),
        ("h200-sxm", "h200"),
        ("mi325x", "mi300x"),
    ],
)
def test_a_card_the_catalogue_lacks_has_a_relative(gpu: str, read: str) -> None:
    assert published_step(row(gpu=gpu)).cluster.node.accelerator.catalogue_entry == read


def test_v100_in_nodes_of_sixteen_share_one_switch() -> None:
    step = published_step(row(gpu="v100-32gb", gpus_per_node="16", precision="fp16", fabric=""))
    assert step.cluster.node.accelerator.scale_up_domain == 16


@pytest.mark.parametrize(
    ("precision", "read"), [("mxfp8", "fp8"), ("fp8-cs", "fp8"), ("nvfp4", "fp4"), ("bf16-mixed", "bf16")]
)
def test_precisions_are_known_by_what_they_contain(precision: str, read: str) -> None:
    assert published_step(row(precision=precision, gpu="b200")).precision == read


def test_an_unsaid_precision_is_sixteen_bits() -> None:
    assert published_step(row(precision="")).precision == "bf16"
    assert published_step(row(precision="", gpu="v100-32gb")).precision == "fp16"


@pytest.mark.parametrize(
    ("fabric", "nics", "each_bytes_s", "network"),
    [
        ("8x400g", 8, 50e9, "infiniband"),
        ("8x200g-roce", 8, 25e9, "roce"),
        ("4x100g-opa", 4, 12.5e9, "omni-path"),
        ("32x100g-efa", 32, 12.5e9, "efa"),
        ("Spectrum-X 8x400G", 8, 50e9, "roce"),
        ("1x100GbE", 1, 12.5e9, "roce"),
        ("400G x 8 IB", 8, 50e9, "infiniband"),
        ("8\u00d7400Gb/s", 8, 50e9, "infiniband"),
        ("8*400 Gbps RoCE v2", 8, 50e9, "roce"),
        ("3.2 Tbps EFA", 8, 50e9, "efa"),
        ("IB NDR", 8, 50e9, "infiniband"),
        ("8x HDR InfiniBand", 8, 25e9, "infiniband"),
        ("p5.48xlarge", 32, 12.5e9, "efa"),
        ("p4d.24xlarge", 4, 12.5e9, "efa-v1"),
        ("InfiniBand", 8, 50e9, "infiniband"),
    ],
)
def test_a_fabric_is_read_in_the_forms_that_people_write(
    fabric: str, nics: int, each_bytes_s: float, network: str
) -> None:
    step = published_step(row(fabric=fabric))
    assert (step.cluster.node.nics, step.network) == (nics, network)
    assert step.cluster.node.nic_bandwidth == pytest.approx(each_bytes_s)
    assert not any("fabric" in remark.text for remark in step.remarks)


@pytest.mark.parametrize("fabric", ["0x400G", "8x0g", "0x0G"])
def test_a_node_without_bandwidth_is_refused(fabric: str) -> None:
    with pytest.raises(RowError, match="column fabric"):
        published_step(row(fabric=fabric))


@pytest.mark.parametrize(
    ("gpu", "read", "stands_in"),
    [
        ("AMD Instinct MI300X", "mi300x", False),
        ("NVIDIA H200", "h200", False),
        ("Instinct MI325X", "mi300x", True),
        ("NVIDIA H100 80GB HBM3", "h100-sxm", True),
    ],
)
def test_a_card_is_known_without_its_vendor(gpu: str, read: str, stands_in: bool) -> None:
    step = published_step(row(gpu=gpu))
    assert step.cluster.node.accelerator.catalogue_entry == read
    assert [remark.sigma for remark in step.remarks] == ([0.10] if stands_in else [])
