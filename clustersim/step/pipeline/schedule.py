"""Which schedule a pipeline runs, and how large it is."""

from dataclasses import dataclass, replace

from clustersim.scenario.schema.training import Layout, ScheduleName
from clustersim.workload.schedule import group_size


@dataclass(frozen=True, slots=True)
class Schedule:
    """A pipeline schedule.

    Attributes
    ----------
    name : {"gpipe", "1f1b", "zero-bubble", "dualpipe"}
        1F1B with several chunks is interleaved.
    stages : int
        Pipeline ranks.
    chunks : int
        Model chunks per rank. DualPipe has two, one for each direction.
    micro_batches : int
        Micro-batches per replica and step, over both directions of DualPipe.
    group : int
        Micro-batches that interleaving passes through a chunk before it turns to the next.
    """

    name: ScheduleName
    stages: int
    chunks: int
    micro_batches: int
    group: int = 1

    def shortened(self, micro_batches: int) -> "Schedule":
        """The same order for fewer micro-batches."""
        return replace(self, micro_batches=micro_batches)


def schedule_of(layout: Layout, micro_batches: int) -> Schedule:
    """Schedule of a layout.

    Parameters
    ----------
    layout : Layout
        Its pipeline stages, virtual stages and schedule.
    micro_batches : int
        Micro-batches per replica and step.

    Returns
    -------
    Schedule
        One stage alone needs no schedule: whatever the layout names, it accumulates gradients as 1F1B does.
    """
    stages, chunks = layout.pipeline_parallel, layout.virtual_pipeline
    if stages == 1:
        return Schedule("1f1b", 1, 1, micro_batches)
    if layout.schedule == "dualpipe":
        return Schedule("dualpipe", stages, 2, micro_batches)
    group = group_size(stages, micro_batches) if chunks > 1 else 1
    return Schedule(layout.schedule, stages, chunks, micro_batches, group)
