import csv
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning import (
    extrapolations,
    final_loss,
    loss_curve,
    loss_interval,
    loss_law,
    notes,
    token_grid,
    untrained_interval,
    untrained_loss,
)
from clustersim.learning.loss.decomposition import decomposition
from clustersim.learning.loss.ending import ended_loss
from clustersim.learning.loss.forms import joint_loss_nats

PUBLISHED = Path(__file__).parents[3] / "validation" / "published" / "olmo_ladder_losses.csv"
HELD_OUT_TOLERANCE = 0.015
LLAMA = (405e9, 15.6e12)


def held_out(column: str) -> list[tuple[float, float, float, float]]:
    with PUBLISHED.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == "test" and row[column]]
    return [
        (float(row["parameters"]), float(row["tokens"]), float(row["end_lr_share"]), float(row[column])) for row in rows
    ]


@pytest.mark.parametrize(
    ("name", "column", "count"),
    [
        ("olmo-ladder-pile", "pile", 2),
        ("olmo-ladder-c4", "c4", 2),
        ("olmo-ladder-wikitext", "wikitext", 1),
        ("olmo-ladder-common-crawl", "dolma_cc", 1),
        ("olmo-ladder-code", "dolma_stack", 1),
    ],
)
def test_olmo2_7b_and_13b_are_predicted_from_runs_up_to_3b(name, column, count):
    law = loss_law(name)
    runs = held_out(f"{column}_nats_per_token")
    assert len(runs) == count
    for parameters, tokens, end_share, measured in runs:
        p5, p50, p95 = np.percentile(ended_loss(law, parameters, tokens, end_share), (5.0, 50.0, 95.0))
        assert p50 == pytest.approx(measured, rel=HELD_OUT_TOLERANCE)
        assert p5 < measured < p95


def test_the_end_of_the_learning_rate_moves_the_loss_and_that_of_the_ladder_does_not():
    law = loss_law("olmo-ladder-pile")
    assert ended_loss(law, *LLAMA, 0.1) == pytest.approx(final_loss(law, *LLAMA), rel=1e-12)
    assert np.median(ended_loss(law, *LLAMA, 0.0)) < np.median(final_loss(law, *LLAMA))
    assert np.median(ended_loss(law, *LLAMA, 1.0)) > 1.02 * np.median(final_loss(law, *LLAMA))


@pytest.mark.parametrize(
    ("name", "expected", "within"),
    [
        ("olmo-ladder-pile", 1.65, 0.015),
        # 2.26 was fitted with a sum of size and data, to the 7B and the 13B too; forms that join them say 2.20.
        ("olmo-ladder-c4", 2.26, 0.03),
        ("chinchilla-besiroglu", 1.89, 0.015),
    ],
)
def test_llama3_405b_as_worked_out_apart(name, expected, within):
    p5, p50, p95 = loss_interval(loss_law(name), *LLAMA)
    assert p50 == pytest.approx(expected, rel=within)
    assert p5 < expected < p95


def test_after_100b_tokens_a_405b_model_is_far_below_2_9():
    assert loss_interval(loss_law("chinchilla-besiroglu"), 405e9, 1e11)[1] == pytest.approx(2.06, abs=0.02)
    assert loss_interval(loss_law("olmo-ladder-pile"), 405e9, 1e11)[1] == pytest.approx(1.95, abs=0.2)
    for name in ("chinchilla-besiroglu", "olmo-ladder-pile", "olmo-ladder-c4"):
        assert loss_interval(loss_law(name), 405e9, 1e11)[2] < 2.9


def test_no_law_of_a_general_mix_reaches_1_4():
    for name in ("chinchilla-besiroglu", "olmo-ladder-pile", "olmo-ladder-c4", "overtrained-redpajama"):
        assert loss_interval(loss_law(name), *LLAMA)[0] > 1.4
    assert loss_interval(loss_law("olmo-ladder-code"), *LLAMA)[2] < 1.4


def test_draws_are_the_same_at_every_call():
    law = loss_law("olmo-ladder-pile")
    assert np.array_equal(final_loss(law, *LLAMA), final_loss(law, *LLAMA))
    assert final_loss(law, *LLAMA).shape == (300,)


def test_the_residual_alone_gives_its_own_interval():
    law = loss_law("olmo-ladder-pile")
    row = law.draws[-1]
    certain = replace(
        law, draws=np.tile(row, (4000, 1)), forms=("joint",) * 4000, residual_error=0.02, residual_decades=10.0
    )
    p5, p50, p95 = loss_interval(certain, 1e9, 1e11)
    best = float(joint_loss_nats(row, 1e9, 1e11))
    assert p50 == pytest.approx(best, rel=1e-4)
    assert math.log(p95 / best) == pytest.approx(1.6449 * 0.02, rel=0.01)
    assert math.log(best / p5) == pytest.approx(1.6449 * 0.02, rel=0.01)


