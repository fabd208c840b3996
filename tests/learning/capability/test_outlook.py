import json

import numpy as np
import pytest

from clustersim.learning import final_loss, loss_law
from clustersim.learning.capability import (
    Trained,
    capability_law,
    capability_outlook,
    capability_tasks,
    instruction_following,
    score_interval,
)
from clustersim.learning.capability.outlook import foreseen, sharpness
from tests.learning.capability.laws import small_law

LLAMA = (405e9, 15.6e12)


@pytest.fixture(scope="module")
def outlook():
    losses = final_loss(loss_law("olmo-ladder-pile"), *LLAMA)
    return capability_outlook(*LLAMA, pile_loss=losses)


def by_task(outlook):
    return {item["task"]: item for item in outlook["benchmarks"]}


def test_the_outlook_is_plain_json_with_every_benchmark(outlook):
    assert json.loads(json.dumps(outlook, allow_nan=False)) == outlook
    assert [item["task"] for item in outlook["benchmarks"]] == list(capability_tasks())
    assert outlook["flops"] == pytest.approx(3.79e25, rel=0.01)
    assert len(outlook["through_loss"]) == 8
    assert all(item["source"] and item["caveats"] for item in outlook["benchmarks"])


def test_llama3_405b_as_published(outlook):
    # Llama 3.1 model card (Meta 2024), base model; nothing of it was fitted.
    scores = by_task(outlook)
    for task, published in (("MMLU", 0.852), ("Winograd", 0.867), ("lbv2_leaderboard_mmlu_pro", 0.616)):
        at_end = scores[task]["at_end"]
        assert at_end["p5"] < published < at_end["p95"]
        assert at_end["p50"] == pytest.approx(published, abs=0.06)


def test_what_is_said_of_a_benchmark_is_what_its_law_gives(outlook):
    law = capability_law("MMLU")
    item = by_task(outlook)["MMLU"]
    low, middle, high = score_interval(law, Trained(*LLAMA))
    assert item["at_end"] == {"p5": low, "p50": middle, "p95": high}
    assert item["threshold"]["score"] == law.threshold
    assert item["threshold"]["name"] == "halfway between 25 % and 87 %"
    tokens = item["threshold"]["tokens"]
    assert 1e9 < tokens["p5"] < tokens["p50"] < tokens["p95"] < LLAMA[1]
    assert item["width_decades"] == law.width_decades
    assert item["family_offset_sd"] == pytest.approx(law.spread.family * 2**0.5)


def test_more_compute_per_token_comes_earlier_and_ends_higher():
    plain = capability_outlook(7e9, 1e12, tasks=["MMLU"])["benchmarks"][0]
    more = capability_outlook(7e9, 1e12, tasks=["MMLU"], flops=lambda at: 60.0 * 7e9 * np.asarray(at))["benchmarks"][0]
    assert more["at_end"]["p50"] > plain["at_end"]["p50"]
    assert more["threshold"]["not_crossed"] < plain["threshold"]["not_crossed"]


def test_a_known_family_is_said_and_counts():
    new = capability_outlook(7e9, 1e12, tasks=["GSM8K"])
    known = capability_outlook(7e9, 1e12, family="Phi", tasks=["GSM8K"])
    assert known["benchmarks"][0]["at_end"]["p50"] > new["benchmarks"][0]["at_end"]["p50"]
    assert "the family Phi" in known["caveats"][0]


def test_what_cannot_be_foreseen_is_said(outlook):
    text = foreseen(capability_law("MMLU"))
    assert "cannot be foreseen" in text
    assert "by 26 points (bias -20)" in text
    assert "foreseen fairly well" in foreseen(capability_law("ARC-C"))
    assert "too few" in foreseen(small_law())
    assert text in by_task(outlook)["MMLU"]["caveats"]


def test_instruction_following_hardly_rises_where_other_benchmarks_do():
    said = instruction_following()
    assert said["ifeval"]["models"] == 48
    assert said["ifeval"]["mean"] == pytest.approx(0.286, abs=0.001)
    assert said["ifeval"]["correlation"] == pytest.approx(0.55, abs=0.01)
    assert said["ifeval"]["slope_per_decade"] == pytest.approx(0.036, abs=0.001)
    for rising in said["rising"]:
        assert rising["correlation"] > 0.75
        assert rising["slope_per_decade"] >= 2.0 * said["ifeval"]["slope_per_decade"]
    assert "tuning" in said["sentence"]
    assert "0.29 and 1.8 points" in said["sentence"]


def test_the_crossing_of_a_flat_benchmark_is_not_to_be_read(outlook):
    item = by_task(outlook)["lbv2_leaderboard_ifeval"]
    assert any("hardly rises with compute" in text for text in item["caveats"])
    assert not any("hardly rises" in text for text in by_task(outlook)["MMLU"]["caveats"])


def test_the_metrics_part_in_the_step_is_shown(outlook):
    shown = outlook["sharpness"]
    assert shown == sharpness()
    assert shown["token_width_decades"] > 2.0 * shown["exact_width_decades"]
    assert "0.8 decades" in shown["sentence"]
