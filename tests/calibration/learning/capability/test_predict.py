import csv
import io

import pytest

from clustersim.calibration.learning.capability.errors import errors_by_task
from clustersim.calibration.learning.capability.predict import fitted_laws, predict_scores, shipped_laws
from clustersim.calibration.learning.capability.predictions_csv import predictions_csv
from clustersim.calibration.learning.capability.rows import read_scores
from clustersim.tables.csv_lines import TableError
from tests.calibration.learning.capability.tables import PUBLISHED, ROW, made_up, rows_of, write_table


@pytest.fixture(scope="module")
def shipped():
    return shipped_laws()


def predicted(tmp_path, laws, *rows):
    return predict_scores(read_scores(write_table(tmp_path / "rows.csv", rows)), laws)


def mmlu(**changes):
    return {**ROW, "task": "MMLU", "model": "new-7b", "family": "New", **changes}


def test_held_out_models_of_new_families_lie_in_their_intervals(shipped):
    table = read_scores(PUBLISHED)
    items = [item for item in predict_scores(table, shipped) if item.row.text("use") == "test"]
    assert [item.row.text("model") for item in items] == ["Chinchilla 70B", "PaLM 540B", "PaLM 62B", "PaLM 8B"]
    assert all(item.low < item.measured < item.high for item in items)
    assert not any(item.known or item.fitted for item in items)


def test_fitted_models_are_predicted_without_their_own_scores_and_well_covered(shipped):
    table = read_scores(PUBLISHED)
    items = [item for item in predict_scores(table, shipped) if item.row.text("use") == "fit"]
    assert len(items) == 1623
    assert all(item.fitted and "this model is in the fit" in item.reason for item in items)
    overall = errors_by_task(items)[-1]
    assert overall.task == "all"
    assert 0.85 <= overall.coverage <= 0.95
    assert overall.rmse < 0.075
    known = [item for item in items if item.known]
    alone = [item for item in items if not item.known]
    assert errors_by_task(known)[-1].width < errors_by_task(alone)[-1].width
    assert 0.85 <= errors_by_task(known)[-1].coverage <= 0.95
    assert 0.85 <= errors_by_task(alone)[-1].coverage <= 0.97


def test_the_score_of_a_row_has_no_part_in_its_prediction(tmp_path, shipped):
    rows = [mmlu(score=text) for text in ("0.3", "0.9", "", "rubbish")]
    rows += [mmlu(model="huggyllama/llama-7b", family="Llama", score=text) for text in ("0.3", "0.9")]
    new = predicted(tmp_path, shipped, *rows)
    assert len({(item.low, item.middle, item.high) for item in new[:4]}) == 1
    assert (new[4].low, new[4].middle, new[4].high) == (new[5].low, new[5].middle, new[5].high)


def test_reasons_say_what_was_assumed_and_how_far_it_reaches(tmp_path, shipped):
    cases = [
        (mmlu(), "taken as new"),
        (mmlu(), "compute 6 x params x tokens"),
        (mmlu(family="Llama"), "family's offset from 4 other models of the fit"),
        (mmlu(params="", tokens="", train_flops="1e23"), "tokens per parameter unknown, taken as 100"),
        (mmlu(params="4e11", tokens="1.5e13"), "1.0 decades of compute beyond the largest fitted model (3.8e+24 FLOP)"),
        (mmlu(params="1e7", tokens="1e9"), "compute below the smallest fitted model"),
        (mmlu(params="3e9", tokens="6.27e14"), "209,000 tokens per parameter, of which 10,000 count"),
    ]
    for item, (_, words) in zip(predicted(tmp_path, shipped, *(row for row, _ in cases)), cases, strict=True):
        assert item.middle is not None
        assert words in item.reason


def test_rows_that_cannot_be_predicted_say_why(tmp_path, shipped):
    cases = [
        (mmlu(task="quiz"), "unknown task 'quiz'; the fit knows ARC-C"),
        (mmlu(task=""), "no task"),
        (mmlu(tokens=""), "no training compute"),
        (mmlu(params="seven"), "params: 'seven' is no number"),
        (mmlu(metric="loss_threshold"), "states where an ability begins"),
    ]
    for item, (_, words) in zip(predicted(tmp_path, shipped, *(row for row, _ in cases)), cases, strict=True):
        assert (item.low, item.middle, item.high) == (None, None, None)
        assert words in item.reason


def test_a_score_that_is_no_fraction_is_said_to_be_compared_with_nothing(tmp_path, shipped):
    (percent,) = predicted(tmp_path, shipped, mmlu(score="50"))
    assert percent.measured is None
    assert percent.middle is not None
    assert percent.reason.endswith("score: 50 is not a fraction: not compared")


def test_a_ragged_row_is_its_own_fault(tmp_path, shipped):
    path = write_table(tmp_path / "rows.csv", [mmlu()])
    path.write_text(path.read_text("utf-8") + "MMLU,x\n", "utf-8")
    items = predict_scores(read_scores(path), shipped)
    assert items[0].middle is not None
    assert items[1].reason == "2 cells under 9 columns"


def test_laws_fitted_to_a_table_know_its_benchmarks_alone(tmp_path):
    few = [{**row, "task": "rare"} for row in rows_of(made_up(families=2, each=3))]
    table = read_scores(write_table(tmp_path / "fit.csv", [*rows_of(made_up(families=12, each=5)), *few]))
    laws = fitted_laws(table)
    assert set(laws.laws) == {"quiz"}
    known, new, other, rare = predicted(
        tmp_path,
        laws,
        {**ROW, "family": "F1", "model": "fresh"},
        {**ROW, "family": "G", "model": "fresh"},
        mmlu(),
        {**ROW, "task": "rare"},
    )
    assert known.known
    assert not new.known
    assert known.high - known.low < new.high - new.low
    assert "unknown task 'MMLU'; the fit knows quiz" in other.reason
    assert "6 models of 2 families" in rare.reason


def test_the_csv_keeps_columns_and_order_and_adds_four(tmp_path, shipped):
    rows = [mmlu(model="b"), mmlu(task="quiz", model="a"), mmlu(model="c, d")]
    text = predictions_csv(tuple(rows[0]), predicted(tmp_path, shipped, *rows))
    back = list(csv.DictReader(io.StringIO(text)))
    assert [{name: cells[name] for name in rows[0]} for cells in back] == rows
    assert list(back[0])[-4:] == ["predicted_score", "low_90", "high_90", "reason"]
    assert [bool(cells["predicted_score"]) for cells in back] == [True, False, True]
    assert float(back[0]["low_90"]) < float(back[0]["predicted_score"]) < float(back[0]["high_90"])
    with pytest.raises(TableError, match="low_90"):
        predictions_csv(("task", "low_90"), [])


def test_without_measured_scores_there_are_no_errors(tmp_path, shipped):
    assert errors_by_task(predicted(tmp_path, shipped, mmlu(score=""))) == []
