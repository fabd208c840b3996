"""Holds what a plan claims against the forecast, and against its own arithmetic. It never changes a forecast."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from clustersim._numerals import short
from clustersim.bill._sentences import (
    Bounds,
    Interval,
    agreement_text,
    claimed_text,
    forecast_text,
    too_high_text,
    too_low_text,
)
from clustersim.bill.consistency import contradictions
from clustersim.bill.facts import PlanFacts
from clustersim.bill.loss_outlook import LossOutlook
from clustersim.bill.quantities import QUANTITIES, Quantity
from clustersim.scenario.schema.readings import Claim

Key = tuple[str, str | None, str | None] | tuple[str, str | None, str | None, tuple[str, ...]]
"""Quantity, window and phase, None for the whole run; and what it is of, where it is of something alone."""

Verdict = Literal["inside", "too_low", "too_high", "inconsistent", "not_covered"]
"""Of the claim: it agrees, it lies below or above the forecast, it contradicts other claims, nothing forecasts it."""

ROUNDING = 0.02
"""Claims are rounded: against a number that the plan fixes exactly, two per cent off still agree."""


class ClaimResult(TypedDict):
    """One claim held against the forecast; the numbers are in ``unit``."""

    quantity: str
    unit: str
    claimed: float | None
    claimed_low: float | None
    claimed_high: float | None
    forecast_p5: float | None
    forecast_p50: float | None
    forecast_p95: float | None
    verdict: Verdict
    sentence: str
    source: str
    window: str | None
    phase: str | None
    of: list[str]


def key_of(claim: Claim) -> Key:
    """What a claim speaks of."""
    place = (claim.quantity, claim.window, claim.phase)
    of = claim.of if claim.at is None else (*claim.of, f"{short(claim.at)} tokens")
    return (*place, of) if of else place


def audit(
    claims: Sequence[Claim],
    forecast: Mapping[Key, Interval],
    facts: PlanFacts,
    loss: LossOutlook | None = None,
    remarks: Mapping[Key, str] | None = None,
) -> list[ClaimResult]:
    """Hold every claim against the forecast, then the claims against each other.

    Parameters
    ----------
    claims : sequence of Claim
        What was published or promised.
    forecast : mapping of Key to (p5, p50, p95)
        Quantiles of the forecast in SI units. GPUs, steps and tokens of the whole run come from ``facts`` when missing;
        the loss comes from ``loss`` alone.
    facts : PlanFacts
        What the plan fixes exactly.
    loss : LossOutlook, optional
        The loss law; without it no claim on the loss is covered.
    remarks : mapping of Key to str, optional
        What to say beside a forecast, or why there is none.

    Returns
    -------
    list of ClaimResult
        One for each claim, in order, then one for each contradiction between claims (verdict "inconsistent").

    Notes
    -----
    A single value agrees when it lies in the 90 % interval, or when the median lies in the band that its source leaves
    around it. A bound ("at least", "at most") and a range agree when the median keeps them; the sentence then says what
    the tails do.
    """
    known = facts.known() | dict(forecast)
    results = [
        _loss_result(claim, loss)
        if claim.quantity == "loss" and loss is not None
        else _plain_result(claim, known, facts, remarks or {})
        for claim in claims
    ]
    return [*results, *(_contradiction(*found) for found in contradictions(claims, facts))]


def _loss_result(claim: Claim, loss: LossOutlook) -> ClaimResult:
    tokens = loss.tokens if claim.at is None else claim.at
    return _held_against(claim, loss.interval(tokens), loss.remark(tokens), loss.moment(tokens))


def _plain_result(
    claim: Claim, known: Mapping[Key, Interval], facts: PlanFacts, remarks: Mapping[Key, str]
) -> ClaimResult:
    interval = known.get(key_of(claim))
    if interval is None:
        return _held_against(claim, None, remarks.get(key_of(claim), "No forecast is made of this."))
    remark = facts.micro_batch_remark() if claim.quantity == "steps" else remarks.get(key_of(claim), "")
    moment = "" if claim.at is None else f" after {short(claim.at)} tokens"
    return _held_against(claim, interval, f"{QUANTITIES[claim.quantity].counted}. {remark}".rstrip(), moment)


def _held_against(claim: Claim, interval: Interval | None, counted: str, moment: str = "") -> ClaimResult:
    quantity = QUANTITIES[claim.quantity]
    value, bounds = _shown_value(claim, quantity), _shown_bounds(claim, quantity)
    place = claim.window or claim.phase
    opening = f"{place}: claimed" if place else "Claimed"
    of = f" of {', '.join(claim.of)}" if claim.of else ""
    claimed = f"{opening} {claimed_text(value, bounds, quantity)}{of}{moment}"
    if interval is None:
        return _result(claim, None, "not_covered", f"{claimed}; not covered by the forecast. {counted}")
    forecast = (interval[0] / quantity.scale, interval[1] / quantity.scale, interval[2] / quantity.scale)
    verdict, finding = _judged(value, bounds, forecast)
    sentence = f"{claimed}; forecast {forecast_text(forecast, quantity)}: {finding}. Counted: {counted}"
    return _result(claim, forecast, verdict, sentence)


def _judged(value: float | None, bounds: Bounds, forecast: Interval) -> tuple[Verdict, str]:
    low, high = bounds
    p5, p50, p95 = forecast
    if value is not None and low is not None and high is not None:
        slack = ROUNDING if p5 == p95 else 0.0
        if low <= p50 <= high or p5 * (1.0 - slack) <= value <= p95 * (1.0 + slack):
            return "inside", agreement_text((value, value), forecast)
        return ("too_low", too_low_text(value, p50)) if value < p50 else ("too_high", too_high_text(value, p50))
    return _judged_bounds(bounds, forecast)


def _judged_bounds(bounds: Bounds, forecast: Interval) -> tuple[Verdict, str]:
    (low, high), p50 = bounds, forecast[1]
    if high is not None and high < p50:
        return "too_low", too_low_text(high, p50)
    if low is not None and low > p50:
        return "too_high", too_high_text(low, p50)
    return "inside", agreement_text(bounds, forecast)


def _contradiction(claim: Claim, implied: float, sentence: str) -> ClaimResult:
    value = implied / QUANTITIES[claim.quantity].scale
    return _result(claim, (value, value, value), "inconsistent", sentence)


def _result(claim: Claim, forecast: Interval | None, verdict: Verdict, sentence: str) -> ClaimResult:
    quantity = QUANTITIES[claim.quantity]
    low, high = _shown_bounds(claim, quantity)
    p5, p50, p95 = forecast or (None, None, None)
    return {
        "quantity": claim.quantity,
        "unit": quantity.unit,
        "claimed": _shown_value(claim, quantity),
        "claimed_low": low,
        "claimed_high": high,
        "forecast_p5": p5,
        "forecast_p50": p50,
        "forecast_p95": p95,
        "verdict": verdict,
        "sentence": sentence,
        "source": claim.source,
        "window": claim.window,
        "phase": claim.phase,
        "of": list(claim.of),
    }


def _shown_value(claim: Claim, quantity: Quantity) -> float | None:
    value = claim.value()
    return None if value is None else value / quantity.scale


def _shown_bounds(claim: Claim, quantity: Quantity) -> Bounds:
    low, high = claim.bounds()
    return (None if low is None else low / quantity.scale), (None if high is None else high / quantity.scale)
