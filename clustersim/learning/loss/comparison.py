"""Two models on the same data: how far apart their losses are, and where they tie, with draws in common."""

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from clustersim.learning.loss.forecast import Interval
from clustersim.learning.loss.forms import Floats, joint_loss_nats
from clustersim.learning.loss.law import LossLaw
from clustersim.learning.loss.spread import spread_quantiles

_SCATTER = 4
"""Index of the quantiles of the scatter from run to run (see :mod:`clustersim.learning.loss.spread`)."""
_BISECTIONS = 80
_MOST_FACTOR = 1e6


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of two models.

    Parameters
    ----------
    name : str
        What to call it.
    parameters : float
        N as the law counts them.
    tokens : float
        Training tokens D.
    """

    name: str
    parameters: float
    tokens: float


class Comparison(TypedDict):
    """A difference of final losses and where it vanishes."""

    first: str
    second: str
    corpus: str
    difference: Interval
    first_is_better: float
    tie_tokens: Interval | None
    tie_flops: Interval | None
    never_ties: float
    without_common_draws: Interval


def loss_difference(law: LossLaw, first: Candidate, second: Candidate) -> Floats:
    """Draws of the final loss of the first less that of the second [nats/token].

    Notes
    -----
    Both are read off the same draw of form, parameters and residual, so that what moves both moves no difference. What
    the larger of their residuals exceeds the smaller by stays, and so does the scatter from run to run, once for each
    of the two: two runs of the same plan differ too. Where the two are the same plan, only that scatter is left.
    """
    common = spread_quantiles(len(law.draws))
    losses = [
        joint_loss_nats(law.draws, one.parameters, one.tokens)
        * np.exp(law.residual_sigma(one.parameters, one.tokens) * common)
        for one in (first, second)
    ]
    own = np.sqrt(2.0) * law.scatter * spread_quantiles(len(law.draws), _SCATTER)
    difference: Floats = losses[0] - losses[1] + 0.5 * (losses[0] + losses[1]) * own
    return difference


def tie_tokens(law: LossLaw, first: Candidate, second: Candidate) -> Floats:
    """Draws of the tokens after which the first reaches the final loss of the second; infinite where it never does."""
    target = joint_loss_nats(law.draws, second.parameters, second.tokens)
    low = np.full_like(target, -np.log(_MOST_FACTOR))
    high = -low
    reached = joint_loss_nats(law.draws, first.parameters, first.tokens * np.exp(high)) <= target
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        enough = joint_loss_nats(law.draws, first.parameters, first.tokens * np.exp(middle)) <= target
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(reached, first.tokens * np.exp(high), np.inf)


def compare(law: LossLaw, first: Candidate, second: Candidate) -> Comparison:
    """Compare two models on the same data.

    Returns
    -------
    Comparison
        ``difference`` below zero where the first is better, and the share of draws that say so; the tokens, and the
        compute 6 N D, at which the first ties with the second, with None where half of the draws see no tie;
        ``without_common_draws`` is what subtracting two intervals drawn apart would give.
    """
    difference = loss_difference(law, first, second)
    tokens = tie_tokens(law, first, second)
    tied = float(np.mean(np.isfinite(tokens)))
    apart = _apart(law, first, second)
    return {
        "first": first.name,
        "second": second.name,
        "corpus": law.corpus,
        "difference": _interval(difference),
        "first_is_better": float(np.mean(difference < 0.0)),
        "tie_tokens": _interval(tokens[np.isfinite(tokens)]) if tied > 0.5 else None,
        "tie_flops": _interval(6.0 * first.parameters * tokens[np.isfinite(tokens)]) if tied > 0.5 else None,
        "never_ties": 1.0 - tied,
        "without_common_draws": _interval(apart),
    }


def _apart(law: LossLaw, first: Candidate, second: Candidate) -> Floats:
    count = len(law.draws)
    drawn = [
        joint_loss_nats(law.draws, one.parameters, one.tokens)
        * np.exp(law.residual_sigma(one.parameters, one.tokens) * spread_quantiles(count, error))
        for one, error in ((first, 0), (second, 1))
    ]
    # Every draw of one against a draw of the other that has nothing to do with it.
    order = np.random.default_rng(0).permutation(count)
    return np.asarray(drawn[0] - drawn[1][order])


def _interval(draws: Floats) -> Interval:
    p5, p50, p95 = np.percentile(draws, (5.0, 50.0, 95.0)).tolist()
    return p5, p50, p95
