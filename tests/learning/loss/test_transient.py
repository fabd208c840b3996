import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.calibration.learning.loss_law import LADDER
from clustersim.calibration.learning.transient import read_starts
from clustersim.learning import loss_interval, loss_law
from clustersim.learning.loss.course import (
    LearningRates,
    cosine_rates,
    course,
    settled_from_tokens,
    usual_peak,
)
from clustersim.learning.loss.transient import (
    ANY,
    UNTRAINED_EXCESS_NATS,
    remaining_share,
    transient_of,
    untrained_loss,
    warm_up_spent,
)

PUBLISHED = Path(__file__).parents[3] / "validation" / "published"
LAW = loss_law("olmo-ladder-c4")
VOCABULARY = 100_278


def gpt2_logs() -> Iterator[tuple[LearningRates, np.ndarray, np.ndarray]]:
    with (PUBLISHED / "gpt2_curves.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    for _, group in groupby(rows, key=lambda row: row["run"]):
        yield gpt2_log(list(group))


def gpt2_log(rows: Sequence[Mapping[str, str]]) -> tuple[LearningRates, np.ndarray, np.ndarray]:
    tokens, rates = (np.array([float(row[name]) for row in rows]) for name in ("tokens", "learning_rate"))
    measured = [(float(row["tokens"]), float(row["loss_nats"])) for row in rows if row["loss_nats"]]
    steps = tokens / float(rows[0]["batch_tokens"])
    return LearningRates(tokens, steps, rates, float(rates.max())), *np.array(measured).T


def test_a_warm_up_spends_half_its_peak():
    assert float(warm_up_spent(2000.0, 2000.0, 3e-4)) == pytest.approx(0.3)
    assert float(warm_up_spent(5000.0, 2000.0, 3e-4)) == pytest.approx(0.3 + 0.9)
    rates = cosine_rates(1e12, 2000 * 4e6, 3e-4, 4e6)
    assert float(rates.spent(2000 * 4e6)) == pytest.approx(0.3, rel=1e-6)


@pytest.mark.parametrize("name", [*LADDER, ANY])
def test_what_is_left_falls_from_everything_to_nothing(name):
    transient = transient_of(name)
    spent = np.geomspace(1e-9, 10.0, 400)
    left = remaining_share(transient, spent)
    assert left[0] == pytest.approx(1.0, abs=1e-3)
    assert left[-1] == 0.0
    assert np.all(np.diff(left) <= 1e-12)
    assert np.all(remaining_share(transient, spent, 1.6) >= left - 1e-12)
    assert np.all(remaining_share(transient, spent, -1.6) <= left + 1e-12)


def test_a_law_without_a_transient_of_its_own_takes_that_of_any_corpus():
    assert transient_of("chinchilla-besiroglu").name == ANY
    assert transient_of("olmo-ladder-c4").name == "olmo-ladder-c4"


@given(st.floats(1e8, 1e12), st.floats(1e-5, 2e-3), st.floats(3e5, 3e7))
def test_a_run_starts_above_ln_v_and_ends_where_the_law_says(parameters, peak, batch):
    tokens = 3e5 * batch
    rates = cosine_rates(tokens, 2000 * batch, peak, batch)
    grid = np.concatenate([[0.0], np.geomspace(batch, tokens, 60)])
    draws = course(LAW, parameters, rates, grid, VOCABULARY)
    start = untrained_loss(VOCABULARY)
    assert start <= draws[:, 0].min() <= draws[:, 0].max() <= start + UNTRAINED_EXCESS_NATS
    assert np.all(draws > LAW.draws[:, :1] * 0.9)
    if float(rates.spent(tokens)) > 3.2:
        assert float(np.median(draws[:, -1])) == pytest.approx(loss_interval(LAW, parameters, tokens)[1], rel=0.02)


def test_the_curve_has_no_jump():
    rates = cosine_rates(1e12, 8e9, 3e-4, 4e6)
    grid = np.geomspace(4e6, 1e12, 4000)
    middle = np.median(course(LAW, 7e9, rates, grid, VOCABULARY), axis=0)
    assert np.abs(np.diff(middle)).max() < 0.1
    late = grid > settled_from_tokens(rates, transient_of(LAW.name))
    assert np.abs(np.diff(middle[late])).max() < 0.01


@pytest.mark.parametrize("law", LADDER)
def test_the_first_losses_of_the_held_out_7b_lie_in_the_band(law):
    inside = []
    for start in read_starts(PUBLISHED / "loss_starts.csv", LADDER[law].column, "test"):
        draws = course(loss_law(law), start.parameters, start.schedule, start.tokens, start.vocabulary)
        low, high = np.percentile(draws, (5.0, 95.0), axis=0)
        inside += ((low <= start.loss_nats) & (start.loss_nats <= high)).tolist()
    assert len(inside) == 4
    assert all(inside)


def test_gpt2_of_another_corpus_and_tokenizer_falls_the_same_way():
    # FineWeb with GPT-2's tokenizer reads 6 to 8 % below C4 with dolma2; up to there corpora differ little.
    for rates, tokens, losses in gpt2_logs():
        low, high = np.percentile(course(LAW, 124e6, rates, tokens, 50_257), (5.0, 95.0), axis=0)
        early = (tokens > 0.0) & (rates.spent(tokens) < 0.4)
        assert early.sum() >= 2
        assert np.all((low[early] * 0.97 <= losses[early]) & (losses[early] <= high[early]))


def test_the_usual_peak_is_that_of_published_runs():
    assert usual_peak(403e9) == pytest.approx(8e-5, rel=0.1)  # Llama 3 405B
    assert usual_peak(6.89e9) == pytest.approx(3e-4, rel=0.1)  # OLMo-2 7B
    assert usual_peak(3.17e9) == pytest.approx(3.81e-4, rel=0.01)  # the ladder's 3B


def test_a_guessed_schedule_is_less_sure_of_the_start_and_as_sure_of_the_end():
    known = cosine_rates(1e12, 8e9, 3e-4, 4e6)
    guess = LearningRates(known.tokens, known.steps, known.rates, known.peak, 0.7)
    widths = [
        np.ptp(np.percentile(np.log(course(LAW, 7e9, rates, [1e10, 1e12], VOCABULARY)), (5.0, 95.0), axis=0), axis=0)
        for rates in (known, guess)
    ]
    assert widths[1][0] > 1.3 * widths[0][0]
    assert widths[1][1] == pytest.approx(widths[0][1], rel=0.05)
