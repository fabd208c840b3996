"""What a search of layouts found."""

from dataclasses import dataclass

from clustersim.study.layouts.candidate import Candidate
from clustersim.study.layouts.families import Family
from clustersim.study.layouts.question import Question


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of every layout of the space; the last four sum to ``considered``.

    Attributes
    ----------
    considered : int
        Layouts of the space.
    by_rule : int
        Rejected: they do not divide the model or the batch.
    by_memory : int
        Rejected: they do not fit into device memory.
    by_bound : int
        Left out: even their least possible step time is no shorter than that of the layouts found. Whether they fit was
        not asked.
    predicted : int
        Fit, and were predicted in full.
    """

    considered: int
    by_rule: int
    by_memory: int
    by_bound: int
    predicted: int


@dataclass(frozen=True, slots=True)
class Found:
    """Result of a search.

    Attributes
    ----------
    question : Question
        What was looked for.
    ranked : tuple of Candidate
        The fastest layout that fits of each of the fastest shapes (TP, CP, PP, DP, EP), fastest first.
    predicted : tuple of Candidate
        Every layout that fits and was predicted, fastest first.
    own : Candidate or None
        The scenario's own layout; None when it uses another number of GPUs or is impossible.
    own_problems : tuple of str
        Why it is not there, or why it does not fit.
    counts : Counts
        What became of every layout.
    families : tuple of Family
        Why layouts were rejected.
    limits : tuple of str
        Where the space ends, and why.
    interrupted : bool
        Whether the search was stopped early; then ``ranked`` is the best so far, and ``by_bound`` counts what was not
        looked at, too.
    """

    question: Question
    ranked: tuple[Candidate, ...]
    predicted: tuple[Candidate, ...]
    own: Candidate | None
    own_problems: tuple[str, ...]
    counts: Counts
    families: tuple[Family, ...]
    limits: tuple[str, ...]
    interrupted: bool
