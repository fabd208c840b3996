"""Search of all parallel layouts of a job for the fastest that fit into device memory."""

from clustersim.study.layouts.candidate import Candidate, layout_words
from clustersim.study.layouts.families import Family
from clustersim.study.layouts.found import Counts, Found
from clustersim.study.layouts.question import Question, question_of, question_problems
from clustersim.study.layouts.search import find_layouts
from clustersim.study.layouts.ties import ranking_sigma, tie_ratio

__all__ = [
    "Candidate",
    "Counts",
    "Family",
    "Found",
    "Question",
    "find_layouts",
    "layout_words",
    "question_of",
    "question_problems",
    "ranking_sigma",
    "tie_ratio",
]
