"""Where the groups of a parallel layout sit on the fabric."""

from dataclasses import dataclass

from clustersim.hardware.fabric import Fabric, Link
from clustersim.hardware.placement import Place, neighbour_link, place_group
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
    """Place the groups of a layout; see :mod:`clustersim.hardware.placement` for the order of ranks."""
    tensor, context, data = layout.tensor_parallel, layout.context_parallel, layout.data_parallel
    expert = min(layout.expert_parallel, context * data)
    pipeline_first = layout.rank_order == "tp-cp-pp-dp"
    data_stride = tensor * (layout.pipeline_parallel if pipeline_first else 1)
    pipeline_stride = tensor * context * (1 if pipeline_first else data)
    return Groups(
        tensor=place_group(fabric, tensor, 1),
        context=neighbour_link(fabric, context, tensor),
        expert=place_group(fabric, expert, data_stride),
        data=place_group(fabric, context * data, data_stride),
        expert_data=place_group(fabric, max(1, context * data // expert), data_stride * expert),
        pipeline=neighbour_link(fabric, layout.pipeline_parallel, pipeline_stride),
    )
