"""Claims of one plan against each other: do its GPUs, its calendar, its GPU-hours and its money fit together?"""

from collections.abc import Iterator, Sequence

from clustersim._numerals import short
from clustersim.bill.facts import PlanFacts
from clustersim.bill.quantities import DAYS_PER_MONTH, SECONDS_PER_DAY, SECONDS_PER_HOUR
from clustersim.scenario.schema.readings import Claim

TOLERANCE = 0.10
"""Plans speak in round numbers ("about three months"): what fits within a tenth is no contradiction."""

Contradiction = tuple[Claim, float, str]
"""The claim that does not fit, the SI value the other claims imply for it, and a sentence."""


def contradictions(claims: Sequence[Claim], facts: PlanFacts) -> list[Contradiction]:
    """Find claims on the whole run that contradict each other.

    Parameters
    ----------
    claims : sequence of Claim
        The claims of the plan; those on a window or a phase are left out.
    facts : PlanFacts
        GPUs, where none are claimed, and the price range.

    Returns
    -------
    list of Contradiction
        GPU time against GPUs times wall time, and cost against GPU time times price, wherever the two ranges lie more
        than a tenth apart.
    """
    whole = [claim for claim in claims if claim.window is None and claim.phase is None]
    return [*_gpu_time_contradictions(whole, facts), *_cost_contradictions(whole, facts)]


def _gpu_time_contradictions(claims: Sequence[Claim], facts: PlanFacts) -> Iterator[Contradiction]:
    planned = float(facts.least_gpus or facts.gpus), float(facts.gpus)
    claimed_gpus = [_range(claim) for claim in _of(claims, "gpus")] or [planned]
    for gpus in claimed_gpus:
        for wall_claim in _of(claims, "wall_time"):
            for time_claim in _of(claims, "gpu_time"):
                wall_s, gpu_time_s = _range(wall_claim), _range(time_claim)
                implied = (gpus[0] * wall_s[0], gpus[1] * wall_s[1])
                if _apart(implied, gpu_time_s):
                    yield time_claim, _middle(implied), _gpu_time_sentence(gpus, wall_s, gpu_time_s)


def _cost_contradictions(claims: Sequence[Claim], facts: PlanFacts) -> Iterator[Contradiction]:
    price = (facts.price_low_usd_per_gpu_s, facts.price_high_usd_per_gpu_s)
    for time_claim in _of(claims, "gpu_time"):
        for cost_claim in _of(claims, "cost"):
            gpu_time_s, cost_usd = _range(time_claim), _range(cost_claim)
            implied = (gpu_time_s[0] * price[0], gpu_time_s[1] * price[1])
            if _apart(implied, cost_usd):
                yield cost_claim, _middle(implied), _cost_sentence(gpu_time_s, price, implied, cost_usd)


def _of(claims: Sequence[Claim], quantity: str) -> list[Claim]:
    return [claim for claim in claims if claim.quantity == quantity]


def _range(claim: Claim) -> tuple[float, float]:
    low, high = claim.bounds()
    return (0.0 if low is None else low), (float("inf") if high is None else high)


def _apart(first: tuple[float, float], second: tuple[float, float]) -> bool:
    return first[1] * (1.0 + TOLERANCE) < second[0] or second[1] * (1.0 + TOLERANCE) < first[0]


def _middle(ends: tuple[float, float]) -> float:
    """The middle of a range, or its closed end."""
    low, high = ends
    return low if high == float("inf") else high if low == 0.0 else 0.5 * (low + high)


def _gpu_time_sentence(gpus: tuple[float, float], wall_s: tuple[float, float], gpu_time_s: tuple[float, float]) -> str:
    count, wall, time = _middle(gpus), _middle(wall_s), _middle(gpu_time_s)
    need_days, claimed_days = time / count / SECONDS_PER_DAY, wall / SECONDS_PER_DAY
    give_hours = count * wall / SECONDS_PER_HOUR
    return (
        f"{count:,.0f} GPUs need {need_days / DAYS_PER_MONTH:.1f} months ({need_days:.1f} days) for the claimed "
        f"{short(time / SECONDS_PER_HOUR, 4)} GPU-hours; the claimed {claimed_days / DAYS_PER_MONTH:.1f} months "
        f"({claimed_days:.1f} days) give {short(give_hours, 4)} GPU-hours, every hour of every GPU counted."
    )


def _cost_sentence(
    gpu_time_s: tuple[float, float],
    price: tuple[float, float],
    implied: tuple[float, float],
    cost_usd: tuple[float, float],
) -> str:
    hours = short(_middle(gpu_time_s) / SECONDS_PER_HOUR, 4)
    low, high = (f"${end * SECONDS_PER_HOUR:.2f}" for end in price)
    costs = " to ".join(f"${short(end)}" for end in implied)
    return (
        f"The claimed {hours} GPU-hours cost {costs} at {low} to {high} a GPU-hour; "
        f"the claimed cost is ${short(_middle(cost_usd), 4)}."
    )
