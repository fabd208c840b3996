"""The scenario's own layout beside those that a search finds."""

from clustersim.study.layouts.candidate import Candidate, predicted
from clustersim.study.layouts.question import Question
from clustersim.workload.layout import layout_problems

_GIB = 2.0**30


def own_candidate(question: Question) -> tuple[Candidate | None, tuple[str, ...]]:
    """Predict the scenario's own layout.

    Returns
    -------
    (Candidate or None, tuple of str)
        None where it uses another number of GPUs than the question or is impossible; and what is wrong with it. One
        that does not fit into memory is predicted all the same: the memory model is not exact.
    """
    own, gpus_per_node = question.own, question.cluster.node.gpus
    if own.gpus != question.gpus:
        return None, (f"it uses {own.gpus:,} GPUs, not {question.gpus:,}",)
    problems = layout_problems(question.model, own, question.global_batch, gpus_per_node, question.sequence_length)
    if problems:
        return None, tuple(problem.message for problem in problems)
    candidate = predicted(question, own)
    needs, has = candidate.step.memory.total_bytes, question.capacity_bytes
    if needs <= has:
        return candidate, ()
    return candidate, (f"it needs {needs / _GIB:.1f} GiB per GPU, the device has {has / _GIB:.1f} GiB",)
