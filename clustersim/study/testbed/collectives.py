"""Collectives over a testbed: what the fabric leaves each group, and how long they take."""

from collections.abc import Sequence

from clustersim.hardware.fabric import fabric_of
from clustersim.hardware.placement import Place, place_group, slowed
from clustersim.hardware.topology.groups import Dimension
from clustersim.hardware.topology.loads import link_loads
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.training import Layout
from clustersim.step.collectives import collective_s
from clustersim.study.testbed.measurement import Group, MeasuredCollective


def measured_collective_s(cluster: Cluster, hosts: Group, run: MeasuredCollective) -> float | None:
    """Time of a collective [s], or None for groups that no layout has.

    Parameters
    ----------
    cluster : Cluster
        The testbed.
    hosts : tuple of str
        All hosts in the order of the ranks.
    run : MeasuredCollective
        The group, and those that ran the same at the same time.
    """
    found = _dimension(hosts, run.together)
    if found is None:
        return None
    layout, dimension = found
    loads = link_loads(cluster, layout, dimension)
    share = float(loads.share[run.together.index(run.group)])
    return collective_s(run.operation, run.size_bytes, _place(cluster, len(run.group), share))


def _place(cluster: Cluster, ranks: int, share: float) -> Place:
    return slowed(place_group(fabric_of(cluster), ranks, 1), share, 0.0)


def _dimension(hosts: Group, together: Sequence[Group]) -> tuple[Layout, Dimension] | None:
    """A layout one of whose dimensions has exactly these groups."""
    size = len(together[0])
    if tuple(together) == (hosts[:size],):
        return _layout(1, size), "data"
    if len(together) * size != len(hosts):
        return None
    if all(group == hosts[place * size : (place + 1) * size] for place, group in enumerate(together)):
        return _layout(size, len(together)), "tensor"
    if all(group == hosts[place :: len(together)] for place, group in enumerate(together)):
        return _layout(len(together), size), "data"
    return None


def _layout(tensor: int, data: int) -> Layout:
    return Layout(tensor_parallel=tensor, data_parallel=data, pipeline_parallel=1, micro_batch=1)
