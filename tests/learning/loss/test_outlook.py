import json
from itertools import pairwise

import pytest

from clustersim.learning import loss_law
from clustersim.learning.loss.outlook import loss_section
from clustersim.learning.loss.planned import planned_rates
from clustersim.scenario.schema.training import Training

LAW = loss_law("olmo-ladder-pile")
PLAN = {
    "start": "2027-01-11",
    "layout": {"data_parallel": 64},
    "phases": (
        {"name": "a", "tokens": "0.2T tokens", "sequence_length": 4096, "global_batch": 1024},
        {"name": "b", "tokens": "14.8T tokens", "sequence_length": 8192, "global_batch": 2048},
    ),
}


def plan(**rate):
    return Training.model_validate({**PLAN, "optimizer": {"learning_rate": rate}})


def section(**rate):
    rates = planned_rates(plan(**rate), 403e9)
    return loss_section(LAW, 403e9, rates, 128_256, tokens_per_s=2e6, usd_per_s=10.0)


def test_the_section_is_plain_and_whole():
    found = section(peak=8e-5)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["curve"][0]["tokens"] == 0.0
    assert found["curve"][-1]["tokens"] == pytest.approx(15e12)
    assert found["final_loss"]["p5"] < found["final_loss"]["p50"] < found["final_loss"]["p95"]
    assert found["final_loss"]["p50"] == pytest.approx(1.65, rel=0.015)
    assert found["untrained"]["p5"] == pytest.approx(11.76, abs=0.01)
    assert len(found["worth"]) == 5
    assert found["sources"]
    for earlier, later in pairwise(found["curve"]):
        assert later["p50"] < earlier["p50"] + 0.01
    assert any("Kaplan, without a floor" in one and "takes no part" in one for one in found["caveats"])


def test_of_a_run_that_ends_in_its_first_fall_no_more_is_said_than_is_known():
    short = {**PLAN, "phases": ({"name": "a", "tokens": "3B tokens", "sequence_length": 4096, "global_batch": 1024},)}
    rates = planned_rates(Training.model_validate(short), 403e9)
    found = loss_section(LAW, 403e9, rates, 128_256, tokens_per_s=2e6, usd_per_s=10.0)
    assert [row["tokens"] for row in found["worth"]] == [pytest.approx(3e9)]
    assert any("in its first fall" in one for one in found["caveats"])
    assert not any("in its first fall" in one for one in section()["caveats"])


def test_a_plan_without_a_peak_says_which_one_is_taken():
    assert any("names no peak" in one for one in section()["caveats"])
    assert not any("names no peak" in one for one in section(peak=8e-5)["caveats"])


def test_the_plan_s_batches_and_warm_up_make_its_learning_rates():
    rates = planned_rates(plan(peak=1e-4, warmup_steps=2000, schedule="constant"), 403e9)
    assert rates.peak == 1e-4
    assert float(rates.spent(2000 * 4096 * 1024)) == pytest.approx(0.1, rel=1e-3)
    steps = 0.2e12 / (4096 * 1024) + 14.8e12 / (8192 * 2048)
    assert rates.steps[-1] == pytest.approx(steps)
    assert float(rates.spent(15e12)) == pytest.approx(1e-4 * (steps - 1000.0), rel=1e-3)


def test_a_longer_warm_up_keeps_the_loss_high_for_longer():
    short, long = (section(peak=8e-5, warmup_steps=steps) for steps in (500, 8000))
    assert short["transient_until_tokens"] < long["transient_until_tokens"]
    assert short["final_loss"]["p50"] == pytest.approx(long["final_loss"]["p50"], rel=0.005)
