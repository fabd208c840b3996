"""The loss anywhere in a run, from the first step to the last: transient, middle and end in one curve of draws."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clustersim.learning.loss.curve import Annealing, Excess, annealing_excess, annealing_of
from clustersim.learning.loss.effective import EffectiveTokens
from clustersim.learning.loss.forms import joint_loss_nats
from clustersim.learning.loss.law import LossLaw
from clustersim.learning.loss.spread import DATA, spread_quantiles, spread_shares
from clustersim.learning.loss.transient import (
    UNTRAINED_EXCESS_NATS,
    Transient,
    remaining_share,
    transient_of,
    untrained_loss,
)

Floats = NDArray[np.float64]

_LAW, _ANNEALING, _START, _TRANSIENT, _GUESS = range(5)
"""Errors that have quantiles of their own (see :mod:`clustersim.learning.loss.spread`)."""


@dataclass(frozen=True, slots=True, eq=False)
class LearningRates:
    """Learning rates of a run, point by point.

    Parameters
    ----------
    tokens, steps : ndarray of shape (points,)
        Tokens trained and steps taken, rising from 0.
    rates : ndarray of shape (points,)
        Learning rate there, linear between.
    peak : float
        Peak learning rate.
    spent_spread : float
        Standard deviation of the logarithm of the learning rate spent, where the schedule is a guess; 0 where known.
    """

    tokens: Floats
    steps: Floats
    rates: Floats
    peak: float
    spent_spread: float = 0.0

    def spent(self, tokens: ArrayLike) -> Floats:
        """Learning rate summed over the steps of the first so many tokens."""
        added = 0.5 * (self.rates[1:] + self.rates[:-1]) * np.diff(self.steps)
        return np.asarray(
            np.interp(np.asarray(tokens, np.float64), self.tokens, np.concatenate([[0.0], np.cumsum(added)]))
        )


def cosine_rates(
    tokens: float,
    warm_up_tokens: float,
    peak: float,
    tokens_per_step: float,
    end_share: float = 0.1,
    points: int = 800,
) -> LearningRates:
    """Linear warm-up and a cosine down to a share of the peak at the last token.

    Examples
    --------
    >>> schedule = cosine_rates(1e11, 1e9, 3e-4, 1e6)
    >>> round(float(schedule.rates[-1] / schedule.peak), 3)
    0.1
    """
    warm_up = min(warm_up_tokens, tokens)
    rising = np.linspace(0.0, warm_up, max(points // 10, 2))
    # Close together at first, where a transient ends.
    way = np.linspace(0.0, 1.0, points) ** 2
    falling = warm_up + (tokens - warm_up) * way[1:]
    down = end_share + 0.5 * (1.0 - end_share) * (1.0 + np.cos(np.pi * way[1:]))
    rates = np.concatenate([rising / max(warm_up, 1e-12), down])
    at = np.concatenate([rising, falling])
    return LearningRates(at, at / tokens_per_step, peak * rates, peak)


def usual_peak(parameters: float) -> float:
    """Peak learning rate that is usual for a model of this size: that of the ladder's rule, ``0.56 N**(-1/3)``.

    Notes
    -----
    Gives 7.6e-5 for Llama 3 405B (8e-5), 1.4e-4 for Llama 2 70B (1.5e-4), 2.9e-4 for OLMo-2 7B (3e-4), 1.0e-4 for
    BLOOM-176B (6e-5); OLMo-2 13B took 9e-4 instead of 2.4e-4.

    References
    ----------
    .. [1] Bhagia, A. et al. (2024), OLMo ladder. arXiv 2412.04403, appendix A.

    Examples
    --------
    >>> f"{usual_peak(403e9):.2g}"
    '7.6e-05'
    """
    return float(0.5596 * parameters ** (-1.0 / 3.0))


def course(
    law: LossLaw,
    parameters: float,
    schedule: LearningRates,
    tokens: ArrayLike,
    vocabulary: int,
    *,
    annealing: Annealing | None = None,
    transient: Transient | None = None,
    effective: EffectiveTokens | None = None,
) -> Floats:
    """Draws of the held-out loss in the course of a run.

    Parameters
    ----------
    law : LossLaw
        The law of final losses.
    parameters : float
        Parameters of the model, counted as the law counts them.
    schedule : LearningRates
        Learning rates of the run, at least as far as the last of ``tokens``.
    tokens : array_like of shape (n,)
        Where.
    vocabulary : int
        Tokens of the vocabulary.
    annealing, transient : optional
        Their constants; those of the law's corpus when omitted.
    effective : EffectiveTokens, optional
        What the tokens are worth to the law; each a fresh one when omitted.

    Returns
    -------
    ndarray of shape (draws, n)
        Loss [nats/token]. Row by row the same draw of the law, of the annealing, of the first loss and of the
        transient, so that a row is a possible curve.

    Notes
    -----
    ``L = L_mid + (L_0 - L_mid) w``: the law under the learning rates so far (:mod:`clustersim.learning.loss.curve`),
    and the share ``w`` of the way from the first loss that the learning rate spent has left. On the ladder ``w`` of
    190M to 3B parameters agrees as a function of what is spent, not of steps or tokens. It joins the law without a
    jump, since ``w`` falls to 0.
    """
    at = np.asarray(tokens, dtype=np.float64)
    known = annealing or annealing_of(law.name)
    excess = annealing_excess(np.maximum(schedule.tokens, 1.0), schedule.rates, known, peak=schedule.peak)
    count = len(law.draws)
    worth = None if effective is None else effective.factor(at, spread_quantiles(count, DATA))
    middle = middle_loss(law, parameters, at, _at(excess, schedule.tokens, at), worth)
    first = untrained_loss(vocabulary) + UNTRAINED_EXCESS_NATS * spread_shares(count, _START)[:, None]
    guessed = np.exp(schedule.spent_spread * spread_quantiles(count, _GUESS)[:, None])
    spent = schedule.spent(at) * guessed
    left = remaining_share(transient or transient_of(law.name), spent, spread_quantiles(count, _TRANSIENT)[:, None])
    middle = np.minimum(middle, first)
    return np.asarray(middle + (first - middle) * left)


def settled_from_tokens(schedule: LearningRates, transient: Transient, share: float = 0.01) -> float:
    """Tokens from which no more than a share of the way from the first loss is left; those of the end if never."""
    left = remaining_share(transient, schedule.spent(schedule.tokens))
    return float(schedule.tokens[int(np.argmax(left <= share))] if (left <= share).any() else schedule.tokens[-1])


def middle_loss(law: LossLaw, parameters: float, tokens: Floats, excess: Excess, worth: Floats | None = None) -> Floats:
    """Draws of the loss past the transient, of shape (draws, n).

    Parameters
    ----------
    law : LossLaw
        The law.
    parameters : float
        N as the law counts them.
    tokens : ndarray of shape (n,)
        Tokens trained, which say how far the law is extrapolated.
    excess : Excess
        Where to read the law, and what to add, of shape (n,).
    worth : ndarray of shape (draws, n), optional
        Effective over trained tokens; 1 when omitted.
    """
    count = len(law.draws)
    sigma = np.array([law.residual_sigma(parameters, max(float(one), 1.0)) for one in tokens])
    read_at = np.maximum(excess.effective_tokens if worth is None else excess.effective_tokens * worth, 1.0)
    logs = (
        np.log(joint_loss_nats(law.draws[:, None, :], parameters, read_at))
        + sigma * spread_quantiles(count, _LAW)[:, None]
        + np.log1p(excess.relative)
        + excess.spread * spread_quantiles(count, _ANNEALING)[:, None]
    )
    return np.asarray(np.exp(logs))


def _at(excess: Excess, known: Floats, tokens: Floats) -> Excess:
    return Excess(*(np.interp(tokens, known, column) for column in excess))
