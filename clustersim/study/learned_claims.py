"""Forecasts that claims on learning are held against: scores, transitions, shares of the corpus, divergence."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from clustersim.bill import Key, key_of
from clustersim.learning.capability import CapabilityLaw, Trained, capability_law, score_interval
from clustersim.learning.capability.law import width_decades
from clustersim.learning.corpus.published_shares import published_share, tellers
from clustersim.scenario.schema.readings import Claim

Interval = tuple[float, float, float]
"""The 5 %, 50 % and 95 % quantiles."""

NO_WARM_UP = "no warm-up"


def learned_forecasts(
    claims: Sequence[Claim],
    trained: Callable[[float | None], Trained],
    optimizer: Mapping[str, Any],
    price_of_a_tenth: Callable[[float], Interval],
    most_usd: float = math.inf,
) -> tuple[dict[Key, Interval], dict[Key, str]]:
    """What is known of the learning that claims speak of, and what to say beside it.

    Parameters
    ----------
    claims : sequence of Claim
        All claims of the plan.
    trained : callable
        Its model after so many tokens, at the end of the run for None.
    optimizer : mapping
        The summary's section on the optimizer.
    price_of_a_tenth : callable
        Quantiles of what a tenth of a nat costs after some tokens [USD].
    most_usd : float
        What one costs that no tokens buy [USD].

    Returns
    -------
    tuple of mappings
        Quantiles, and sentences, by what a claim speaks of.
    """
    known: dict[Key, Interval] = {}
    remarks: dict[Key, str] = {}
    for claim in claims:
        key = key_of(claim)
        match claim.quantity:
            case "score":
                law = capability_law(claim.benchmark or "")
                known[key] = score_interval(law, _trained_at(claim, trained))
                remarks[key] = _foreword(law)
            case "transition":
                law = capability_law(claim.benchmark or "")
                known[key] = _width(law)
                remarks[key] = _foreword(law)
            case "corpus_share":
                known[key] = published_share(claim.part or "")
                remarks[key] = f"Smallest, middle and largest of {_listed(tellers(claim.part or ''))}."
            case "cost_of_a_tenth":
                known[key] = price_of_a_tenth(trained(claim.at).tokens)
                remarks[key] = "At the plan's own price of a token, by the law of final losses."
                if known[key][2] >= most_usd:
                    remarks[key] += " The upper end stands for never: more than one draw in twenty never gets there."
            case "divergence":
                row = next(row for row in optimizer["what_if"] if row["variant"] == NO_WARM_UP)
                known[key] = (row["divergence"]["p5"], row["divergence"]["p50"], row["divergence"]["p95"])
                planned = optimizer["divergence"]["chance"]["p50"]
                remarks[key] = (
                    f"A stated prior; as planned {100.0 * planned:.1f} %. No public log of a large run without a "
                    "warm-up was found."
                )
    return known, remarks


def _trained_at(claim: Claim, trained: Callable[[float | None], Trained]) -> Trained:
    """The model that a claim speaks of: the plan's, on its way or at its end, or another, which has data of its own."""
    if claim.parameters is None or claim.at is None:
        return trained(claim.at)
    return Trained(claim.parameters, claim.at)


def _width(law: CapabilityLaw) -> Interval:
    """Decades of compute that the rise takes, over the draws of the law."""
    slopes = np.quantile(law.draws[:, 0], (0.95, 0.5, 0.05)).tolist()
    narrow, middle, wide = (width_decades(slope) for slope in slopes)
    return narrow, middle, wide


def _foreword(law: CapabilityLaw) -> str:
    return f"{law.title}: a base model of a family that the fit does not know ({law.source.partition(';')[0]})."


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
