"""Which ranks communicate: the groups of each dimension of a layout, and the messages of one collective of each."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from clustersim.hardware.topology.topology import Floats, Ints
from clustersim.scenario.schema.training import Layout, RankOrder

Dimension = Literal["tensor", "context", "expert", "data", "pipeline"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

Pattern = Literal["ring", "neighbours", "exchange"]
PATTERNS: dict[Dimension, Pattern] = {
    "tensor": "ring",
    "context": "neighbours",
    "expert": "exchange",
    "data": "ring",
    "pipeline": "neighbours",
}
"""Traffic of each dimension: rings of all-reduce, all-gather and reduce-scatter, messages between neighbours, and the
all-to-all of experts."""


_AXES: dict[Dimension, tuple[int, ...]] = {"tensor": (3,), "context": (2,), "pipeline": (0,), "data": (1, 2)}


@dataclass(frozen=True, slots=True)
class Grid:
    """What of a layout says which ranks communicate; names as in :class:`Layout`."""

    tensor_parallel: int
    context_parallel: int
    pipeline_parallel: int
    data_parallel: int
    expert_parallel: int
    rank_order: RankOrder
    interleaved: bool

    @classmethod
    def of(cls, layout: Layout) -> "Grid":
        """Read it off a layout."""
        return cls(
            layout.tensor_parallel,
            layout.context_parallel,
            layout.pipeline_parallel,
            layout.data_parallel,
            layout.expert_parallel,
            layout.rank_order,
            layout.virtual_pipeline > 1,
        )

    def stage_of(self, ranks: Ints) -> Ints:
        """Pipeline stage of each rank."""
        faster = self.tensor_parallel * self.context_parallel
        faster *= 1 if self.rank_order == "tp-cp-pp-dp" else self.data_parallel
        return np.asarray(ranks // faster % self.pipeline_parallel, dtype=np.int64)

    @property
    def gpus(self) -> int:
        """GPUs of the job."""
        return self.tensor_parallel * self.context_parallel * self.pipeline_parallel * self.data_parallel


@dataclass(frozen=True)
class Messages:
    """Messages between ranks at one moment: one collective of every group of a dimension.

    Attributes
    ----------
    group : array of int, shape (messages,)
        Group of each, numbered as in :func:`groups_of`.
    sources, destinations : array of int, shape (messages,)
        Ranks.
    amounts : array of float, shape (messages,)
        Traffic, where 1 is what a rank sends at full rate.
    """

    group: Ints
    sources: Ints
    destinations: Ints
    amounts: Floats


def groups_of(grid: Grid, dimension: Dimension) -> Ints:
    """Ranks of every group of one dimension.

    Parameters
    ----------
    grid : Grid
        Sizes and order of the dimensions; ranks are numbered as in :mod:`clustersim.hardware.placement`.
    dimension : str
        ``data`` joins data- and context-parallel ranks, which reduce gradients together; ``expert`` takes the
        context-parallel ranks first, then replicas.

    Returns
    -------
    array of int, shape (groups, ranks)
        Ascending in each group. Group 0 holds rank 0.
    """
    tensor, context = grid.tensor_parallel, grid.context_parallel
    pipeline, data = grid.pipeline_parallel, grid.data_parallel
    ranks: Ints = np.arange(grid.gpus)
    if grid.rank_order == "tp-cp-pp-dp":
        ranks = ranks.reshape(data, pipeline, context, tensor).transpose(1, 0, 2, 3)
    else:
        ranks = ranks.reshape(pipeline, data, context, tensor)
    if dimension != "expert":
        return _rows(ranks, _AXES[dimension])
    expert = min(grid.expert_parallel, context * data)
    inside = math.gcd(expert, context)
    outside = expert // inside
    split = ranks.reshape(pipeline, data // outside, outside, context // inside, inside, tensor)
    return _rows(split, (2, 4))


def _rows(grid: Ints, axes: tuple[int, ...]) -> Ints:
    """Make the given axes the members of a group and all others the groups, by their first rank."""
    others = [axis for axis in range(grid.ndim) if axis not in axes]
    members = math.prod(grid.shape[axis] for axis in axes)
    groups = grid.transpose(*others, *axes).reshape(-1, members)
    return groups[np.argsort(groups[:, 0], kind="stable")]


def in_domain(groups: Ints, domain_gpus: int) -> Ints:
    """Ranks of each group that share the scale-up domain of its first one, shape (groups,)."""
    domains = groups // domain_gpus
    return np.asarray((domains == domains[:, :1]).sum(axis=1), dtype=np.int64)


def messages_between_domains(
    grid: Grid, dimension: Dimension, groups: Ints, domain_gpus: int, gpus_per_node: int
) -> Messages:
    """Messages that leave a scale-up domain.

    Parameters
    ----------
    grid : Grid
        Interleaved pipelines also send from the last stage to the first.
    dimension : str
        Decides the pattern of traffic.
    groups : array of int, shape (groups, ranks)
        From :func:`groups_of`.
    domain_gpus, gpus_per_node : int
        GPUs of a scale-up domain; of a node.

    Returns
    -------
    Messages
        A ring over domains uses the interfaces of all its ranks there: each sends to its opposite number in the next
        domain. In an exchange each rank sends an equal share to every rank of other domains.
    """
    if PATTERNS[dimension] == "exchange":
        return _exchange(groups, domain_gpus, gpus_per_node)
    index = np.arange(groups.shape[1])
    step = in_domain(groups, domain_gpus)[:, None] if PATTERNS[dimension] == "ring" else np.ones((len(groups), 1), int)
    targets = np.take_along_axis(groups, (index + step) % groups.shape[1], axis=1)
    crossing = groups // domain_gpus != targets // domain_gpus
    if dimension == "pipeline" and not grid.interleaved:
        crossing[:, -1] = False
    group, _ = np.nonzero(crossing)
    return Messages(group, groups[crossing], targets[crossing], np.ones(len(group)))


def _exchange(groups: Ints, domain_gpus: int, gpus_per_node: int) -> Messages:
    domains = groups // domain_gpus
    senders, weight = groups, 1
    together = int(in_domain(groups[:1], domain_gpus)[0])
    if groups.shape[1] % together == 0:
        nodes = (groups // gpus_per_node).reshape(len(groups), -1, together)
        domain = domains.reshape(nodes.shape)
        if (nodes == nodes[:, :, :1]).all() and (domain == domain[:, :, :1]).all():
            # Ranks of a node send over the same rail to the same rank: one message stands for theirs.
            senders, weight = groups[:, ::together], together
    crossing = (senders // domain_gpus)[:, :, None] != domains[:, None, :]
    group, source, target = np.nonzero(crossing)
    partners = crossing.sum(axis=2)
    return Messages(group, senders[group, source], groups[group, target], weight / partners[group, source])
