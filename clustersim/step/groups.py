"""Where the groups of a parallel layout sit on the fabric."""

import math
from dataclasses import dataclass

from clustersim.hardware.fabric import Fabric, Link
from clustersim.hardware.placement import Place, Run, neighbour_link, place_group, place_nested_group
from clustersim.scenario.schema.training import Layout


@dataclass(frozen=True, slots=True)
class Groups:
    """Places of the groups one rank belongs to.

    ``data`` reduces gradients: it joins data- and context-parallel ranks, which hold the same weights. ``expert_data``
    does so for the experts, which expert parallelism already spreads. ``context`` and ``pipeline`` are the slowest
    links between neighbours.
    """

    tensor: Place
    context: Link
    expert: Place
    data: Place
    expert_data: Place
    pipeline: Link


def groups_of(fabric: Fabric, layout: Layout) -> Groups:
    """Place the groups of a layout; see :mod:`clustersim.hardware.placement` for the order of ranks.

    Expert parallelism takes the context-parallel ranks first, then replicas.
    """
    tensor, context, data = layout.tensor_parallel, layout.context_parallel, layout.data_parallel
    pipeline_first = layout.rank_order == "tp-cp-pp-dp"
    replica_stride = tensor * context * (layout.pipeline_parallel if pipeline_first else 1)
    pipeline_stride = tensor * context * (1 if pipeline_first else data)
    expert = min(layout.expert_parallel, context * data)
    inside = math.gcd(expert, context)
    outside = expert // inside
    return Groups(
        tensor=place_group(fabric, tensor, 1),
        context=neighbour_link(fabric, context, tensor),
        expert=place_nested_group(fabric, Run(inside, tensor), Run(outside, replica_stride)),
        data=place_nested_group(fabric, Run(context, tensor), Run(data, replica_stride)),
        expert_data=place_nested_group(
            fabric,
            Run(context // inside, tensor * inside),
            Run(max(1, data // outside), replica_stride * outside),
        ),
        pipeline=neighbour_link(fabric, layout.pipeline_parallel, pipeline_stride),
    )
