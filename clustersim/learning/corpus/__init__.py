"""The training corpus: the funnel that makes it, its mix and repetition, its build, and how the job reads it."""

from clustersim.learning.corpus.build import latest_start_s, latest_streaming_start_s
from clustersim.learning.corpus.funnel import FunnelCost, FunnelWork, StageWork, funnel_cost, funnel_work
from clustersim.learning.corpus.loader import PhaseLoad, phase_loads
from clustersim.learning.corpus.mix import SourceUse, mix_effective_tokens, source_uses
from clustersim.learning.corpus.outlook import corpus_outlook
from clustersim.learning.corpus.quality import QualityShift, quality_shift
from clustersim.learning.corpus.repetition import (
    BestSplit,
    best_split,
    constrained_loss,
    effective_parameters,
    effective_tokens,
    repetition_shift_nats,
    worth_of_epoch,
    worth_of_next_token,
)
from clustersim.learning.corpus.worth import worth_to_law, worth_to_scores

__all__ = [
    "BestSplit",
    "FunnelCost",
    "FunnelWork",
    "PhaseLoad",
    "QualityShift",
    "SourceUse",
    "StageWork",
    "best_split",
    "constrained_loss",
    "corpus_outlook",
    "effective_parameters",
    "effective_tokens",
    "funnel_cost",
    "funnel_work",
    "latest_start_s",
    "latest_streaming_start_s",
    "mix_effective_tokens",
    "phase_loads",
    "quality_shift",
    "repetition_shift_nats",
    "source_uses",
    "worth_of_epoch",
    "worth_of_next_token",
    "worth_to_law",
    "worth_to_scores",
]
