import csv
import io
from pathlib import Path

import pytest

from clustersim.calibration.learning.schedule_predictions import (
    ADDED,
    predict_table,
    predictions_csv,
    reasons_of,
    score_curves,
)
from clustersim.calibration.learning.schedule_table import read_curves
from clustersim.calibration.learning.schedules import shipped_fit
from clustersim.tables.csv_lines import TableError

ROOT = Path(__file__).parents[3]
DATA = ROOT / "validation" / "published" / "schedule_curves.csv"


def predicted(tmp_path, text: str, header: str = "model,schedule,step,lr,loss"):
    path = tmp_path / "data.csv"
    path.write_text(f"{header}\n{text}", encoding="utf-8")
    table = read_curves(path)
    return table, predict_table(table, shipped_fit())


def test_every_row_comes_back_in_its_order_with_all_its_columns():
    table = read_curves(DATA)
    rows = list(csv.DictReader(io.StringIO(predictions_csv(table, predict_table(table, shipped_fit())))))
    with DATA.open(encoding="utf-8", newline="") as lines:
        for row, original in zip(rows, csv.DictReader(lines), strict=True):
            assert {name: row[name] for name in original} == original
            assert float(row["low_90"]) < float(row["predicted_loss"]) < float(row["high_90"])


def test_measured_losses_change_nothing(tmp_path):
    rows = [f"400M,s,{step},3e-4," for step in range(2500, 9000, 500)]
    _, blind = predicted(tmp_path, "\n".join(rows))
    _, seeing = predicted(tmp_path, "\n".join(f"{row}9.9" for row in rows))
    _, without = predicted(tmp_path, "\n".join(row[:-1] for row in rows), "model,schedule,step,lr")
    assert [item.loss_nats for item in blind] == [item.loss_nats for item in seeing]
    assert [item.loss_nats for item in blind] == [item.loss_nats for item in without]
    assert seeing[0].error == pytest.approx(blind[0].loss_nats - 9.9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("7B,s,3000,3e-4,3\n", "model '7B' is not among those fitted (25M, 100M, 400M)"),
        ("25M,s,3000,,3\n", "no row of this schedule has a learning rate"),
        ("25M,s,100,1e-5,6\n25M,s,3000,3e-4,3\n25M,s,5000,3e-4,3\n", "within the warm-up"),
        ("25M,s,oops,3e-4,3\n", "step: 'oops' is not a number"),
    ],
)
def test_a_row_without_a_prediction_says_why(tmp_path, text, said):
    _, items = predicted(tmp_path, text)
    assert said in items[0].reason
    assert next(iter(reasons_of(items).items())) == (items[0].reason, 1)


def test_a_prediction_far_out_says_how_far(tmp_path):
    _, items = predicted(tmp_path, "25M,s,3000,3e-4,\n25M,s,100000,3e-4,\n")
    assert items[0].reason == ""
    assert "the largest fitted area" in items[1].reason
    assert items[1].half_width > items[0].half_width


def test_another_peak_widens_the_interval_by_the_penalty_of_the_step_law(tmp_path):
    _, usual = predicted(tmp_path, "25M,s,3000,3e-4,\n")
    _, high = predicted(tmp_path, "25M,s,3000,12e-4,\n")
    assert high[0].half_width > usual[0].half_width + 0.02 * usual[0].loss_nats
    assert "peak learning rate 4 times that of the fit" in high[0].reason


def test_scores_by_curve():
    table = read_curves(DATA)
    scores = {(s["model"], s["schedule"]): s for s in score_curves(predict_table(table, shipped_fit()))}
    assert len(scores) == 18
    one = scores["100M", "wsd_20000_24000"]
    assert one["rows"] == one["predicted"] == one["measured"]
    assert one["mean_absolute_error"] < 0.004
    assert 0.85 < one["coverage_90"] <= 1.0


def test_a_curve_without_measurements_has_no_errors(tmp_path):
    _, items = predicted(tmp_path, "25M,s,3000,3e-4,\n")
    (score,) = score_curves(items)
    assert (score["predicted"], score["measured"], score["mean_absolute_error"]) == (1, 0, None)


def test_columns_of_a_prediction_may_not_be_there_already(tmp_path):
    table, items = predicted(tmp_path, "25M,s,3000,3e-4,,\n", "model,schedule,step,lr,loss,low_90")
    with pytest.raises(TableError, match="low_90"):
        predictions_csv(table, items)
    assert ADDED[-1] == "reason"
