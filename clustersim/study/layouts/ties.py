"""When two layouts are too close for the step model to tell which is faster."""

import math

RANKING_SIGMA = 0.07
"""Spread of the log error between layouts of one model on one cluster and batch. Measured: 36 published step times of
dense models in 16 bits, 8 sweeps of layouts (BigScience chronicles 2022; Korthikanti et al. 2022, arXiv 2205.05198;
torchtitan 2024), scatter by 0.074 about the mean error of their sweep, the held-out ones by 0.066. Little less than the
error of a single prediction (0.077 on the same rows): what a sweep has in common cancels, but is the smaller part."""

TIE_RATIO = math.exp(math.sqrt(2.0) * RANKING_SIGMA)
"""Step times closer than this factor are a tie: one standard deviation of the difference of two layouts. At the edge of
the tie the order is wrong about one time in six."""


def ties(first_s: float, second_s: float) -> bool:
    """Whether the model cannot tell which of two step times is shorter."""
    return max(first_s, second_s) <= min(first_s, second_s) * TIE_RATIO
