"""How far a model family lies from a law: unknown for a new family, estimated from its other models for a known one."""

from collections.abc import Sequence

import numpy as np

from clustersim.learning.capability.law import CEILING, CapabilityLaw, Floats, Member, score
from clustersim.learning.capability.sampling import student4_quantile

DEGREES_OF_FREEDOM = 4.0
GRID = np.linspace(-7.0, 7.0, 71)
"""Offsets that are weighed, in units of the spread between families."""


def family_offsets(
    law: CapabilityLaw, coefficients: Floats, which: np.ndarray, probability: Floats, members: Sequence[Member]
) -> Floats:
    """Draws of a family's offset from a law.

    Parameters
    ----------
    law : CapabilityLaw
        The law.
    coefficients : ndarray of shape (draws, 4)
        Draws of its coefficients.
    which : ndarray of int, shape (samples,)
        The draw that each sample goes with.
    probability : ndarray of shape (samples,)
        Where in the distribution each sample lies.
    members : sequence of Member
        Models of the family whose scores are known; empty for a new family.

    Returns
    -------
    ndarray of shape (samples,)
        Offsets, in units of the logistic's argument: of the distribution between families, given the known scores.
    """
    if not members:
        return law.spread.family * student4_quantile(probability)
    weights = _posterior(law, coefficients, members)
    cumulative = np.cumsum(weights, axis=1)
    cumulative /= cumulative[:, -1:]
    offsets = np.empty(len(which))
    for draw in range(len(coefficients)):
        at = which == draw
        offsets[at] = np.interp(probability[at], cumulative[draw], GRID + 0.5 * (GRID[1] - GRID[0]))
    return law.spread.family * offsets


def _posterior(law: CapabilityLaw, coefficients: Floats, members: Sequence[Member]) -> Floats:
    """Weights of the offsets of :data:`GRID`, of shape (draws, offsets), not normalised."""
    compute, ratio, measured = np.array([member[1:] for member in members]).T
    offset = law.spread.family * GRID[None, :, None]
    expected = score(coefficients[:, None, None, :], law.floor, compute, ratio, offset)
    rise = (coefficients[:, CEILING] - law.floor)[:, None, None]
    part = (expected - law.floor) / rise
    scale = np.hypot(law.spread.score, law.spread.model * rise * part * (1.0 - part))
    log_weight = student4_log_density((measured - expected) / scale) - np.log(scale)
    log_posterior = log_weight.sum(axis=-1) + student4_log_density(GRID)
    return np.asarray(np.exp(log_posterior - log_posterior.max(axis=1, keepdims=True)))


def student4_log_density(deviate: Floats) -> Floats:
    """Log density of Student's t with four degrees of freedom, without its constant."""
    half = 0.5 * (DEGREES_OF_FREEDOM + 1.0)
    return np.asarray(-half * np.log1p(np.square(deviate) / DEGREES_OF_FREEDOM))
