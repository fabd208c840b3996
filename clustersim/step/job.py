"""A workload put on its hardware: what every part of a prediction needs to know."""

from dataclasses import dataclass

from clustersim.hardware.contention import bandwidth_shares
from clustersim.hardware.fabric import fabric_of
from clustersim.scenario.schema.hardware import Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, Software
from clustersim.step.efficiency import NO_OPTIONS, Efficiency, Table, efficiency_of
from clustersim.step.groups import Groups, groups_of
from clustersim.step.measured import measured_efficiency
from clustersim.step.options import Options
from clustersim.step.shape import Shard, shard
from clustersim.workload.layout import deepest_stage


@dataclass(frozen=True, slots=True)
class Job:
    """Model, layout and sequence length [tokens], with the rates and the places they meet on the cluster.

    ``stage_depth`` is the number of layers of the deepest pipeline stage, ``host_link_bytes_s`` the bandwidth to host
    memory if known.
    """

    model: Model
    layout: Layout
    sequence_length: int
    precision: Precision
    efficiency: Efficiency
    groups: Groups
    part: Shard
    stack: Software
    stage_depth: int
    host_link_bytes_s: float | None

    @property
    def gradient_bytes(self) -> float:
        """Bytes of one gradient as it is summed and reduced: as the layout says, else 16 bits in fp16 training."""
        width = self.layout.gradient_precision
        if width is not None:
            return {"fp32": 4.0, "bf16": 2.0}[width]
        return 2.0 if self.precision == "fp16" else self.efficiency.gradient_bytes

    @property
    def recomputed(self) -> float:
        """Share of the layers of a stage that recompute."""
        return min(1.0, (self.layout.recompute_layers or self.stage_depth) / self.stage_depth)


def job_of(
    model: Model,
    layout: Layout,
    sequence_length: int,
    precision: Precision,
    cluster: Cluster,
    stack: Software,
    table: Table,
    options: Options = NO_OPTIONS,
    micro_batches: int | None = None,
) -> Job:
    """Put a workload on its hardware.

    Parameters
    ----------
    model, layout, sequence_length, precision, cluster
        As in :func:`clustersim.step.predict.predict_step`.
    stack : str
        Software class of the calibration.
    table : Table
        Efficiencies; the calibration passes the ones it tries.
    options : Options
        What the software turns on.
    micro_batches : int, optional
        Of each replica and step; only accelerators that were measured ask for it
        (:func:`clustersim.step.measured.measured_efficiency`).
    """
    return Job(
        model=model,
        layout=layout,
        sequence_length=sequence_length,
        precision=precision,
        efficiency=measured_efficiency(
            efficiency_of(cluster.node.accelerator, precision, stack, table, options),
            cluster,
            layout,
            precision,
            micro_batches,
        ),
        groups=groups_of(fabric_of(cluster), layout, bandwidth_shares(cluster, layout)),
        part=shard(layout, sequence_length),
        stack=stack,
        stage_depth=deepest_stage(model, layout),
        host_link_bytes_s=cluster.node.accelerator.host_link_bandwidth,
    )
