import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from clustersim.calibration.learning.law_fit import fit_laws, law_of
from clustersim.calibration.learning.loss_law import LADDER, ladder_runs
from clustersim.learning import LossLaw, loss_law
from clustersim.learning.loss.course import cosine_rates, course, usual_peak
from clustersim.learning.loss.curve import annealing_of
from clustersim.learning.loss.own_log import DRIFT, RunLog, forecast_rest
from tests.learning.loss.test_transient import gpt2_logs

PUBLISHED = Path(__file__).parents[3] / "validation" / "published"
LAW = loss_law("olmo-ladder-c4")
BATCH = {1279395840.0: 1.57286e6, 3169537280.0: 3.14573e6}


def ladder_logs(column: str) -> Iterator[tuple[float, float, RunLog]]:
    """Parameters, tokens of the whole run and losses of the ladder runs from 1B on."""
    with (PUBLISHED / "annealing_curves.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == "fit" and float(row["parameters"]) in BATCH]
    for name in dict.fromkeys(row["run"] for row in rows):
        own = [row for row in rows if row["run"] == name]
        log = RunLog(*np.array([(float(row["tokens"]), float(row[column])) for row in own]).T)
        yield float(own[0]["parameters"]), float(own[0]["schedule_tokens"]), log


@lru_cache(maxsize=1)
def laws_below_1b() -> dict[str, LossLaw]:
    runs = {law: own.where(own.parameters < 1e9) for law, own in ladder_runs(PUBLISHED, "fit").items()}
    fits = fit_laws(runs)
    return {name: law_of(name, runs[name], fits, corpus="", tokenizer="", counted="all") for name in runs}


@pytest.mark.parametrize("own_corpus", [False, True])
def test_the_end_of_larger_runs_is_forecast_from_their_first_part(own_corpus):
    inside, errors, widths = [], {0.2: [], 0.4: [], 0.6: []}, {0.2: [], 0.4: [], 0.6: []}
    for name in ("olmo-ladder-c4", "olmo-ladder-pile"):
        law = laws_below_1b()[name]
        for parameters, end, log in ladder_logs(LADDER[name].column):
            rates = cosine_rates(end, parameters, usual_peak(parameters), BATCH[parameters])
            for share in errors:
                part = log.until(share * end)
                if len(part.tokens) < 3:
                    continue
                forecast = forecast_rest(
                    law, parameters, rates, part, [end], 100_278, own_corpus=own_corpus, annealing=annealing_of(name)
                )
                point, truth = forecast.points[0], float(log.loss_nats[-1])
                inside.append(point["p5"] <= truth <= point["p95"])
                errors[share].append(abs(point["p50"] / truth - 1.0))
                widths[share].append(point["p95"] / point["p5"] - 1.0)
    assert len(inside) >= 50
    assert np.mean(inside) >= 0.9
    assert np.median(errors[0.6]) < 0.005 < np.median(widths[0.6])
    assert np.median(widths[0.6]) < np.median(widths[0.4]) < np.median(widths[0.2])


def test_gpt2_on_another_corpus_is_forecast_from_its_first_part():
    inside = []
    for rates, tokens, losses in gpt2_logs():
        log = RunLog(tokens, losses)
        for share in (0.2, 0.4, 0.6):
            forecast = forecast_rest(LAW, 124e6, rates, log.until(share * tokens[-1]), [tokens[-1]], 50_257)
            point = forecast.points[0]
            inside.append(point["p5"] <= losses[-1] <= point["p95"])
            assert point["p50"] == pytest.approx(losses[-1], rel=0.02)
            assert forecast.offset == pytest.approx(-0.07, abs=0.03)
    assert sum(inside) >= 5


def test_a_log_on_the_law_changes_little_and_one_moved_by_a_tenth_moves_the_end_by_a_tenth():
    rates = cosine_rates(5e11, 7e9, 3e-4, 4e6)
    tokens = np.geomspace(3e10, 2e11, 60)
    exact = np.median(course(LAW, 7e9, rates, np.append(tokens, 5e11), 100_278), axis=0)
    ends = [
        forecast_rest(LAW, 7e9, rates, RunLog(tokens, factor * exact[:-1]), [5e11], 100_278).points[0]["p50"]
        for factor in (1.0, 1.1)
    ]
    assert ends[0] == pytest.approx(exact[-1], rel=0.003)
    assert ends[1] == pytest.approx(1.1 * ends[0], rel=0.005)


def test_a_log_inside_the_transient_says_nothing():
    rates = cosine_rates(5e11, 7e9, 3e-4, 4e6)
    with pytest.raises(ValueError, match=r"after 1B tokens, inside the transient; .* before [0-9.]+B tokens"):
        forecast_rest(LAW, 7e9, rates, RunLog(np.array([1e8, 1e9]), np.array([8.0, 6.0])), [5e11], 100_278)
    brief = cosine_rates(2e10, 7e9, 3e-4, 4e6)
    with pytest.raises(ValueError, match="inside the transient, as all of the plan is"):
        forecast_rest(LAW, 7e9, brief, RunLog(np.array([1e8, 1e9]), np.array([8.0, 6.0])), [2e10], 100_278)


def test_a_log_that_leaves_one_draw_in_play_still_has_an_interval():
    rates = cosine_rates(5e11, 7e9, 3e-4, 4e6)
    tokens = np.geomspace(3e10, 2e11, 60)
    # Falls more slowly than any draw does.
    log = RunLog(tokens, 3.0 * (tokens / tokens[0]) ** -0.001)
    forecast = forecast_rest(LAW, 7e9, rates, log, [5e11], 100_278)
    point = forecast.points[0]
    assert forecast.effective_draws < 5.0
    assert point["p95"] / point["p5"] > 1.0 + 2.0 * 1.6 * DRIFT * np.sqrt(np.log(2.5))
