"""What emerges from scale: benchmark scores against training compute, and when in a run each rises."""

from clustersim.learning.capability.catalogued import capability_law, capability_tasks
from clustersim.learning.capability.crossing import Crossing, crossing, crossing_tokens, summarise_crossing
from clustersim.learning.capability.exact_match import (
    exact_match,
    exact_match_width,
    skill_width,
    token_accuracy,
    visible_from,
)
from clustersim.learning.capability.forecast import outcomes, score_draws, score_interval
from clustersim.learning.capability.instruction import instruction_following
from clustersim.learning.capability.law import CapabilityLaw, Trained
from clustersim.learning.capability.outlook import CapabilityOutlook, capability_outlook
from clustersim.learning.capability.through_loss import AccuracyLaw, accuracy, accuracy_draws, accuracy_law

__all__ = [
    "AccuracyLaw",
    "CapabilityLaw",
    "CapabilityOutlook",
    "Crossing",
    "Trained",
    "accuracy",
    "accuracy_draws",
    "accuracy_law",
    "capability_law",
    "capability_outlook",
    "capability_tasks",
    "crossing",
    "crossing_tokens",
    "exact_match",
    "exact_match_width",
    "instruction_following",
    "outcomes",
    "score_draws",
    "score_interval",
    "skill_width",
    "summarise_crossing",
    "token_accuracy",
    "visible_from",
]
