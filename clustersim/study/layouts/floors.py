"""Lower bounds of step times, with what layouts share worked out once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from clustersim.scenario.schema.training import Layout
from clustersim.step.bound import Known, MicroBatchFloor, layout_floors_s, micro_batch_floor, step_floor_s
from clustersim.study.layouts.question import Question
from clustersim.study.layouts.space import Pipe
from clustersim.workload.layout import micro_batches


@dataclass(slots=True)
class Floors:
    """Remembers the time of a micro-batch by what it depends on."""

    question: Question
    _known: dict[tuple[object, ...], MicroBatchFloor] = field(default_factory=dict)
    _shared: Known = field(default_factory=Known)

    def step_s(self, layout: Layout, pipe: Pipe) -> float:
        """Time that no layout undercuts which differs from this one in rank order only [s].

        `pipe` replaces the schedule and the chunks of the layout. With ZeRO stages 0 to 2 it holds for all stages.
        """
        count = micro_batches(layout, self.question.global_batch)
        overlapped = pipe.schedule == "dualpipe"
        once_s = self._micro_batch_s(layout, pipe.depth, overlapped)
        chunks = pipe.chunks if pipe.schedule in ("1f1b", "gpipe") else None
        return step_floor_s(once_s, layout.pipeline_parallel, chunks, count, pipe.evenness)

    def layouts_s(self, layouts: Sequence[Layout], pipe: Pipe, limit_s: float = math.inf) -> tuple[float, ...]:
        """Time that each of some layouts does not undercut, closer than :meth:`step_s` and dearer [s].

        The layouts differ in rank order only. Above `limit_s` [s] any bound will do.
        """
        asked, least_s = self.question, self.step_s(layouts[0], pipe)
        return layout_floors_s(
            asked.model,
            layouts,
            asked.sequence_length,
            asked.global_batch,
            asked.precision,
            asked.cluster,
            asked.stack,
            asked.options,
            known=self._shared,
            least_s=least_s,
            limit_s=limit_s,
        )

    def _micro_batch_s(self, layout: Layout, depth: int, overlapped: bool) -> float:
        if layout.recompute_layers is None:
            return self._whole_s(layout, None, overlapped)
        plain_s = self._whole_s(layout.model_copy(update={"recompute": "none"}), None, overlapped)
        # r layers of every stage of up to `depth` are at least r / depth of all. What they add bends upwards where
        # computation hides communication, so the line through the first layer lies below it.
        layers = self.question.model.layers
        first_s = layers * (self._whole_s(layout, 1, overlapped) - plain_s)
        all_s = self._whole_s(layout, None, overlapped) - plain_s
        return plain_s + min(first_s, all_s) * min(1.0, layout.recompute_layers / depth)

    def _whole_s(self, layout: Layout, again: int | None, overlapped: bool) -> float:
        """Time of a micro-batch when all layers of the model, or so many, are recomputed as the layout says [s]."""
        asked = self.question
        key = (
            layout.tensor_parallel,
            layout.context_parallel,
            layout.expert_parallel,
            layout.micro_batch,
            layout.recompute,
            again,
            layout.sequence_parallel,
            layout.data_parallel if layout.zero_stage == 3 else 0,
        )
        if key not in self._known:
            self._known[key] = micro_batch_floor(
                asked.model,
                layout.model_copy(update={"recompute_layers": again}),
                asked.sequence_length,
                asked.precision,
                asked.cluster,
                asked.stack,
                asked.options,
            )
        return self._known[key].least_s(overlapped=overlapped)
