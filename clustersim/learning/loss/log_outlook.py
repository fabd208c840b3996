"""What a run's own log and a law say of its rest, as a section of a report."""

import math
from typing import TypedDict

import numpy as np

from clustersim.learning.loss.course import LearningRates
from clustersim.learning.loss.effective import EffectiveTokens
from clustersim.learning.loss.forecast import CurvePoint
from clustersim.learning.loss.law import LossLaw
from clustersim.learning.loss.log_table import LogTable
from clustersim.learning.loss.own_log import (
    DRIFT,
    OFFSET_SPREAD,
    OWN_CORPUS_SPREAD,
    LogForecast,
    RunLog,
    forecast_rest,
)
from clustersim.learning.quantiles import Reached

POINTS = 60
"""Points of the forecast, evenly spaced in the logarithm of the tokens."""
BINS = 120
"""Means of the log that a picture shows at most."""
FEW_DRAWS = 4.0
"""Draws of the law below which a log has left too few of them for an interval."""


class SeenPoint(TypedDict):
    """A mean of the log [nats/token]."""

    tokens: float
    loss: float


class OwnLog(TypedDict):
    """What :func:`own_log_outlook` gives: plain values; None and empty where the log says nothing of the end yet."""

    tokens_so_far: float
    own_corpus: bool
    used: int
    offset_fraction: float | None
    effective_draws: float | None
    draws: int
    last_loss: float
    seen: list[SeenPoint]
    curve: list[CurvePoint]
    final: Reached | None
    caveats: list[str]


def own_log_outlook(
    law: LossLaw,
    parameters: float,
    rates: LearningRates,
    vocabulary: int,
    table: LogTable,
    *,
    own_corpus: bool,
    effective: EffectiveTokens | None = None,
) -> OwnLog:
    """Forecast the rest of a run from the log of its losses.

    Parameters
    ----------
    law : LossLaw
        The law.
    parameters : float
        Parameters of the model, counted as the law counts them.
    rates : LearningRates
        Learning rates of the whole run as planned.
    vocabulary : int
        Tokens of the vocabulary.
    table : LogTable
        The log, without problems.
    own_corpus : bool
        Whether it is of the law's corpus and tokenizer.
    effective : EffectiveTokens, optional
        What the tokens are worth to the law; each a fresh one when omitted.

    Returns
    -------
    OwnLog
        Everything that goes into JSON as it is.
    """
    log, end = table.log, float(rates.tokens[-1])
    so_far = float(log.tokens[-1])
    seen = seen_means(log)
    known: OwnLog = {
        "tokens_so_far": so_far,
        "own_corpus": own_corpus,
        "used": 0,
        "offset_fraction": None,
        "effective_draws": None,
        "draws": len(law.draws),
        "last_loss": seen[-1]["loss"],
        "seen": seen,
        "curve": [],
        "final": None,
        "caveats": list(table.notes),
    }
    over = so_far >= end
    grid = [end] if over else [*np.geomspace(max(so_far, 1.0), end, POINTS)[:-1].tolist(), end]
    try:
        found = forecast_rest(law, parameters, rates, log, grid, vocabulary, own_corpus=own_corpus, effective=effective)
    except ValueError as error:
        return known | {"caveats": [f"{_sentence(str(error))}.", *table.notes]}
    last = found.points[-1]
    return known | {
        "used": found.used,
        "offset_fraction": found.offset,
        "effective_draws": found.effective_draws,
        "curve": found.points,
        "final": {"p5": last["p5"], "p50": last["p50"], "p95": last["p95"]},
        "caveats": [*_caveats(law, found, own_corpus=own_corpus, over=over), *table.notes],
    }


def seen_means(log: RunLog, bins: int = BINS) -> list[SeenPoint]:
    """Means of a log over stretches, closer together at first, where the loss falls; the log itself if it is short."""
    if len(log.tokens) <= bins:
        return [
            {"tokens": tokens, "loss": loss}
            for tokens, loss in zip(log.tokens.tolist(), log.loss_nats.tolist(), strict=True)
        ]
    way = np.sqrt(log.tokens / log.tokens[-1])
    number = np.minimum((way * bins).astype(int), bins - 1)
    return [
        {"tokens": float(log.tokens[number == one].mean()), "loss": float(log.loss_nats[number == one].mean())}
        for one in np.unique(number)
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _caveats(law: LossLaw, found: LogForecast, *, own_corpus: bool, over: bool) -> list[str]:
    level = (
        f"The losses are taken to be measured on {law.corpus} with the {law.tokenizer} tokenizer, as the plan says."
        if own_corpus
        else "How high the losses lie is read off the log alone, since corpus and tokenizer may be others than the "
        "law's; how they fall, off both."
    )
    said = [
        "Each draw of the law is weighed by how well it goes with the log, and moved by how far the log lies from it. "
        f"That gap may wander by {100.0 * DRIFT:.1f} % while the tokens grow by a factor of e, as published runs did.",
        level,
        "The log reaches the end of the plan; what is forecast is its last loss without its noise."
        if over
        else "The rest of the run is taken to be as planned: its learning rates, its batches and its data.",
    ]
    side = "above" if found.offset > 0.0 else "below"
    if own_corpus and abs(math.log1p(found.offset)) > 2.0 * OWN_CORPUS_SPREAD:
        said.append(
            f"The log lies {100.0 * abs(found.offset):.1f} % {side} the law; are its losses of the corpus and with the "
            "tokenizer of the law?"
        )
    if not own_corpus and abs(math.log1p(found.offset)) > OFFSET_SPREAD:
        said.append(
            f"The log lies {100.0 * abs(found.offset):.0f} % {side} the law, more than corpora and tokenizers mostly "
            "do; are its losses of this model, in nats per token?"
        )
    if found.effective_draws < FEW_DRAWS:
        said.append(
            f"The log leaves {found.effective_draws:.0f} of {len(law.draws)} draws of the law in play, few for an "
            "interval: hardly any of them falls as it does."
        )
    return said
