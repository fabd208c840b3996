"""A workload put on its hardware: what every part of a prediction needs to know."""

from dataclasses import dataclass

from clustersim.hardware.fabric import fabric_of
from clustersim.scenario.schema.hardware import Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.step.efficiency import Efficiency, Table, efficiency_of
from clustersim.step.groups import Groups, groups_of
from clustersim.step.shape import Shard, shard


@dataclass(frozen=True, slots=True)
class Job:
    """Model, layout and sequence length [tokens], with the rates and the places they meet on the cluster."""

    model: Model
    layout: Layout
    sequence_length: int
    efficiency: Efficiency
    groups: Groups
    part: Shard


def job_of(
    model: Model,
    layout: Layout,
    sequence_length: int,
    precision: Precision,
    cluster: Cluster,
    stack: str,
    table: Table,
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
    """
    return Job(
        model=model,
        layout=layout,
        sequence_length=sequence_length,
        efficiency=efficiency_of(cluster.node.accelerator, precision, stack, table),
        groups=groups_of(fabric_of(cluster), layout),
        part=shard(layout, sequence_length),
    )
