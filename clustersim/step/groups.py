"""Where the groups of a parallel layout sit on the fabric."""

import math
from dataclasses import dataclass

from clustersim.hardware.contention import WHOLE, Shares
from clustersim.hardware.fabric import Fabric, Link
from clustersim.hardware.placement import Place, Run, neighbour_link, place_group, place_nested_group, slowed
from clustersim.scenario.schema.training import Layout


@dataclass(frozen=True, slots=True)
class Groups:
    """Places of the groups one rank belongs to.

    ``data`` reduces gradients: it joins data- and context-parallel ranks, which hold the same weights. ``expert_data``
    does so for the experts, which expert parallelism already spreads. ``context`` and ``pipeline`` are the slowest
    links between neighbours, ``context_group`` all context-parallel ranks. ``data_stages`` is the time of an exchange
    between the replicas of each pipeline stage over that of the slowest stage, which ``data`` is; empty where all are
    alike.
    """

    tensor: Place
    context: Link
    context_group: Place
    expert: Place
    data: Place
    expert_data: Place
    pipeline: Link
    data_stages: tuple[float, ...] = ()


def groups_of(fabric: Fabric, layout: Layout, shares: Shares = WHOLE) -> Groups:
    """Place the groups of a layout; see :mod:`clustersim.hardware.placement` for the order of ranks.

    Parameters
    ----------
    fabric : Fabric
        The tiers.
    layout : Layout
        The layout. Expert parallelism takes the context-parallel ranks first, then replicas.
    shares : Shares
        What the wiring leaves each dimension of that (:mod:`clustersim.hardware.contention`).
    """
    tensor, context, replicas = layout.tensor_parallel, layout.context_parallel, layout.data_parallel
    pipeline_first = layout.rank_order == "tp-cp-pp-dp"
    replica_stride = tensor * context * (layout.pipeline_parallel if pipeline_first else 1)
    pipeline_stride = tensor * context * (1 if pipeline_first else replicas)
    expert = min(layout.expert_parallel, context * replicas)
    inside = math.gcd(expert, context)
    outside = expert // inside
    data = place_nested_group(fabric, Run(context, tensor), Run(replicas, replica_stride))
    expert_data = place_nested_group(
        fabric,
        Run(context // inside, tensor * inside),
        Run(max(1, replicas // outside), replica_stride * outside),
    )
    experts = place_nested_group(fabric, Run(inside, tensor), Run(outside, replica_stride))
    return Groups(
        tensor=slowed(place_group(fabric, tensor, 1), shares.tensor, shares.tensor_latency_s),
        context=_slowed(neighbour_link(fabric, context, tensor), shares.context, shares.context_latency_s),
        context_group=slowed(place_group(fabric, context, tensor), shares.context, shares.context_latency_s),
        expert=slowed(experts, shares.expert, shares.expert_latency_s),
        data=slowed(data, shares.data, shares.data_latency_s),
        expert_data=slowed(expert_data, shares.data, shares.data_latency_s),
        pipeline=_slowed(
            neighbour_link(fabric, layout.pipeline_parallel, pipeline_stride),
            shares.pipeline,
            shares.pipeline_latency_s,
        ),
        data_stages=shares.data_stages,
    )


def _slowed(link: Link, share: float, extra_latency_s: float) -> Link:
    return Link(link.bandwidth_bytes_s * share, link.latency_s + extra_latency_s)
