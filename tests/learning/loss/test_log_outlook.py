import numpy as np
import pytest

from clustersim.learning import loss_law
from clustersim.learning.loss.course import cosine_rates, course
from clustersim.learning.loss.log_outlook import BINS, OwnLog, own_log_outlook, seen_means
from clustersim.learning.loss.log_table import LogTable
from clustersim.learning.loss.own_log import RunLog

LAW = loss_law("olmo-ladder-pile")
END, PARAMETERS, VOCABULARY = 2e12, 7e9, 100_278
RATES = cosine_rates(END, 8e9, 3e-4, 4e6)


def drawn(draw: int, share: float, factor: float = 1.0, noise: float = 0.01) -> tuple[RunLog, float]:
    """A log that follows one draw of the law through part of the run, with the loss at its end."""
    tokens = np.linspace(0.0, share * END, 500)
    losses = factor * course(LAW, PARAMETERS, RATES, [*tokens, END], VOCABULARY)[draw]
    scatter = np.exp(noise * np.random.default_rng(draw).normal(size=len(tokens)))
    return RunLog(tokens, losses[:-1] * scatter), float(losses[-1])


def outlook(log: RunLog, *notes: str, own_corpus: bool = False) -> OwnLog:
    return own_log_outlook(LAW, PARAMETERS, RATES, VOCABULARY, LogTable(log, notes), own_corpus=own_corpus)


def test_a_log_drawn_from_the_law_is_forecast_inside_its_interval() -> None:
    inside, widths = [], []
    for draw in range(0, 300, 15):
        log, end = drawn(draw, 1 / 3, 1.06)
        final = outlook(log)["final"]
        assert final is not None
        assert final["p5"] is not None
        assert final["p95"] is not None
        inside.append(final["p5"] <= end <= final["p95"])
        widths.append(final["p95"] / final["p5"] - 1.0)
    assert sum(inside) >= 17, "nine in ten of 20, less one standard error"
    assert max(widths) < 0.05


def test_what_the_corpus_adds_is_recovered() -> None:
    tokens = np.linspace(0.0, END / 3, 500)
    losses = np.median(course(LAW, PARAMETERS, RATES, tokens, VOCABULARY), axis=0)
    found = outlook(RunLog(tokens, 1.1 * losses))
    assert found["offset_fraction"] == pytest.approx(0.1, abs=0.02)
    plain, moved = (outlook(RunLog(tokens, factor * losses))["final"] for factor in (1.0, 1.1))
    assert plain is not None
    assert moved is not None
    assert moved["p50"] == pytest.approx(1.1 * plain["p50"], rel=0.005)


def test_the_curve_goes_from_the_end_of_the_log_to_that_of_the_plan() -> None:
    log, _ = drawn(3, 0.25)
    found = outlook(log, "A note.")
    tokens = [point["tokens"] for point in found["curve"]]
    assert len(tokens) >= 40
    assert (tokens[0], tokens[-1]) == (0.25 * END, END)
    assert found["tokens_so_far"] == tokens[0]
    assert all(point["p5"] < point["p50"] < point["p95"] for point in found["curve"])
    assert found["final"] == {name: found["curve"][-1][name] for name in ("p5", "p50", "p95")}
    assert found["curve"][0]["p5"] < found["last_loss"] * 1.01 < found["curve"][0]["p95"] * 1.03
    assert found["caveats"][-1] == "A note."


def test_a_log_inside_the_transient_says_so_and_nothing_else() -> None:
    log, _ = drawn(3, 0.001)
    found = outlook(log, "A note.")
    assert found["curve"] == []
    assert found["final"] is None
    assert found["used"] == 0
    first, note = found["caveats"]
    assert first.startswith("The log ends after 2B tokens, inside the transient; it says nothing of the end before ")
    assert note == "A note."


def test_a_log_of_the_whole_run_ends_where_it_ends() -> None:
    log, end = drawn(3, 1.0)
    found = outlook(log)
    assert [point["tokens"] for point in found["curve"]] == [END]
    assert found["curve"][0]["p50"] == pytest.approx(end, rel=0.005)
    assert any("reaches the end of the plan" in line for line in found["caveats"])


@pytest.mark.parametrize(
    ("factor", "own_corpus", "words"),
    [
        (1.5, False, "are its losses of this model, in nats per token?"),
        (1.1, True, "are its losses of the corpus and with the tokenizer of the law?"),
        (1.1, False, None),
        (1.0, True, None),
    ],
)
def test_a_log_that_lies_too_far_from_the_law_is_doubted(factor: float, own_corpus: bool, words: str | None) -> None:
    tokens = np.linspace(0.0, END / 3, 500)
    losses = factor * np.median(course(LAW, PARAMETERS, RATES, tokens, VOCABULARY), axis=0)
    said = [line for line in outlook(RunLog(tokens, losses), own_corpus=own_corpus)["caveats"] if "?" in line]
    assert len(said) == (words is not None)
    assert words is None or said[0].endswith(words)


def test_a_short_log_is_shown_as_it_is_and_a_long_one_as_means() -> None:
    short = RunLog(np.array([1e9, 2e9]), np.array([4.0, 3.5]))
    assert seen_means(short) == [{"tokens": 1e9, "loss": 4.0}, {"tokens": 2e9, "loss": 3.5}]
    long = RunLog(np.linspace(0.0, 1e12, 50_000), np.linspace(4.0, 2.0, 50_000))
    means = seen_means(long)
    assert BINS / 2 < len(means) <= BINS
    tokens = [point["tokens"] for point in means]
    assert tokens == sorted(tokens)
    assert means[-1]["loss"] == pytest.approx(2.0, abs=0.04)
    assert tokens[1] - tokens[0] < tokens[-1] - tokens[-2]
