"""The audit: what was claimed or published, held against the forecast."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from clustersim.report.charts.ranges import draw_claim
from clustersim.report.numbers import MISSING, Unit, unit_named, unit_word, write, write_given
from clustersim.report.words import QUANTITIES, VERDICTS, humanize


@dataclass(frozen=True)
class ClaimRow:
    """One claim as text."""

    quantity: str
    scope: str
    claimed: str
    forecast: str
    interval: str
    mark: str
    verdict: str
    tone: str
    sentence: str
    source: str
    picture: Markup


def claimed_text(low: float | None, high: float | None, unit: Unit, value: float | None = None) -> str:
    """The claim as a number, a number with its band, a range or an open end."""
    if low is not None and high is not None and low != high:
        same_step = unit.step(low) == unit.step(high)
        band = f"{write_given(low, unit, bare=same_step)} to {write_given(high, unit)}"
        return band if value is None else f"{write_given(value, unit)} ({band})"
    if low is not None and high is None:
        return f"at least {write_given(low, unit)}"
    if low is None and high is not None:
        return f"at most {write_given(high, unit)}"
    return write_given(low, unit)


def forecast_text(claim: Mapping[str, Any], unit: Unit) -> tuple[str, str]:
    """The median with three digits, as in the sentence of the audit, and the 5 to 95 % interval."""
    p5, p50, p95 = (claim.get(f"forecast_{name}") for name in ("p5", "p50", "p95"))
    if p5 is None or p50 is None or p95 is None:
        return MISSING, ""
    if p5 == p95:
        return write_given(p50, unit), "fixed by the plan"
    low, high = (write(end, unit, size=p50, bare=True) for end in (p5, p95))
    word = unit_word(p50, unit).removesuffix(unit.suffix)
    return write(p50, unit), f"{low} to {high}{word}"


def verdict_of(claim: Mapping[str, Any]) -> tuple[str, str, str]:
    """Mark, words and tone of a verdict."""
    name = claim["verdict"]
    return VERDICTS.get(name, ("?", humanize(name), "bad"))


def scope_of(claim: Mapping[str, Any]) -> str:
    """What part of the run, and of what breaks, a claim speaks of."""
    place = claim.get("window") or claim.get("phase") or "whole run"
    return ", ".join((place, *(humanize(name) for name in claim.get("of") or ())))


def claim_row(claim: Mapping[str, Any]) -> ClaimRow:
    """One claim of the summary as text."""
    unit = unit_named(claim.get("unit") or "")
    low, high = claim.get("claimed_low"), claim.get("claimed_high")
    forecast, interval = forecast_text(claim, unit)
    mark, verdict, tone = verdict_of(claim)
    ends = [claim.get(f"forecast_{name}") for name in ("p5", "p50", "p95")]
    numbers = [float(end) for end in ends if end is not None]
    if claim["verdict"] == "inconsistent":
        interval = "implied by the other claims"
    return ClaimRow(
        quantity=QUANTITIES.get(claim["quantity"], humanize(claim["quantity"])),
        scope=scope_of(claim),
        claimed=claimed_text(low, high, unit, claim.get("claimed")),
        forecast=forecast,
        interval=interval,
        mark=mark,
        verdict=verdict,
        tone=tone,
        sentence=claim.get("sentence") or "",
        source=claim.get("source") or "",
        picture=draw_claim((low, high), (numbers[0], numbers[1], numbers[2])) if len(numbers) == 3 else Markup(""),
    )


def verdict_counts(summary: Mapping[str, Any]) -> str:
    """How many claims got each verdict, in words: ``5 agree, 1 too low``."""
    found = Counter(str(claim["verdict"]) for claim in summary.get("claims") or [])
    ordered = [name for name in VERDICTS if name in found] + sorted(name for name in found if name not in VERDICTS)
    words = {name: verdict_of({"verdict": name})[1] for name in ordered}
    return ", ".join(f"{found[name]} {'agree' if name == 'inside' else words[name]}" for name in ordered)


def claims(summary: Mapping[str, Any]) -> dict[str, Any]:
    """All claims, and how many there are of each verdict."""
    rows = [claim_row(claim) for claim in summary.get("claims") or []]
    return {"rows": rows, "counts": verdict_counts(summary)}
