"""What a little loss is worth at a moment of the run: in tokens, time and money, and in parameters."""

from collections.abc import Callable, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from clustersim.learning.loss.effective import EffectiveTokens, fresh_tokens
from clustersim.learning.loss.forms import Floats, joint_loss_nats
from clustersim.learning.loss.law import LossLaw
from clustersim.learning.quantiles import Reached, reached

Bools = NDArray[np.bool_]

_DAY_S = 86400.0
_BISECTIONS = 80
_MOST_FACTOR = 1e12
"""Factor of tokens or parameters beyond which a loss counts as out of reach."""


class Worth(TypedDict):
    """What a fall of the loss costs after some tokens."""

    tokens: float
    loss: Reached
    more_tokens: Reached
    days: Reached
    usd: Reached
    parameter_factor: Reached
    out_of_reach_by_tokens: float
    out_of_reach_by_parameters: float


def loss_slope(law: LossLaw, parameters: float, tokens: float) -> Floats:
    """Draws of the fall of the final loss with more tokens, ``-D dL/dD`` at fixed N [nats per e-fold of tokens].

    Notes
    -----
    With ``s = (A/N**alpha)**(1/gamma)`` and ``d = (B/D**beta)**(1/gamma)`` it is ``beta d (s + d)**(gamma - 1)``.
    """
    floor, _, data_scale, _, beta, gamma = law.draws.T
    above = joint_loss_nats(law.draws, parameters, tokens) - floor
    data = (data_scale * tokens**-beta) ** (1.0 / gamma) / above ** (1.0 / gamma)
    slope: Floats = beta * data * above
    return slope


def tokens_for_fall(
    law: LossLaw, parameters: float, tokens: float, nats: float, effective: EffectiveTokens | None = None
) -> Floats:
    """Draws of the tokens beyond ``tokens`` after which the final loss is lower by ``nats``; infinite where never.

    Where tokens are worth more or less than fresh ones, ``effective`` says so, and later ones are repeats of the same.
    """
    start = fresh_tokens(tokens, effective)
    target = joint_loss_nats(law.draws, parameters, start) - nats
    factor = _factor(lambda factors: joint_loss_nats(law.draws, parameters, start * factors), target)
    return start * (factor - 1.0) if effective is None else effective.trained(start * factor) - tokens


def tokens_worth(
    law: LossLaw, parameters: float, tokens: float, nats: float, effective: EffectiveTokens | None = None
) -> float:
    """Tokens that make up for a final loss ``nats`` higher, or that a lower one spares; infinite if none do.

    Parameters
    ----------
    law : LossLaw
        The law.
    parameters, tokens : float
        N as the law counts them, and D.
    nats : float
        Difference of the final loss [nats/token]; below zero for a lower one.
    effective : EffectiveTokens, optional
        What the tokens are worth to the law; each a fresh one when omitted.

    Returns
    -------
    float
        Median over the draws; below zero for what is spared, at the slope that the loss has at the end.
    """
    if nats == 0.0:
        return 0.0
    if nats > 0.0:
        more = tokens_for_fall(law, parameters, tokens, nats, effective)
        return float(np.quantile(more, 0.5, method="nearest"))
    start = fresh_tokens(tokens, effective)
    spared = start * np.expm1(nats / loss_slope(law, parameters, start))
    return float(np.median(spared if effective is None else effective.trained(start + spared) - tokens))


def parameters_for_fall(law: LossLaw, parameters: float, tokens: float, nats: float) -> Floats:
    """Draws of the factor on N at which the final loss after the same tokens is lower by ``nats``; infinite if none."""
    target = joint_loss_nats(law.draws, parameters, tokens) - nats
    return _factor(lambda factors: joint_loss_nats(law.draws, parameters * factors, tokens), target)


def worth_table(
    law: LossLaw,
    parameters: float,
    tokens: Sequence[float],
    *,
    tokens_per_s: float,
    usd_per_s: float,
    nats: float = 0.1,
    effective: EffectiveTokens | None = None,
) -> list[Worth]:
    """What a fall of the loss by ``nats`` is worth along the run.

    Parameters
    ----------
    law : LossLaw
        The law.
    parameters : float
        N as the law counts them.
    tokens : sequence of float
        Moments of the run.
    tokens_per_s : float
        Pace of the plan, its interruptions included [tokens/s].
    usd_per_s : float
        What the plan costs while it runs [USD/s].
    nats : float
        The fall [nats/token].
    effective : EffectiveTokens, optional
        What the tokens are worth to the law; each a fresh one when omitted.

    Returns
    -------
    list of Worth
        One for each moment.
    """
    return [_worth(law, parameters, at, tokens_per_s, usd_per_s, nats, effective) for at in tokens]


def _worth(
    law: LossLaw,
    parameters: float,
    tokens: float,
    tokens_per_s: float,
    usd_per_s: float,
    nats: float,
    effective: EffectiveTokens | None,
) -> Worth:
    fresh = fresh_tokens(tokens, effective)
    more = tokens_for_fall(law, parameters, tokens, nats, effective)
    larger = parameters_for_fall(law, parameters, fresh, nats)
    seconds = more / tokens_per_s
    return {
        "tokens": tokens,
        "loss": reached(joint_loss_nats(law.draws, parameters, fresh)),
        "more_tokens": reached(more),
        "days": reached(seconds / _DAY_S),
        "usd": reached(seconds * usd_per_s),
        "parameter_factor": reached(larger),
        "out_of_reach_by_tokens": float(np.mean(np.isinf(more))),
        "out_of_reach_by_parameters": float(np.mean(np.isinf(larger))),
    }


def _factor(loss_at: Callable[[Floats], Floats], target: Floats) -> Floats:
    """Factor from 1 up at which each draw's falling loss meets its target."""
    low, high = np.zeros_like(target), np.full_like(target, np.log(_MOST_FACTOR))
    reached: Bools = loss_at(np.exp(high)) <= target
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        enough = loss_at(np.exp(middle)) <= target
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(reached, np.exp(high), np.inf)
