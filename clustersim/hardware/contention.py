"""What the wiring of the fabric costs each dimension of a layout: shared and degraded links, and long ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from clustersim.scenario.schema.fabric import ClosFabric
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.training import Layout

if TYPE_CHECKING:
    from clustersim.hardware.topology.groups import Grid
    from clustersim.hardware.topology.loads import LinkLoads


@dataclass(frozen=True, slots=True)
class Shares:
    """Bandwidth that the slowest group of each dimension keeps, and the latency that its links add.

    Attributes
    ----------
    tensor, context, expert, data, pipeline : float
        Share in (0, 1] of the bandwidth that :mod:`clustersim.hardware.fabric` gives such a group. The slowest group
        sets the pace of a synchronous step.
    tensor_latency_s, context_latency_s, expert_latency_s, data_latency_s, pipeline_latency_s : float
        One-way latency beyond that of a message between two nodes [s].
    data_stages : tuple of float, shape (stages,)
        Share of ``data`` over that of each pipeline stage's own slowest replicas, in (0, 1]; empty where all are alike.
    """

    tensor: float = 1.0
    context: float = 1.0
    expert: float = 1.0
    data: float = 1.0
    pipeline: float = 1.0
    tensor_latency_s: float = 0.0
    context_latency_s: float = 0.0
    expert_latency_s: float = 0.0
    data_latency_s: float = 0.0
    pipeline_latency_s: float = 0.0
    data_stages: tuple[float, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is lost."""
        return self == WHOLE


WHOLE = Shares()
_PLAIN = ClosFabric()


def bandwidth_shares(cluster: Cluster, layout: Layout, seats: tuple[int, ...] = ()) -> Shares:
    """Share of its bandwidth that each dimension of a layout keeps on the fabric of a cluster.

    Parameters
    ----------
    cluster : Cluster
        The machines; the job fills the first nodes in rank order.
    layout : Layout
        The groups.
    seats : tuple of int, optional
        Node that the ranks of each node of the job sit on, where they do not fill the first nodes in order
        (:func:`clustersim.hardware.topology.loads.grid_loads`).

    Returns
    -------
    Shares
        One for a healthy Clos network, whose oversubscription :mod:`clustersim.hardware.placement` already counts; for
        a degraded one, relative to the healthy one. For other fabrics relative to one in which only interfaces and
        scale-up links limit a group.

    Raises
    ------
    FabricError
        If the fabric cannot be built or the job does not hang together.
    """
    fabric = cluster.fabric
    if fabric.kind == "clos" and not fabric.degraded and fabric.routing == "adaptive" and not seats:
        return WHOLE
    from clustersim.hardware.topology.groups import Grid

    return _shares(cluster, Grid.of(layout), seats)


def fabric_problems(cluster: Cluster, layouts: Iterable[Layout] = ()) -> list[tuple[str, str]]:
    """Everything that makes the fabric of a cluster, or a job on it, impossible.

    Parameters
    ----------
    cluster : Cluster
        The machines.
    layouts : iterable of Layout
        Jobs that must hang together.

    Returns
    -------
    list of (str, str)
        Dotted path of the setting to change, and the message; empty for a possible fabric.
    """
    if cluster.fabric == _PLAIN:
        return []
    from clustersim.hardware.topology.build import topology_problems
    from clustersim.hardware.topology.problems import FabricError

    found = list(topology_problems(cluster))
    for layout in () if found else layouts:
        try:
            bandwidth_shares(cluster, layout)
        except FabricError as error:
            found.extend(error.problems)
    return list(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def _shares(cluster: Cluster, grid: "Grid", seats: tuple[int, ...]) -> Shares:
    import numpy as np

    from clustersim.hardware.topology.groups import DIMENSIONS
    from clustersim.hardware.topology.loads import grid_loads

    nodes = np.array(seats, dtype=np.int64) if seats else None
    healthy = _healthy(cluster) if isinstance(cluster.fabric, ClosFabric) else None
    usual = _least_shares(healthy, grid) if healthy else {}
    values: dict[str, float] = {}
    stages: tuple[float, ...] = ()
    for dimension in DIMENSIONS:
        loads = grid_loads(cluster, grid, dimension, nodes)
        values[dimension] = min(1.0, float(loads.share.min()) / usual.get(dimension, 1.0))
        values[f"{dimension}_latency_s"] = float(loads.latency_s.max())
        if dimension == "data":
            stages = _by_stage(grid, loads)
    return Shares(**values, data_stages=stages)


@lru_cache(maxsize=256)
def _least_shares(cluster: Cluster, grid: "Grid") -> dict[str, float]:
    """Share of the slowest group of each dimension."""
    from clustersim.hardware.topology.groups import DIMENSIONS
    from clustersim.hardware.topology.loads import grid_loads

    return {dimension: float(grid_loads(cluster, grid, dimension).share.min()) for dimension in DIMENSIONS}


def _by_stage(grid: "Grid", loads: "LinkLoads") -> tuple[float, ...]:
    slowest = [
        float(loads.share[grid.stage_of(loads.groups[:, 0]) == stage].min()) for stage in range(grid.pipeline_parallel)
    ]
    least = min(slowest)
    return () if max(slowest) == least else tuple(least / share for share in slowest)


def _healthy(cluster: Cluster) -> Cluster:
    fabric = cluster.fabric.model_copy(update={"degraded": (), "routing": "adaptive"})
    return cluster.model_copy(update={"fabric": fabric})
