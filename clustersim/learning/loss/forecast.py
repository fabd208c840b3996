"""What a model will have learned: its loss at the end of a run and on the way, with an honest interval."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from clustersim._numerals import short, times
from clustersim.learning.loss.decomposition import explained
from clustersim.learning.loss.effective import EffectiveTokens
from clustersim.learning.loss.forms import joint_loss_nats
from clustersim.learning.loss.law import Floats, LossLaw
from clustersim.learning.loss.spread import DATA, spread_quantiles
from clustersim.learning.loss.transient import untrained_loss

Interval = tuple[float, float, float]
"""The 5 %, 50 % and 95 % quantiles."""


class CurvePoint(TypedDict):
    """One point of a loss curve [nats/token]."""

    tokens: float
    p5: float
    p50: float
    p95: float


def final_loss(law: LossLaw, parameters: float, tokens: float, effective: EffectiveTokens | None = None) -> Floats:
    """Draws of the held-out loss of a run that ends after ``tokens``.

    Parameters
    ----------
    law : LossLaw
        The law, which fixes corpus and tokenizer.
    parameters : float
        Parameters of the model.
    tokens : float
        Training tokens.
    effective : EffectiveTokens, optional
        What they are worth to the law; each a fresh one when omitted.

    Returns
    -------
    ndarray of shape (draws,)
        Loss [nats/token], one for each draw of the law's form and parameters, times a lognormal error of what they do
        not explain. Nothing is random here: the same draws meet the same quantiles of that error at every call and
        every number of tokens.
    """
    count, sigma = len(law.draws), law.residual_sigma(parameters, tokens)
    worth = 1.0 if effective is None else effective.factor([tokens], spread_quantiles(count, DATA))[:, 0]
    return joint_loss_nats(law.draws, parameters, tokens * worth) * np.exp(sigma * spread_quantiles(count))


def loss_interval(law: LossLaw, parameters: float, tokens: float) -> Interval:
    """Return the 5 %, 50 % and 95 % quantiles of :func:`final_loss` [nats/token]."""
    p5, p50, p95 = np.percentile(final_loss(law, parameters, tokens), (5.0, 50.0, 95.0))
    return float(p5), float(p50), float(p95)


def loss_curve(law: LossLaw, parameters: float, tokens: Sequence[float]) -> list[CurvePoint]:
    """Forecast the loss after each number of tokens, from where the law starts to speak.

    Parameters
    ----------
    tokens : sequence of float
        Tokens at which to forecast; those inside the warm-up transient (below ``law.min_tokens``) are left out.

    Returns
    -------
    list of CurvePoint
        Each is the loss of a run that *ends* there (see :func:`notes`).
    """
    points: list[CurvePoint] = []
    for at in tokens:
        if at >= law.min_tokens:
            p5, p50, p95 = loss_interval(law, parameters, at)
            points.append({"tokens": at, "p5": p5, "p50": p50, "p95": p95})
    return points


def token_grid(law: LossLaw, tokens: float, points: int = 40) -> list[float]:
    """Tokens from where the law starts to speak to the end of the run, evenly spaced in the logarithm."""
    if tokens <= law.min_tokens:
        return []
    return [*np.geomspace(law.min_tokens, tokens, points)[:-1].tolist(), tokens]


def notes(law: LossLaw, parameters: float, tokens: float, vocabulary: int) -> list[str]:
    """What the forecast rests on and what it leaves out, in sentences for the report."""
    return [
        f"The loss is measured on {law.corpus} with the {law.tokenizer} tokenizer. On other text or with another "
        "tokenizer the same model shows another number; do not compare across them.",
        explained(law, parameters, tokens),
        f"An untrained model starts near ln({vocabulary:,}) = {untrained_loss(vocabulary):.1f} nats per token; the law "
        f"speaks from {short(law.min_tokens)} tokens on.",
        "Each point of the curve is the loss of a run whose learning rate ends there; a checkpoint in the middle of a "
        "longer run reads 1 to 4 % higher (OLMo-2 7B, 2024).",
        *extrapolations(law, parameters, tokens),
    ]


def extrapolations(law: LossLaw, parameters: float, tokens: float) -> list[str]:
    """Say in what the forecast lies beyond the runs the law was fitted to; empty when it lies inside."""
    mixture = [
        f"loss law '{law.name}' was fitted to dense models: the mixture's active parameters stand in for those of a "
        "dense model"
    ]
    return _beyond(law, parameters, tokens) + (mixture if law.mixture else [])


def _beyond(law: LossLaw, parameters: float, tokens: float) -> list[str]:
    beyond = [
        f"{what} {short(value)} ({times(value / limit)} the largest fitted, {short(limit)})"
        for what, value, limit in (
            ("parameters", parameters, law.max_parameters),
            ("tokens", tokens, law.max_tokens),
            ("compute 6ND", 6.0 * parameters * tokens, law.max_flops),
        )
        if value > limit
    ]
    if tokens < law.min_tokens:
        beyond.append(f"tokens {short(tokens)} (the fewest fitted are {short(law.min_tokens)})")
    return [f"loss law '{law.name}' is used beyond the runs it was fitted to: {', '.join(beyond)}"] if beyond else []
