"""Claims on learning against what is known of it."""

from typing import Any

import pytest

from clustersim.bill import key_of
from clustersim.learning.capability import Trained, capability_law, score_interval
from clustersim.scenario.schema.readings import Claim
from clustersim.study.learned_claims import learned_forecasts

TRAINED = Trained(405e9, 15e12)
OPTIMIZER = {
    "what_if": [{"variant": "no warm-up", "divergence": {"p5": 0.01, "p50": 0.3, "p95": 0.8}}],
    "divergence": {"chance": {"p50": 0.04}},
}


def after(tokens: float | None) -> Trained:
    return TRAINED if tokens is None else Trained(405e9, tokens)


def known(**fields: Any) -> tuple[tuple[float, float, float], str]:
    claim = Claim.model_validate({"source": "x", **fields})
    found, remarks = learned_forecasts([claim], after, OPTIMIZER, lambda tokens: (tokens, 2.0 * tokens, 3.0 * tokens))
    return found[key_of(claim)], remarks[key_of(claim)]


def test_a_score_is_of_the_plan_of_a_moment_or_of_another_model() -> None:
    law = capability_law("GSM8K")
    plain = {"quantity": "score", "benchmark": "GSM8K", "at_least": "50 %"}
    assert known(**plain)[0] == score_interval(law, TRAINED)
    assert known(**plain, at="1T tokens")[0] == score_interval(law, Trained(405e9, 1e12))
    assert known(**plain, at="300B tokens", parameters=175e9)[0] == score_interval(law, Trained(175e9, 3e11))


def test_a_rise_takes_decades() -> None:
    (low, middle, high), remark = known(quantity="transition", benchmark="GSM8K", at_most=0.1)
    assert 0.5 < low < middle < high < 4.0
    assert middle == pytest.approx(capability_law("GSM8K").width_decades, rel=0.2)
    assert "ObsScaling" in remark


def test_a_share_of_the_corpus_is_that_of_published_mixes() -> None:
    (low, _, high), remark = known(quantity="corpus_share", part="web", equals="80 %")
    assert low < 0.82 < high
    assert "gpt-3" in remark


def test_divergence_is_that_of_the_run_without_a_warm_up() -> None:
    interval, remark = known(quantity="divergence", at_least="10 %")
    assert interval == (0.01, 0.3, 0.8)
    assert "as planned 4.0 %" in remark


def test_a_tenth_of_a_nat_has_its_price_at_its_moment() -> None:
    assert known(quantity="cost_of_a_tenth", at_least="$1M")[0] == (15e12, 30e12, 45e12)
    assert known(quantity="cost_of_a_tenth", at_least="$1M", at="1T tokens")[0] == (1e12, 2e12, 3e12)


def test_other_claims_are_nobody_s_here() -> None:
    claim = Claim.model_validate({"source": "x", "quantity": "steps", "equals": 1})
    assert learned_forecasts([claim], after, OPTIMIZER, lambda _: (0.0, 0.0, 0.0)) == ({}, {})


@pytest.mark.parametrize(("most_usd", "said"), [(3e9, True), (4e9, False)])
def test_a_price_that_stands_for_never_is_told_to(most_usd: float, said: bool) -> None:
    claim = Claim(quantity="cost_of_a_tenth", at="1B tokens", at_least="$1M", source="x")
    _, remarks = learned_forecasts([claim], after, OPTIMIZER, lambda _: (1e9, 2e9, 3e9), most_usd)
    assert ("stands for never" in remarks[key_of(claim)]) is said
