import pytest

from clustersim import catalog
from clustersim.scenario.schema.hardware import Accelerator, Node

TRAINING = [name for name in catalog.entries("accelerators") if name != "cpu-core"]
TRAINING_NODES = [name for name in catalog.entries("nodes") if name != "cpu-host"]

ORDER = ("fp32", "tf32", "bf16", "fp8", "fp4")


def accelerator(name):
    return Accelerator.model_validate(catalog.entry("accelerators", name).tree())


@pytest.mark.parametrize("name", catalog.entries("accelerators"))
def test_narrower_formats_are_never_slower(name):
    peak = accelerator(name).peak
    peaks = [value for value in (getattr(peak, key) for key in ORDER) if value is not None]
    assert peaks == sorted(peaks)
    assert None in (peak.fp16, peak.bf16) or peak.fp16 == peak.bf16
    assert peak.bf16 or peak.fp16


@pytest.mark.parametrize("name", TRAINING)
def test_figures_are_of_a_training_accelerator(name):
    device = accelerator(name)
    assert 16 * 2**30 <= device.memory <= 300 * 2**30
    assert 0.8e12 <= device.memory_bandwidth <= 8e12
    assert 100e9 <= device.scale_up_bandwidth <= 900e9
    assert 150 <= device.tdp <= 1400
    # Operations per byte at the balance point: a dense peak given with sparsity, or a bandwidth in bits, falls outside.
    balance = (device.peak.bf16 or device.peak.fp16) / device.memory_bandwidth
    assert 130 <= balance <= 600


@pytest.mark.parametrize(
    ("name", "bf16_tflops", "memory_gib", "memory_GBps", "link_GBps", "domain"),
    [
        ("a100-80gb", 312.0, 80, 2039, 300, 8),
        ("h100-sxm", 989.4, 80, 3352, 450, 8),
        ("h200", 989.4, 141, 4800, 450, 8),
        ("b200", 2250.0, 180, 8000, 900, 8),
        ("gb200", 2500.0, 186, 8000, 900, 72),
        ("mi300x", 1307.4, 192, 5300, 448, 8),
        ("tpu-v5p", 459.0, 95, 2765, 600, 8960),
    ],
)
def test_published_figures(name, bf16_tflops, memory_gib, memory_GBps, link_GBps, domain):  # noqa: N803 - unit
    device = accelerator(name)
    assert device.peak.bf16 == pytest.approx(bf16_tflops * 1e12)
    assert device.memory == pytest.approx(memory_gib * 2**30)
    assert device.memory_bandwidth == pytest.approx(memory_GBps * 1e9)
    assert device.scale_up_bandwidth == pytest.approx(link_GBps * 1e9)
    assert device.scale_up_domain == domain


def test_blackwell_dense_fp4():
    peaks = {name: accelerator(name).peak.fp4 for name in ("b200", "b300", "gb200", "gb300")}
    assert peaks == pytest.approx({"b200": 9e15, "b300": 13.5e15, "gb200": 10e15, "gb300": 15e15})


@pytest.mark.parametrize("name", TRAINING_NODES)
def test_node_power_lies_between_its_parts_and_twice_their_tdp(name):
    node = Node.model_validate(catalog.entry("nodes", name).tree())
    tdp = node.gpus * node.accelerator.tdp
    assert 0.1 * tdp < node.idle_power < 0.6 * node.training_power
    assert 0.9 * tdp <= node.training_power < 2.1 * tdp
    assert node.nics * node.nic_bandwidth <= node.gpus * 100e9
    assert node.accelerator.catalogue_entry in catalog.entries("accelerators")


@pytest.mark.parametrize("name", [name for name in catalog.entries("nodes") if "a100" in name or "h100" in name])
def test_power_on_the_high_side_says_so(name):
    source = catalog.entry("nodes", name).values["training_power"].source
    assert "on the high side" in source
    assert ("95th percentile of the nodes of a trace" if "a100" in name else "upper bound") in source


def test_node_figures():
    teton = Node.model_validate(catalog.entry("nodes", "grand-teton-h100").tree())
    assert (teton.gpus, teton.nics, teton.nic_bandwidth) == (8, 8, 50e9)
    assert teton.training_power == pytest.approx(7750)
    # 1.421 kW of an A100 node rated 6.5 kW, carried to 10.2 kW.
    assert teton.idle_power == pytest.approx(2230, abs=5)
    # 90 % of 72 x 1.2 kW and 60 % of the other 33.6 kW of a rack rated 120 kW.
    rack = Node.model_validate(catalog.entry("nodes", "gb200-nvl72").tree())
    assert rack.training_power == pytest.approx(97_920)
