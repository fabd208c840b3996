"""One layout that was predicted."""

from dataclasses import dataclass

from clustersim.scenario.schema.training import Layout
from clustersim.step.predict import predict_step
from clustersim.step.step_time import StepTime
from clustersim.study.layouts.question import Question


@dataclass(frozen=True, slots=True)
class Candidate:
    """A layout with its predicted step."""

    layout: Layout
    step: StepTime

    @property
    def order(self) -> tuple[float, str]:
        """Key that ranks candidates: faster first; equal ones by their words, so that the ranking never changes."""
        return self.step.mean_s, layout_words(self.layout)


def predicted(question: Question, layout: Layout) -> Candidate:
    """Predict a layout."""
    step = predict_step(
        question.model,
        layout,
        question.sequence_length,
        question.global_batch,
        question.precision,
        question.cluster,
        stack=question.stack,
        options=question.options,
    )
    return Candidate(layout, step)


def layout_words(layout: Layout) -> str:
    """Write a layout with everything that the search chooses.

    Examples
    --------
    >>> layout_words(Layout(tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=8, data_parallel=128))
    'TP8 CP1 PP16 VPP8 DP128 ZeRO1 mb1 recompute none'
    """
    parts = [
        f"TP{layout.tensor_parallel}",
        f"CP{layout.context_parallel}",
        f"PP{layout.pipeline_parallel}",
        f"VPP{layout.virtual_pipeline}",
        f"DP{layout.data_parallel}",
        f"EP{layout.expert_parallel}" if layout.expert_parallel > 1 else "",
        f"ZeRO{layout.zero_stage}",
        f"mb{layout.micro_batch}",
        f"recompute {_recompute_words(layout)}",
        "" if layout.schedule == "1f1b" else layout.schedule,
        "" if layout.sequence_parallel or layout.tensor_parallel == 1 else "SP off",
        "" if layout.rank_order == Layout.model_fields["rank_order"].default else layout.rank_order,
    ]
    return " ".join(part for part in parts if part)


def _recompute_words(layout: Layout) -> str:
    if layout.recompute == "none" or layout.recompute_layers is None:
        return layout.recompute
    return f"{layout.recompute} of {layout.recompute_layers} layer{'s' if layout.recompute_layers > 1 else ''}"


def layout_yaml(layout: Layout) -> str:
    """Write the line that sets a layout in a scenario, without what is default anyway.

    Examples
    --------
    >>> layout_yaml(Layout(tensor_parallel=8, data_parallel=128, zero_stage=2))
    'layout: {tensor_parallel: 8, data_parallel: 128, zero_stage: 2}'
    """
    fields = Layout.model_fields
    said = {
        name: value
        for name, value in layout.model_dump().items()
        if value != fields[name].default or fields[name].is_required()
    }
    return "layout: {" + ", ".join(f"{name}: {str(value).lower()}" for name, value in said.items()) + "}"
