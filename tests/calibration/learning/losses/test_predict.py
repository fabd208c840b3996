import csv

import numpy as np
import pytest

from clustersim.calibration.learning.losses.knowledge import fitted_to, shipped
from clustersim.calibration.learning.losses.predict import predict_losses
from clustersim.calibration.learning.losses.predictions_csv import losses_csv, score_losses
from clustersim.calibration.learning.losses.schedules import runs_of
from clustersim.calibration.learning.losses.table import CORPORA, read_losses
from clustersim.tables.csv_lines import TableError
from tests.calibration.learning.losses.ladder import HEADER, LOSSES, PUBLISHED, ladder_rows, write


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Everything fitted to the runs up to 1B."""
    path = write(tmp_path_factory.mktemp("fit") / "fit.csv", ladder_rows(lambda size: size < 2e9))
    return fitted_to(read_losses(path))


@pytest.fixture
def larger(tmp_path):
    return read_losses(write(tmp_path / "data.csv", ladder_rows(lambda size: size > 2e9)))


def test_runs_of_3b_are_predicted_from_those_up_to_1b(fitted, larger):
    scores = score_losses(larger, predict_losses(larger, fitted))
    assert [score["column"] for score in scores] == [f"{name}_ce" for name in LOSSES]
    for score in scores:
        assert score["predicted"] == score["measured"] == len(larger.rows) > 100
        assert score["median_error"] < 0.0125
        assert score["coverage"] >= 0.85


def test_final_rows_are_predicted_within_a_percent(fitted, larger):
    final = [one for one in predict_losses(larger, fitted) if one.reason.startswith("end of the run")]
    assert len(final) == 5
    errors = [one.losses[law].p50 / loss - 1.0 for one in final for law, loss in one.row.losses.items()]
    assert np.sqrt(np.mean(np.square(errors))) < 0.01


def test_the_measured_losses_are_not_looked_at(fitted, larger, tmp_path):
    blind = [{**row, **{f"{name}_ce": "" for name in LOSSES}} for row in ladder_rows(lambda size: size > 2e9)]
    hidden = read_losses(write(tmp_path / "blind.csv", blind))
    seen, unseen = predict_losses(larger, fitted), predict_losses(hidden, fitted)
    assert [one.losses for one in seen] == [one.losses for one in unseen]
    assert all(score["median_error"] is None for score in score_losses(hidden, unseen))


def test_a_table_without_loss_columns_gets_all_five(fitted, tmp_path):
    columns = HEADER[:7]
    table = read_losses(write(tmp_path / "bare.csv", ladder_rows(lambda size: size > 2e9), columns))
    header = losses_csv(table, predict_losses(table, fitted)).splitlines()[0].split(",")
    assert header[7:] == [
        *(f"{what}_{name}_ce" for name in LOSSES for what in ("predicted", "low_90", "high_90")),
        "predicted_loss", "low_90", "high_90", "reason",
    ]  # fmt: skip


def test_the_published_final_losses_come_out_and_the_held_out_runs_to_1_5_percent():
    table = read_losses(PUBLISHED / "olmo_ladder_losses.csv")
    predictions = predict_losses(table, shipped())
    for one in predictions:
        limit = 0.015 if one.row.cells["use"] == "test" else 0.01
        for law, measured in one.row.losses.items():
            low, high = one.losses[law].p5, one.losses[law].p95
            assert one.losses[law].p50 == pytest.approx(measured, rel=limit)
            assert low < measured < high or one.row.cells["use"] == "fit"
    assert "times the largest fitted" in predictions[-1].reason


def test_the_held_out_7b_without_learning_rates_lies_in_its_intervals(tmp_path):
    with (PUBLISHED / "annealing_curves.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == "test"]
    columns = ("run", "parameters", "tokens", *(f"{name}_nats_per_token" for name in LOSSES))
    table = read_losses(write(tmp_path / "seven.csv", rows, columns))
    predictions = predict_losses(table, shipped())
    for score in score_losses(table, predictions):
        assert score["coverage"] >= 0.85
        assert score["median_error"] < 0.03
    assert all("lr is empty" in one.reason for one in predictions)


def test_the_first_rows_are_read_off_the_transient(tmp_path):
    with (PUBLISHED / "loss_starts.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["run"] == "1B-0.5xC"]
    columns = ("run", "parameters", "tokens", "batch_tokens", "peak_learning_rate", "c4_nats_per_token")
    table = read_losses(write(tmp_path / "start.csv", rows, columns))
    predictions = predict_losses(table, shipped())
    assert predictions[0].reason.startswith("in the transient")
    assert predictions[0].losses["olmo-ladder-c4"].p50 > 6.0


def test_a_single_row_may_have_ended_at_a_tenth_or_at_zero(tmp_path):
    row = {"run": "x", "parameters": "7e9", "tokens": "4e12"}
    losses = []
    for share in ("", "0", "0.1"):
        table = read_losses(write(tmp_path / "one.csv", [{**row, "end_lr_share": share}], (*row, "end_lr_share")))
        (one,) = predict_losses(table, shipped())
        losses.append(one.losses["olmo-ladder-pile"].p50)
        assert ("half each" in one.reason) == (share == "")
    assert losses[1] < losses[0] < losses[2]


def test_a_corpus_that_the_fit_has_no_losses_of_gets_a_reason(tmp_path, larger):
    rows = [{**row, "wikitext_ce": ""} for row in ladder_rows(lambda size: size < 2e9)]
    known = fitted_to(read_losses(write(tmp_path / "fit.csv", rows)))
    assert "olmo-ladder-wikitext" not in known
    (first, *_) = predict_losses(larger, known)
    assert "no losses of olmo-ladder-wikitext" in first.reason
    assert set(first.losses) == {one.law for one in CORPORA} - {"olmo-ladder-wikitext"}


def test_too_small_a_table_to_fit_to_is_refused(tmp_path):
    path = write(tmp_path / "fit.csv", ladder_rows(lambda size: size < 2e8))
    with pytest.raises(TableError, match="too few runs"):
        fitted_to(read_losses(path))


def test_learning_rates_of_a_run_are_taken_from_its_rows(larger):
    runs = runs_of(larger.rows)
    assert len(runs) == 5
    for run in runs:
        (guess,) = run.guesses
        assert run.finished
        assert guess.schedule.rates[-1] / guess.schedule.peak == pytest.approx(0.1, rel=0.01)
