import numpy as np
import pytest

from clustersim.calibration.learning.schedule_table import faults, read_curves, schedule_curve
from clustersim.tables.csv_lines import TableError


def table(tmp_path, text: str):
    path = tmp_path / "curves.csv"
    path.write_text("model,schedule,step,lr,loss\n" + text, encoding="utf-8")
    return read_curves(path)


def curve(tmp_path, text: str, warmup_steps: int | None = None):
    (rows,) = table(tmp_path, text).curves().values()
    return schedule_curve(rows, warmup_steps)


def test_the_warm_up_climbs_to_the_first_row(tmp_path):
    found = curve(tmp_path, "m,s,4,1e-3,3\nm,s,6,1e-3,2\n")
    assert found.rates == pytest.approx([2.5e-4, 5e-4, 7.5e-4, 1e-3, 1e-3, 1e-3])
    assert found.steps.tolist() == [4, 6]


def test_a_late_first_row_is_reached_by_the_warm_up_of_the_model(tmp_path):
    found = curve(tmp_path, "m,s,8,1e-3,3\nm,s,10,1e-3,2\n", 2)
    assert found.rates == pytest.approx([5e-4] + [1e-3] * 9)


def test_rows_of_the_warm_up_are_left_out(tmp_path):
    found = curve(tmp_path, "m,s,2,2e-4,5\nm,s,4,4e-4,4\nm,s,6,4e-4,3\nm,s,8,2e-4,2\n")
    assert found.steps.tolist() == [4, 6, 8]
    assert found.rows == (1, 2, 3)


def test_a_decay_is_a_straight_line_between_rows(tmp_path):
    found = curve(tmp_path, "m,s,1,4,3\nm,s,3,2,3\nm,s,5,1,3\n")
    assert found.rates == pytest.approx([4, 3, 2, 1.5, 1])


def test_a_drop_between_flat_stretches_comes_at_its_row(tmp_path):
    found = curve(tmp_path, "m,s,1,4,3\nm,s,4,4,3\nm,s,8,1,3\nm,s,9,1,3\n")
    assert found.rates.tolist() == pytest.approx([4, 4, 4, 4, 4, 4, 4, 1, 1])


def test_an_empty_learning_rate_is_filled_and_rows_may_be_in_any_order(tmp_path):
    found = curve(tmp_path, "m,s,5,1,\nm,s,3,,2.5\nm,s,1,4,3\n")
    assert found.rates == pytest.approx([4, 3.25, 2.5, 1.75, 1])
    assert found.rows == (2, 1, 0)
    assert np.isnan(found.loss_nats[-1])
    assert found.measured().steps.tolist() == [1, 3]


def test_a_schedule_without_any_learning_rate_has_no_curve(tmp_path):
    assert curve(tmp_path, "m,s,5,,3\n") is None


def test_every_fault_names_its_line(tmp_path):
    found = table(
        tmp_path, "m,s,x,1,3\nm,s,1.5,1,3\nm,s,1,-1,3\nm,s,1,1,0\n,s,1,1,3\nm,s,1\nm,s,1,inf,3\nm,s,9e9,1,3\n"
    )
    said = faults(found, with_loss=True)
    assert [line.split(":")[1] for line in said] == ["2", "3", "4", "5", "6", "7", "8", "9"]
    assert "'x' is not a number" in said[0]
    assert "not a whole number" in said[1]
    assert "negative" in said[2]
    assert "not positive" in said[3]
    assert "empty" in said[4]
    assert "3 cells under 5 columns" in said[5]
    assert "not finite" in said[6]
    assert "beyond" in said[7]


def test_a_table_for_a_fit_needs_losses(tmp_path):
    path = tmp_path / "curves.csv"
    path.write_text("model,schedule,step,lr\nm,s,1,1\n", encoding="utf-8")
    assert faults(read_curves(path), with_loss=False) == []
    assert faults(read_curves(path), with_loss=True) == [f"{path}:1: lacks the column loss"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model,step\n", "lacks the columns schedule, lr"),
        ("model,schedule,step,lr,lr\n", "column lr stands there twice"),
    ],
)
def test_a_table_without_its_columns_is_refused(tmp_path, text, said):
    path = tmp_path / "curves.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=said):
        read_curves(path)


def test_a_curve_can_be_cut(tmp_path):
    found = curve(tmp_path, "m,s,1,4,3\nm,s,3,2,2\nm,s,5,1,1\n").until(3)
    assert (found.steps.tolist(), len(found.rates), found.loss_nats.tolist()) == ([1, 3], 3, [3, 2])
