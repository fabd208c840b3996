"""When two layouts are too close for the step model to tell which is faster."""

import math

from clustersim.scenario.schema.model import Model

RANKING_SIGMA = 0.055
"""Spread of the log error between layouts of one dense model on one cluster, batch and release of the software.
Measured: 70 published step times in 19 sweeps (BigScience chronicles 2022; Korthikanti et al. 2022, arXiv 2205.05198;
torchtitan 2024; Megatron Bridge 2025-2026) scatter by 0.052 about the mean error of their sweep, the 26 held-out ones,
in 12 sweeps, by 0.057; those in 16 bits by 0.047. What a sweep has in common cancels.
Recomputed by tests/study/layouts/test_ties.py."""

MIXTURE_RANKING_SIGMA = 0.11
"""The same of mixtures of experts, from the only published pair of layouts: one degree of freedom, hardly known."""


def ranking_sigma(model: Model) -> float:
    """Spread of the log error between layouts of one model."""
    return RANKING_SIGMA if model.mixture is None else MIXTURE_RANKING_SIGMA


def tie_ratio(model: Model) -> float:
    """Step times closer than this factor are a tie: one standard deviation of the difference of two layouts.

    At the edge of the tie the order is wrong about one time in six.
    """
    return math.exp(math.sqrt(2.0) * ranking_sigma(model))


def ties(model: Model, first_s: float, second_s: float) -> bool:
    """Whether the step model cannot tell which of two step times is shorter."""
    return max(first_s, second_s) <= min(first_s, second_s) * tie_ratio(model)
