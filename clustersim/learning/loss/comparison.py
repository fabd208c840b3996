"""Two models on the same data: how far apart their losses are, and where they tie, with draws in common."""

from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np

from clustersim._numerals import short
from clustersim.learning.loss.effective import EffectiveTokens, fresh_tokens
from clustersim.learning.loss.forecast import extrapolations
from clustersim.learning.loss.forms import FORMS, Floats, joint_loss_nats
from clustersim.learning.loss.law import LossLaw
from clustersim.learning.loss.spread import spread_quantiles
from clustersim.learning.quantiles import Quantiles, Reached, quantiles, reached

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
    mixture : bool
        Whether it is a mixture of experts, which counts with its active parameters.
    worth : EffectiveTokens, optional
        What its tokens are worth to the law; each a fresh one when omitted.
    """

    name: str
    parameters: float
    tokens: float
    mixture: bool = False
    worth: EffectiveTokens | None = None

    @property
    def fresh_tokens(self) -> float:
        """Fresh tokens that its own are worth, by the median."""
        return fresh_tokens(self.tokens, self.worth)


class FormDifference(TypedDict):
    """Difference that one form of the law sees [nats/token]."""

    form: str
    title: str
    weight: float
    difference_p50: float


class Comparison(TypedDict):
    """A difference of final losses and where it vanishes."""

    name: str
    parameters: float
    tokens: float
    difference: Quantiles
    this_is_better_fraction: float
    tie_tokens: Reached
    tie_flops: Reached
    never_ties_fraction: float
    by_form: list[FormDifference]
    caveats: list[str]


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
        _of_law(law, one) * np.exp(law.residual_sigma(one.parameters, one.tokens) * common) for one in (first, second)
    ]
    own = np.sqrt(2.0) * law.scatter * spread_quantiles(len(law.draws), _SCATTER)
    difference: Floats = losses[0] - losses[1] + 0.5 * (losses[0] + losses[1]) * own
    return difference


def tie_tokens(law: LossLaw, first: Candidate, second: Candidate) -> Floats:
    """Draws of the tokens after which the first reaches the final loss of the second; infinite where it never does."""
    target, start = _of_law(law, second), first.fresh_tokens
    low = np.full_like(target, -np.log(_MOST_FACTOR))
    high = -low
    reached = joint_loss_nats(law.draws, first.parameters, start * np.exp(high)) <= target
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        enough = joint_loss_nats(law.draws, first.parameters, start * np.exp(middle)) <= target
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    found = np.where(reached, start * np.exp(high), np.inf)
    return found if first.worth is None else first.worth.trained(found)


def compare(law: LossLaw, this: Candidate, other: Candidate) -> Comparison:
    """Compare a model with another one on the same data.

    Returns
    -------
    Comparison
        Of the other: its name, parameters and tokens. ``difference`` is this one less the other, below zero where this
        one is better, and ``this_is_better_fraction`` the share of draws that say so. ``tie_tokens`` and the compute
        6 N D there, ``tie_flops``, are where this one has the final loss of the other; None where it never does.
        ``by_form`` has the median of each form of the law: at a fixed number of tokens they differ on what parameters
        are worth.
    """
    difference, ties = loss_difference(law, this, other), tie_tokens(law, this, other)
    return {
        "name": other.name,
        "parameters": other.parameters,
        "tokens": other.tokens,
        "difference": quantiles(difference),
        "this_is_better_fraction": float(np.mean(difference < 0.0)),
        "tie_tokens": reached(ties),
        "tie_flops": reached(6.0 * this.parameters * ties),
        "never_ties_fraction": float(np.mean(np.isinf(ties))),
        "by_form": _by_form(law, this, other),
        "caveats": _caveats(law, this, other),
    }


def _by_form(law: LossLaw, this: Candidate, other: Candidate) -> list[FormDifference]:
    # Without the errors outside the draws, which have their middle at none and nothing to do with a form.
    difference = _of_law(law, this) - _of_law(law, other)
    names = np.array(law.forms)
    return [
        {
            "form": form,
            "title": FORMS[form].title,
            "weight": weight,
            "difference_p50": float(np.median(difference[names == form])),
        }
        for form, weight in law.weights.items()
    ]


def _of_law(law: LossLaw, one: Candidate) -> Floats:
    return joint_loss_nats(law.draws, one.parameters, one.fresh_tokens)


def _caveats(law: LossLaw, this: Candidate, other: Candidate) -> list[str]:
    apart = quantiles(_apart(law, this, other))
    mixtures = [
        f"{one.name} is a mixture of experts: its {short(one.parameters)} active parameters stand in for those of a "
        "dense model, which the law is fitted to."
        for one in (this, other)
        if one.mixture
    ]
    return [
        "What both forecasts get wrong alike is no difference between them; drawn apart, they would leave "
        f"{apart['p5']:+.3f} to {apart['p95']:+.3f} nats.",
        *mixtures,
        *extrapolations(replace(law, mixture=False), other.parameters, other.tokens),
    ]


def _apart(law: LossLaw, first: Candidate, second: Candidate) -> Floats:
    count = len(law.draws)
    drawn = [
        _of_law(law, one) * np.exp(law.residual_sigma(one.parameters, one.tokens) * spread_quantiles(count, error))
        for one, error in ((first, 0), (second, 1))
    ]
    # Every draw of one against a draw of the other that has nothing to do with it.
    order = np.random.default_rng(0).permutation(count)
    return np.asarray(drawn[0] - drawn[1][order])
