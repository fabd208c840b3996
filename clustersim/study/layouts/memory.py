"""Device memory of layouts, each worked out once."""

from dataclasses import dataclass, field

from clustersim.scenario.schema.training import Layout
from clustersim.study.layouts.question import Question
from clustersim.workload.layout import micro_batches
from clustersim.workload.memory import memory_per_gpu


def needed_bytes(question: Question, layout: Layout) -> float:
    """Bytes that the fullest GPU needs, with the activations of as many micro-batches as the step has."""
    count = micro_batches(layout, question.global_batch)
    return memory_per_gpu(
        question.model, layout, question.sequence_length, question.precision, count, software=question.stack
    ).total_bytes


@dataclass(slots=True)
class Memories:
    """Remembers what layouts need; the rank order plays no part."""

    question: Question
    _known: dict[tuple[object, ...], float] = field(default_factory=dict)
    _thriftiest: dict[tuple[object, ...], tuple[float, Layout]] = field(default_factory=dict)

    def needed_bytes(self, layout: Layout) -> float:
        """Bytes that the fullest GPU needs."""
        key = (*_family(layout), layout.recompute, layout.recompute_layers, layout.zero_stage)
        if key not in self._known:
            self._known[key] = needed_bytes(self.question, layout)
        return self._known[key]

    def thriftiest(self, layout: Layout, zero_stage: int) -> tuple[float, Layout]:
        """Find what no layout with the same shape, chunks, schedule and micro-batch undercuts.

        Returns
        -------
        (float, Layout)
            Bytes, and the layout: full recomputation and the given ZeRO stage.
        """
        key = (*_family(layout), zero_stage)
        if key not in self._thriftiest:
            saving = {"recompute": "full", "recompute_layers": None, "zero_stage": zero_stage}
            corner = layout.model_copy(update=saving)
            self._thriftiest[key] = self.needed_bytes(corner), corner
        return self._thriftiest[key]


def _family(layout: Layout) -> tuple[object, ...]:
    return (
        layout.tensor_parallel,
        layout.context_parallel,
        layout.pipeline_parallel,
        layout.expert_parallel,
        layout.virtual_pipeline,
        layout.schedule,
        layout.sequence_parallel,
        layout.micro_batch,
    )
