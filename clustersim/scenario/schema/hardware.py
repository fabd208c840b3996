"""The machines: accelerator, node and fabric."""

from typing import Literal

from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Bandwidth, Bytes, Duration, FlopRate, Fraction, Power

Precision = Literal["fp32", "tf32", "fp16", "bf16", "fp8", "fp4"]


class PeakCompute(Section):
    """Dense matrix throughput by number format, without structured sparsity."""

    fp32: FlopRate | None = setting(None, gt=0.0, description="dense FP32 peak")
    tf32: FlopRate | None = setting(None, gt=0.0, description="dense TF32 peak")
    fp16: FlopRate | None = setting(None, gt=0.0, description="dense FP16 peak")
    bf16: FlopRate | None = setting(None, gt=0.0, description="dense BF16 peak")
    fp8: FlopRate | None = setting(None, gt=0.0, description="dense FP8 peak")
    fp4: FlopRate | None = setting(None, gt=0.0, description="dense FP4 peak")


class Accelerator(Catalogued, table="accelerators"):
    """One GPU or other accelerator."""

    peak: PeakCompute = setting(description="dense peak per precision")
    memory: Bytes = setting(gt=0.0, description="device memory")
    memory_bandwidth: Bandwidth = setting(gt=0.0, description="device memory bandwidth")
    scale_up: str = setting(description="name of the scale-up link, e.g. NVLink 4")
    scale_up_bandwidth: Bandwidth = setting(gt=0.0, description="scale-up bandwidth of one GPU, per direction")
    scale_up_domain: PositiveInt = setting(description="GPUs that share one scale-up domain")
    tdp: Power | None = setting(
        None,
        gt=0.0,
        description="thermal design power, for the record: the forecast does not use it, but the power of the node",
    )


class Node(Catalogued, table="nodes"):
    """One server."""

    accelerator: Accelerator = setting(description="the accelerator in it: a catalogue name or a mapping")
    gpus: PositiveInt = setting(description="accelerators in the node")
    nics: PositiveInt = setting(description="network interfaces for the scale-out fabric")
    nic_bandwidth: Bandwidth = setting(gt=0.0, description="bandwidth of one interface, per direction")
    training_power: Power = setting(gt=0.0, description="power of the whole node while it trains")
    idle_power: Power = setting(description="power of the whole node while it waits")


class ClosFabric(Section):
    """A Clos network: racks under leaves, pods with full bisection, pods joined with some oversubscription."""

    kind: Literal["clos"] = setting("clos", description="kind of fabric")
    nodes_per_rack: PositiveInt = setting(1, description="nodes that share a rack and its top-of-rack switch")
    nodes_per_pod: PositiveInt | None = setting(None, description="nodes with full bisection; all when omitted")
    oversubscription: float = setting(1.0, ge=1.0, description="bandwidth lost between pods, as a ratio to one")
    latency: Duration = setting(
        "6 us",
        gt=0.0,
        description="one-way latency of a message between two nodes, software included",
        source="nccl-tests logs at 8 KiB on 2-8 H100 nodes: 32-40 us per small all-reduce (2025)",
    )
    efficiency: Fraction = setting(
        "85 %",
        gt=0.0,
        description="share of the interface bandwidth that a large collective reaches",
        source="2 nodes of 8 x 400G InfiniBand, forced ring: 393 of 400 GB/s bus; 1,024 A100: lower (nccl-tests, 2025)",
    )


class Cluster(Section):
    """What the plan may use."""

    node: Node = setting(description="the kind of node: a catalogue name or a mapping")
    nodes: PositiveInt = setting(description="nodes in the cluster: the job, its spares and the rest")
    fabric: ClosFabric = setting(default_factory=ClosFabric, description="the scale-out network")
