"""What a model will have learned: its loss at the end of a run and on the way, with an honest interval."""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import TypedDict

import numpy as np

from clustersim._numerals import short, times
from clustersim.learning.loss_law import Floats, LossLaw, loss_nats

Interval = tuple[float, float, float]
"""The 5 %, 50 % and 95 % quantiles."""

UNTRAINED_EXCESS_NATS = 1.1
"""How far above ln(V) step 0 was seen: OLMo-2 7B 12.30 against 11.52 (+0.78), 13B +1.1, llm.c GPT-2 +0.19 (2024)."""

_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


class CurvePoint(TypedDict):
    """One point of a loss curve [nats/token]."""

    tokens: float
    p5: float
    p50: float
    p95: float


def final_loss(law: LossLaw, parameters: float, tokens: float) -> Floats:
    """Draws of the held-out loss of a run that ends after ``tokens``.

    Parameters
    ----------
    law : LossLaw
        The law, which fixes corpus and tokenizer.
    parameters : float
        Parameters of the model.
    tokens : float
        Training tokens.

    Returns
    -------
    ndarray of shape (draws,)
        Loss [nats/token], one for each draw of the law's parameters, times a lognormal error of the law's form. Nothing
        is random here: the same draws meet the same quantiles of that error at every call and every number of tokens.
    """
    sigma = law.form_sigma(parameters, tokens)
    return loss_nats(law.draws, parameters, tokens) * np.exp(sigma * _normal_quantiles(len(law.draws)))


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


def untrained_loss(vocabulary: int) -> float:
    """Loss of a model that knows nothing, ``ln(V)`` [nats/token]: every token of the vocabulary equally likely.

    Examples
    --------
    >>> round(untrained_loss(128256), 2)
    11.76
    """
    return math.log(vocabulary)


def untrained_interval(vocabulary: int) -> Interval:
    """Where a real run's loss starts [nats/token]: from ``ln(V)`` up, as random weights are confidently wrong."""
    start = untrained_loss(vocabulary)
    return start, start + 0.5 * UNTRAINED_EXCESS_NATS, start + UNTRAINED_EXCESS_NATS


def notes(law: LossLaw, parameters: float, tokens: float, vocabulary: int) -> list[str]:
    """What the forecast rests on and what it leaves out, in sentences for the report."""
    sigma = law.form_sigma(parameters, tokens)
    return [
        f"The loss is measured on {law.corpus} with the {law.tokenizer} tokenizer. On other text or with another "
        "tokenizer the same model shows another number; do not compare across them.",
        f"The 90 % interval joins {len(law.draws)} bootstrap draws of the law with the error of its form: "
        f"{100.0 * law.form_error:.2f} % on runs held out of the fit, {law.form_error_decades:.1f} decades of compute "
        f"beyond it, taken as {100.0 * sigma:.1f} % here.",
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
    return [f"loss law '{law.name}' is used beyond the runs it was fitted to: {', '.join(beyond)}"] if beyond else []


@lru_cache(maxsize=8)
def _normal_quantiles(count: int) -> Floats:
    """Evenly filled standard normal quantiles in golden-ratio order, so that they are unrelated to the draws' order."""
    normal = NormalDist()
    ranks = np.argsort(np.argsort((np.arange(count) + 0.5) * _GOLDEN % 1.0))
    quantiles = np.array([normal.inv_cdf((rank + 0.5) / count) for rank in ranks.tolist()])
    quantiles.flags.writeable = False
    return quantiles
