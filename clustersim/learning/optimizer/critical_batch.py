"""What a large batch costs in tokens, and what a ramp to it saves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np

CHINCHILLA_TOKENS = 20.0
"""Tokens a parameter at which the law of the critical batch was measured (Zhang et al. 2024, arXiv 2410.21676)."""
CRITICAL_OVERHEAD = 0.2
"""Share of steps beyond proportion that defines the critical batch there."""
FITTED_TOKENS = (1.7e9, 24e9)
"""Tokens of the shortest and the longest run it was fitted to: 85M to 1.2B parameters."""
DEEPSEEK_FLOPS = (1e17, 2e19)
"""Budgets of the runs that DeepSeek's law of the batch was fitted to [FLOP]."""
COEFFICIENT_SIGMA, EXPONENT_SIGMA = 0.25, 0.05
"""Standard errors of the logarithm of the coefficient and of the exponent. Assumed: the paper prints none."""

_PARTS = 400
"""Parts of a stretch over which the critical batch is taken as constant."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Tokens trained with one batch."""

    tokens: float
    batch_tokens: float


def critical_batch_of_size(parameters: float) -> float:
    """Critical batch of a model that is trained on 20 tokens a parameter [tokens].

    ``93.20 N**0.47`` sequences of 512 tokens, N in millions of parameters.

    References
    ----------
    .. [1] Zhang, H. et al. (2024), How Does Critical Batch Size Scale in Pre-training? arXiv 2410.21676.

    Examples
    --------
    >>> round(critical_batch_of_size(1.2e9) / 1e6, 2)
    1.34
    """
    return float(93.20 * (parameters / 1e6) ** 0.47 * 512.0)


def critical_batch(tokens: float, score: float = 0.0) -> float:
    """Critical batch after so many tokens [tokens]: it follows the data, and hardly the size of the model.

    Parameters
    ----------
    tokens : float
        Tokens trained so far.
    score : float
        Standard normal score of the law's error, for an interval; 0 for the best estimate.

    Notes
    -----
    The law above with the size that 20 tokens a parameter make of the tokens. At fixed data it grows as ``N**0.087``
    (same paper), which is left out. Frontier runs are some 600 times as long as the longest of the fit: the error
    grows with the logarithm of that distance.
    """
    sigma = math.hypot(COEFFICIENT_SIGMA, EXPONENT_SIGMA * max(0.0, math.log(tokens / FITTED_TOKENS[1])))
    return critical_batch_of_size(tokens / CHINCHILLA_TOKENS) * math.exp(sigma * score)


def deepseek_batch(flops: float) -> float:
    """Batch that DeepSeek found best at a budget ``C``, ``0.2920 C**0.3271`` [tokens].

    Fitted at :data:`DEEPSEEK_FLOPS`: at a frontier budget it is off by six orders of magnitude, not to be trusted.

    References
    ----------
    .. [1] DeepSeek-AI (2024), DeepSeek LLM. arXiv 2401.02954, section 3.1.
    """
    return float(0.2920 * flops**0.3271)


def steps_over_least(batch_tokens: float, noise_tokens: float) -> float:
    """Steps over the fewest that any batch could do with, ``1 + B_noise / B``.

    References
    ----------
    .. [1] McCandlish, S. et al. (2018), An Empirical Model of Large-Batch Training. arXiv 1812.06162, equation 2.11.

    Examples
    --------
    >>> steps_over_least(4e6, 8e6)
    3.0
    """
    return 1.0 + noise_tokens / batch_tokens


def tokens_over_least(batch_tokens: float, noise_tokens: float) -> float:
    """Tokens over the fewest that any batch could do with, ``1 + B / B_noise``; see :func:`steps_over_least`."""
    return 1.0 + batch_tokens / noise_tokens


def noise_scale(tokens: float, score: float = 0.0) -> float:
    """Batch at which tokens are twice the fewest, after so many tokens [tokens].

    Five times the critical batch, which is where they are 1.2 times the fewest.
    """
    return critical_batch(tokens, score) / CRITICAL_OVERHEAD


def effective_tokens(stretches: Sequence[Stretch], score: float = 0.0) -> float:
    """Tokens that a small batch would have needed for the same progress.

    Parameters
    ----------
    stretches : sequence of Stretch
        Stretches of the run in order.
    score : float
        Standard normal score of the error of the critical batch.

    Returns
    -------
    float
        Tokens, fewer than those trained.

    Notes
    -----
    Each token counts ``1 / (1 + B / B_noise)`` with the noise scale of the tokens trained by then. The law is measured
    at the ends of runs; that it holds along one is an assumption, the one on which batches are ramped up.
    """
    trained, effective = 0.0, 0.0
    for stretch in stretches:
        # Equal parts of the square root: the noise scale changes fastest at the start.
        roots = np.linspace(math.sqrt(trained), math.sqrt(trained + stretch.tokens), _PARTS + 1)
        ends = (roots**2).tolist()
        for first, last in pairwise(ends):
            noise = noise_scale(0.5 * (first + last), score)
            effective += (last - first) / tokens_over_least(stretch.batch_tokens, noise)
        trained += stretch.tokens
    return effective


def batch_overhead(stretches: Sequence[Stretch], score: float = 0.0) -> float:
    """Share of the tokens that a small batch would have saved."""
    return 1.0 - effective_tokens(stretches, score) / sum(stretch.tokens for stretch in stretches)


def ramp_saving(stretches: Sequence[Stretch], score: float = 0.0) -> float:
    """Tokens that the ramp saves against the largest batch from the first step on, for the same progress [tokens]."""
    tokens = sum(stretch.tokens for stretch in stretches)
    largest = max(stretch.batch_tokens for stretch in stretches)
    at_once = effective_tokens([Stretch(tokens, largest)], score)
    # At the end of the run a token counts as much as the largest batch lets it.
    return (effective_tokens(stretches, score) - at_once) * tokens_over_least(largest, noise_scale(tokens, score))


P5_SCORE = NormalDist().inv_cdf(0.05)
"""Standard normal score of the 5 % quantile."""
