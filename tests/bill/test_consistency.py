import pytest

from clustersim.bill import PlanFacts, contradictions
from clustersim.scenario.schema.readings import Claim

HOUR = 3600.0
PLAN = PlanFacts(16384, 15.6e12, 1e6, 1e6, 128, 2.0 / HOUR, 3.0 / HOUR)


def claim(quantity, **given_):
    return Claim(quantity=quantity, source="a lesson (2025)", **given_)


def test_8192_gpus_cannot_spend_30_million_gpu_hours_in_three_months():
    claims = [
        claim("gpus", equals=8192),
        claim("wall_time", equals="3 months"),
        claim("gpu_time", equals="30M GPU-hours"),
    ]
    ((which, implied_s, sentence),) = contradictions(claims, PLAN)
    assert which.quantity == "gpu_time"
    assert implied_s / HOUR == pytest.approx(17_952_768)
    assert sentence == (
        "8,192 GPUs need 5.0 months (152.6 days) for the claimed 30M GPU-hours; "
        "the claimed 3.0 months (91.3 days) give 17.95M GPU-hours, every hour of every GPU counted."
    )


def test_without_claimed_gpus_the_plan_has_them():
    claims = [claim("wall_time", equals="78.4 days"), claim("gpu_time", equals="30.84M GPU-hours")]
    assert contradictions(claims, PLAN) == []  # 16,384 GPUs, 78.4 days: what the model card implies
    ((_, implied_s, _),) = contradictions([claim("wall_time", equals="54 days"), claims[1]], PLAN)
    assert implied_s / HOUR == pytest.approx(16384 * 54 * 24)


def test_a_job_of_several_sizes_may_have_any_hours_between():
    """PaLM (arXiv 2204.02311): 6,144 chips for 1,200 h and 3,072 for 336 h, 8.4 million chip-hours in 64 days."""
    plan = PlanFacts(6144, 780e9, 1e6, 1e6, 128, 2.0 / HOUR, 3.0 / HOUR, least_gpus=3072)
    wall, hours = claim("wall_time", equals="1536 h"), claim("gpu_time", equals="8.4M GPU-hours")
    assert contradictions([wall, hours], plan) == []
    ((which, _, _),) = contradictions([wall, claim("gpu_time", equals="4M GPU-hours")], plan)
    assert which.quantity == "gpu_time"


def test_money_must_be_hours_times_price():
    hours = claim("gpu_time", equals="30M GPU-hours")
    assert contradictions([hours, claim("cost", at_least="$60M", at_most="$90M")], PLAN) == []
    assert contradictions([hours, claim("cost", at_least="$50M", at_most="$100M")], PLAN) == []
    ((which, implied_usd, sentence),) = contradictions([hours, claim("cost", equals="$5M")], PLAN)
    assert which.quantity == "cost"
    assert implied_usd == pytest.approx(75e6)
    assert sentence == (
        "The claimed 30M GPU-hours cost $60M to $90M at $2.00 to $3.00 a GPU-hour; the claimed cost is $5M."
    )


def test_open_ends_contradict_only_on_their_closed_side():
    hours = claim("gpu_time", equals="30M GPU-hours")
    assert contradictions([hours, claim("cost", at_most="$100M")], PLAN) == []
    assert len(contradictions([hours, claim("cost", at_most="$50M")], PLAN)) == 1
    assert len(contradictions([hours, claim("cost", at_least="$100M")], PLAN)) == 1


def test_round_numbers_within_a_tenth_fit():
    gpus = claim("gpus", equals=8192)
    # 8,192 GPUs for 92 days are 18.09M GPU-hours.
    assert (
        contradictions([gpus, claim("wall_time", equals="92 days"), claim("gpu_time", equals="19.8M GPU-hours")], PLAN)
        == []
    )
    late = [gpus, claim("wall_time", equals="92 days"), claim("gpu_time", equals="20M GPU-hours")]
    assert len(contradictions(late, PLAN)) == 1


def test_claims_on_a_window_or_a_phase_are_left_out():
    claims = [
        claim("wall_time", equals="54 days", window="snapshot"),
        claim("gpu_time", equals="30M GPU-hours"),
        claim("cost", equals="$1M", phase="annealing"),
    ]
    assert contradictions(claims, PLAN) == []
