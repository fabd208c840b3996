"""Why an ability looks abrupt: the same skill, counted all-or-nothing over several tokens."""

import math

import numpy as np
from numpy.typing import ArrayLike

from clustersim.learning.capability.law import Floats, logistic


def exact_match(token_accuracy: ArrayLike, tokens: float) -> Floats:
    """Probability that an answer of several tokens is right in all of them, ``p**k``.

    Parameters
    ----------
    token_accuracy : array_like
        Probability p that one token of the answer is right, given that those before are [fraction].
    tokens : float
        Tokens k of the answer.

    References
    ----------
    .. [1] Schaeffer, R., Miranda, B. and Koyejo, S. (2023), Are Emergent Abilities of Large Language Models a Mirage?
       arXiv 2304.15004, section 2.

    Examples
    --------
    >>> round(float(exact_match(0.9, 4)), 3)
    0.656
    """
    return np.asarray(np.asarray(token_accuracy, np.float64) ** tokens)


def token_accuracy(exact: ArrayLike, tokens: float) -> Floats:
    """Per-token accuracy that gives a share of exact answers: the inverse of :func:`exact_match`."""
    return np.asarray(np.asarray(exact, np.float64) ** (1.0 / tokens))


def exact_match_width(slope: float, tokens: float, low: float = 0.1, high: float = 0.9) -> float:
    """Decades of compute over which the exact match of a logistic skill rises.

    Parameters
    ----------
    slope : float
        Slope of the per-token accuracy, a logistic from 0 to 1, per decade of compute.
    tokens : float
        Tokens of the answer.
    low, high : float
        Between which exact matches [fraction].

    Returns
    -------
    float
        ``(logit(high**(1/k)) - logit(low**(1/k))) / slope``: narrower the longer the answer, as the logistic's upper
        part alone is seen.

    Examples
    --------
    >>> [round(exact_match_width(2.0, k), 2) for k in (1, 3, 10)]
    [2.2, 1.74, 1.6]
    """
    return (_logit(high ** (1.0 / tokens)) - _logit(low ** (1.0 / tokens))) / slope


def skill_width(slope: float, tokens: float) -> float:
    """Decades over which the per-token accuracy behind an exact match rises from a tenth to nine tenths.

    Parameters
    ----------
    slope : float
        Slope of the exact match, a logistic from 0 to 1, per decade of compute.
    tokens : float
        Tokens of the answer.

    Returns
    -------
    float
        ``(logit(0.9**k) - logit(0.1**k)) / slope``: what a metric without a threshold would show of the same scores.

    Examples
    --------
    >>> [round(skill_width(5.2, k), 2) for k in (1, 4)]
    [0.85, 1.9]
    """
    return (_logit(0.9**tokens) - _logit(0.1**tokens)) / slope


def visible_from(slope: float, tokens: float, low: float = 0.1) -> float:
    """Decades of compute between per-token accuracy and exact match reaching the same low share.

    Notes
    -----
    How long the skill grows unseen: the later in the run that an exact match leaves zero.

    Examples
    --------
    >>> [round(visible_from(2.0, k), 2) for k in (1, 3, 10)]
    [0.0, 1.03, 1.77]
    """
    return (_logit(low ** (1.0 / tokens)) - _logit(low)) / slope


def exact_match_curve(slope: float, decades: ArrayLike, tokens: float) -> Floats:
    """Exact match along compute, ``decades`` from where one token in two is right [fraction]."""
    return exact_match(logistic(slope * np.asarray(decades, np.float64)), tokens)


def _logit(share: float) -> float:
    return math.log(share / (1.0 - share))
