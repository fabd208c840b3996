"""Holds what a plan claims against the forecast, and against its own arithmetic. It never changes a forecast."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

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

Key = tuple[str, str | None, str | None]
"""Quantity, window and phase; None for the whole run."""

Verdict = Literal["inside", "too_low", "too_high", "inconsistent", "not_covered"]
"""Of the claim: it agrees, it lies below or above the forecast, it contradicts other claims, nothing forecasts it."""

ROUNDING = 0.02
"""Claims are rounded: against a number that the plan fixes exactly, two per cent off still agree."""


class ClaimResult(TypedDict):
    """One claim held against the forecast; the numbers are in ``unit``."""

    quantity: str
    unit: str
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


def audit(
    claims: Sequence[Claim],
    forecast: Mapping[Key, Interval],
    facts: PlanFacts,
    loss: LossOutlook | None = None,
) -> list[ClaimResult]:
    """Hold every claim against the forecast, then the claims against each other.

    Parameters
    ----------
    claims : sequence of Claim
        What was published or promised.
    forecast : mapping of (quantity, window, phase) to (p5, p50, p95)
        Quantiles of the forecast in SI units. GPUs, steps and tokens of the whole run come from ``facts`` when missing;
        the loss comes from ``loss`` alone.
    facts : PlanFacts
        What the plan fixes exactly.
    loss : LossOutlook, optional
        The loss law; without it no claim on the loss is covered.

    Returns
    -------
    list of ClaimResult
        One for each claim, in order, then one for each contradiction between claims (verdict "inconsistent").

    Notes
    -----
    A single value agrees when it lies in the 90 % interval. A bound ("at least", "at most") and a range agree when the
    median keeps them; the sentence then says what the tails do.
    """
    known = facts.known() | dict(forecast)
    results = [
        _loss_result(claim, loss)
        if claim.quantity == "loss" and loss is not None
        else _plain_result(claim, known, facts)
        for claim in claims
    ]
    return [*results, *(_contradiction(*found) for found in contradictions(claims, facts))]


def _loss_result(claim: Claim, loss: LossOutlook) -> ClaimResult:
    tokens = loss.tokens if claim.at is None else claim.at
    return _held_against(claim, loss.interval(tokens), loss.remark(tokens), loss.moment(tokens))


def _plain_result(claim: Claim, known: Mapping[Key, Interval], facts: PlanFacts) -> ClaimResult:
    interval = known.get((claim.quantity, claim.window, claim.phase))
    if interval is None:
        return _held_against(claim, None, "No forecast is made of this.")
    counted = f"{QUANTITIES[claim.quantity].counted}."
    return _held_against(
        claim, interval, f"{counted} {facts.micro_batch_remark()}" if claim.quantity == "steps" else counted
    )


def _held_against(claim: Claim, interval: Interval | None, counted: str, moment: str = "") -> ClaimResult:
    quantity = QUANTITIES[claim.quantity]
    bounds = _shown_bounds(claim, quantity)
    place = claim.window or claim.phase
    opening = f"{place}: claimed" if place else "Claimed"
    claimed = f"{opening} {claimed_text(bounds, quantity)}{moment}"
    if interval is None:
        return _result(claim, None, "not_covered", f"{claimed}; not covered by the forecast. {counted}")
    forecast = (interval[0] / quantity.scale, interval[1] / quantity.scale, interval[2] / quantity.scale)
    verdict, finding = _judged(bounds, forecast)
    sentence = f"{claimed}; forecast {forecast_text(forecast, quantity)}: {finding}. Counted: {counted}"
    return _result(claim, forecast, verdict, sentence)


def _judged(bounds: Bounds, forecast: Interval) -> tuple[Verdict, str]:
    low, high = bounds
    p5, p50, p95 = forecast
    slack = ROUNDING if p5 == p95 else 0.0
    single = low is not None and low == high
    floor, ceiling = (p5 * (1.0 - slack), p95 * (1.0 + slack)) if single else (p50, p50)
    if high is not None and high < floor:
        return "too_low", too_low_text(high, p50)
    if low is not None and low > ceiling:
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
    }


def _shown_bounds(claim: Claim, quantity: Quantity) -> Bounds:
    low, high = claim.bounds()
    return (None if low is None else low / quantity.scale), (None if high is None else high / quantity.scale)
