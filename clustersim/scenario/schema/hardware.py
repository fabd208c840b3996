"""The machines: accelerator, node and fabric."""

from typing import Literal

from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.fabric import AnyFabric, ClosFabric, NetworkClass
from clustersim.scenario.schema.measured import Measured
from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.schema.storage import Storage
from clustersim.scenario.units import Bandwidth, Bytes, FlopRate, Fraction, Power

__all__ = [
    "DEFAULT_NETWORK",
    "Accelerator",
    "AnyFabric",
    "ClosFabric",
    "Cluster",
    "Measured",
    "NetworkClass",
    "Node",
    "PeakCompute",
    "Precision",
]

DEFAULT_NETWORK: NetworkClass = "infiniband"
"""Class of a network that nobody names: most calibrated step times ran on it."""

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
    host_link_bandwidth: Bandwidth | None = setting(
        None, gt=0.0, description="bandwidth of one GPU to host memory, per direction; layout.offload needs it"
    )
    multiprocessors: PositiveInt | None = setting(
        None, description="streaming multiprocessors (compute units); matrix products lose to tiles and waves on them"
    )
    tdp: Power | None = setting(
        None,
        gt=0.0,
        description="thermal design power: sets the clock of cards whose generation has a power law (Blackwell); the"
        " bill takes the power of the node",
    )
    measured: Measured | None = setting(
        None, description="efficiencies measured on it, as clustersim calibrate writes them; replace those of its kind"
    )


class Node(Catalogued, table="nodes"):
    """One server."""

    accelerator: Accelerator = setting(description="the accelerator in it: a catalogue name or a mapping")
    gpus: PositiveInt = setting(description="accelerators in the node")
    nics: PositiveInt = setting(description="network interfaces for the scale-out fabric")
    nic_bandwidth: Bandwidth = setting(gt=0.0, description="bandwidth of one interface, per direction")
    network: NetworkClass | None = setting(
        None, description="class of the network that its interfaces are for; infiniband when omitted"
    )
    training_power: Power = setting(gt=0.0, description="power of the whole node while it trains")
    idle_power: Power = setting(description="power of the whole node while it waits")


class Cluster(Section):
    """What the plan may use."""

    node: Node = setting(description="the kind of node: a catalogue name or a mapping")
    nodes: PositiveInt = setting(description="nodes in the cluster: the job, its spares and the rest")
    fabric: AnyFabric = setting({"kind": "clos"}, description="the scale-out network")
    diurnal_swing: Fraction = setting(
        0.0,
        lt=1.0,
        description="share of the throughput lost in the hottest hour of a day; step times hold for the coolest",
        source="Llama 3 (arXiv 2407.21783, 2024), section 3.3.4: 1-2 %, from the clocks of GPUs at higher temperature",
    )
    storage: Storage | None = setting(
        None,
        description="the store that the job shares with others; when omitted, checkpoint.write_bandwidth is there at"
        " any time, and recovery.restart.load is all that a load takes",
    )
    racks_per_pdu: PositiveInt | None = setting(
        None, description="racks behind one power distribution unit; failures of PDUs need it"
    )
    racks_per_cooling_loop: PositiveInt | None = setting(
        None, description="racks on one cooling loop; failures of cooling loops need it"
    )

    @property
    def network(self) -> NetworkClass:
        """Class of its network: that of the fabric, else of the node, else :data:`DEFAULT_NETWORK`."""
        return self.fabric.network or self.node.network or DEFAULT_NETWORK
