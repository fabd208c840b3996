"""Whether a layout divides the model, the sequence and the batch."""

from clustersim.scenario.schema.training import Layout
from clustersim.study.layouts.question import Question
from clustersim.workload.layout import LayoutProblem, layout_problems


def legal_layout(question: Question, layout: Layout) -> tuple[Layout, LayoutProblem | None]:
    """Ask what is wrong with a layout; sequence parallelism is switched off where it alone does not divide.

    Returns
    -------
    (Layout, LayoutProblem or None)
        The layout, perhaps without sequence parallelism, and the first thing that is wrong with it.
    """
    found = _problems(question, layout)
    if found and all(problem.field == "sequence_parallel" for problem in found):
        layout = layout.model_copy(update={"sequence_parallel": False})
        found = _problems(question, layout)
    return layout, found[0] if found else None


def _problems(question: Question, layout: Layout) -> list[LayoutProblem]:
    return layout_problems(
        question.model, layout, question.global_batch, question.cluster.node.gpus, question.sequence_length
    )