def test_the_residual_is_unrelated_to_the_draws_and_adds_in_quadrature():
    law = loss_law("olmo-ladder-pile")
    drawn = np.log(joint_loss_nats(law.draws, *LLAMA))
    both = np.log(final_loss(law, *LLAMA))
    sigma = law.residual_sigma(*LLAMA)
    correlation = np.corrcoef(drawn, both - drawn)[0, 1]
    assert abs(correlation) < 4.0 / math.sqrt(len(drawn))
    assert float(np.std(both)) == pytest.approx(math.hypot(float(np.std(drawn)), sigma), rel=0.1)


@pytest.mark.parametrize("name", ["olmo-ladder-c4", "overtrained-c4", "chinchilla-besiroglu"])
def test_the_shares_of_the_variance_sum_to_one_and_to_what_the_draws_show(name):
    law = loss_law(name)
    parts = decomposition(law, *LLAMA)
    assert parts["form"] + parts["parameters"] + parts["residual"] == pytest.approx(1.0)
    assert parts["sigma"] == pytest.approx(float(np.std(np.log(final_loss(law, *LLAMA)))), rel=0.1)


def test_which_form_holds_would_dominate_were_all_believed_alike():
    for name in ("olmo-ladder-pile", "olmo-ladder-c4", "olmo-ladder-code"):
        parts = decomposition(loss_law(name), *LLAMA)
        assert parts["form_if_alike"] > 0.85
        assert 0.05 < parts["form"] < 0.5
        rejected = next(one for one in parts["by_form"] if one["form"] == "kaplan")
        assert rejected["weight"] == 0.0
        assert rejected["p50"] < 0.9 * next(one for one in parts["by_form"] if one["form"] == "joint")["p50"]


def test_one_form_alone_has_no_share_of_its_form():
    assert decomposition(loss_law("chinchilla-besiroglu"), *LLAMA)["form"] == pytest.approx(0.0, abs=1e-12)


@given(st.floats(2e9, 2e13))
def test_quantiles_are_in_order(tokens):
    p5, p50, p95 = loss_interval(loss_law("olmo-ladder-c4"), 405e9, tokens)
    assert p5 < p50 < p95


def test_the_curve_falls_and_leaves_out_the_transient():
    law = loss_law("olmo-ladder-pile")
    curve = loss_curve(law, 405e9, [1e8, 1e9, *token_grid(law, 15.6e12)])
    assert curve[0]["tokens"] == law.min_tokens
    assert curve[-1]["tokens"] == 15.6e12
    assert len(curve) == 40
    for earlier, later in pairwise(curve):
        assert later["p50"] < earlier["p50"]
        assert later["p5"] < later["p50"] < later["p95"]


def test_a_plan_shorter_than_the_transient_has_no_curve():
    assert token_grid(loss_law("olmo-ladder-pile"), 1e9) == []


def test_a_model_that_knows_nothing():
    assert untrained_loss(128_256) == pytest.approx(11.7618, abs=1e-4)
    low, middle, high = untrained_interval(50_257)
    assert low == pytest.approx(10.8249, abs=1e-4)
    assert low < 11.009 < high  # llm.c GPT-2 124M at step 0
    assert low < middle < high
    assert untrained_interval(100_278)[0] < 12.297 < untrained_interval(100_278)[2]  # OLMo-2 7B at step 0


def test_inside_the_fitted_range_nothing_is_extrapolated():
    assert extrapolations(loss_law("olmo-ladder-pile"), 1e9, 1e11) == []


def test_extrapolation_says_by_how_much():
    (text,) = extrapolations(loss_law("olmo-ladder-pile"), *LLAMA)
    assert "parameters 405B (128 times the largest fitted, 3.17B)" in text
    assert "tokens 15.6T (24.6 times the largest fitted, 634B)" in text
    assert "compute 6ND 3.79e+25 (3,144 times the largest fitted, 1.21e+22)" in text
    (tokens_only,) = extrapolations(loss_law("olmo-ladder-pile"), 2e8, 2e12)
    assert "tokens 2T" in tokens_only
    assert "parameters" not in tokens_only


def test_a_run_shorter_than_any_of_the_fit_is_said_to_be():
    (said,) = extrapolations(loss_law("olmo-ladder-pile"), 1e9, 1e6)
    assert "tokens 1M (the fewest fitted are 1.91B)" in said


def test_notes_name_corpus_tokenizer_and_what_the_interval_is_made_of():
    text = " ".join(notes(loss_law("olmo-ladder-c4"), *LLAMA, vocabulary=128_256))
    for part in (
        "C4 English",
        "dolma2",
        "0.46 %",
        "which form holds",
        "11.8 nats",
        "1.91B tokens",
        "times the largest",
    ):
        assert part in text
