"""Predictions of published rows: every row has one or a reason, in the order of the file."""

import csv
import io
import json
import math
import os
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clustersim.calibration.errors_by import errors_by, errors_of, group_of, scored, worst
from clustersim.calibration.predictions import Prediction, predict_record, predict_table, usable_rows
from clustersim.calibration.predictions_csv import ADDED, BREAKDOWN, predictions_csv, write_whole
from clustersim.calibration.rows import Record, TableError, read_table
from clustersim.calibration.scoreboard import scoreboard
from clustersim.step.predict import predict_step
from tests.calibration.published import PUBLISHED
from tests.calibration.rows_table import ROW, row, write_rows


def predicted_rows(path: Path, *rows: dict[str, str]) -> list[Prediction]:
    return predict_table(read_table(write_rows(path / "rows.csv", rows)))


def test_a_prediction_is_that_of_the_step_model(tmp_path: Path) -> None:
    (item,) = predicted_rows(tmp_path, row())
    assert item.predicted is not None
    published = item.predicted.row
    step = predict_step(published.model, published.layouts[0], 8192, 256, "bf16", published.cluster, stack="megatron")
    assert item.predicted.step == step
    assert item.predicted.error == pytest.approx(step.mean_s / 3.1 - 1.0)
    assert item.predicted.tokens_per_s_per_gpu == pytest.approx(256 * 8192 / step.mean_s / 64)


def test_of_possible_layouts_the_fastest_counts(tmp_path: Path) -> None:
    said = [
        predicted_rows(tmp_path, row(micro_batch=str(size), recompute="full"))[0].predicted for size in (1, 2, 4, 8)
    ]
    (item,) = predicted_rows(tmp_path, row(micro_batch="", recompute="full"))
    assert item.predicted is not None
    fastest = min(one.step.mean_s for one in said if one and not one.row.remarks)
    assert item.predicted.step.mean_s == fastest
    assert (
        f"micro_batch: fastest of 1, 2, 4, 8 that fits: {item.predicted.layout.micro_batch}" in item.predicted.assumed
    )


def test_nearly_every_curated_row_is_predicted() -> None:
    predictions = predict_table(read_table(PUBLISHED / "step_times.csv"))
    complete = [item for item in predictions if item.record.complete]
    assert len(complete) == 85
    assert sum(item.predicted is not None for item in complete) >= 0.95 * len(complete)


def test_a_split_leaves_the_others_out(tmp_path: Path) -> None:
    table = read_table(write_rows(tmp_path / "rows.csv", [row(), row(split="fit"), row(split="")]))
    assert [len(predict_table(table, split)) for split in ("all", "fit", "test")] == [3, 1, 1]


def test_a_row_that_cannot_be_read_keeps_its_place(tmp_path: Path) -> None:
    items = predicted_rows(tmp_path, row(), row(id="bad", n_gpus="abc"), row(id="last"))
    assert [item.record.cells["id"] for item in items] == ["GOLD-1", "bad", "last"]
    assert [item.predicted is None for item in items] == [False, True, False]
    assert items[1].reason == "line 3, column n_gpus: 'abc' is not a whole number, 1 or more"


def test_rows_with_too_few_or_too_many_cells_have_a_reason(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", [row()])
    path.write_text(path.read_text("utf-8") + "short,row\n" + "x," * 60 + "\n", "utf-8")
    items = predict_table(read_table(path))
    assert [item.reason for item in items[1:]] == [
        f"line 3: 2 cells under {len(ROW)} columns",
        f"line 4: 61 cells under {len(ROW)} columns",
    ]


CELLS = st.sampled_from(
    ["", "0", "1", "2", "8", "13", "64", "abc", "-1", "nan", "1e30", "n/a", "yes", "full", "h100", "8x400g", "fp8", "Ω"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([name for name in ROW if name != "id"]), CELLS, max_size=6))
def test_every_row_has_either_a_prediction_or_a_reason(changes: dict[str, str]) -> None:
    item = predict_record(Record(2, row(**changes)))
    assert (item.predicted is None) == bool(item.reason)
    if item.predicted is not None:
        assert 0.0 < item.predicted.step.mean_s < math.inf
    else:
        assert item.reason.startswith("line 2")


def test_the_input_comes_back_with_the_prediction_behind(tmp_path: Path) -> None:
    rows = [row(notes='with "quotes", commas\nand lines'), row(id="bad", gpu="abacus"), row(id="x", micro_batch="")]
    table = read_table(write_rows(tmp_path / "rows.csv", rows))
    predictions = predict_table(table)
    text = predictions_csv(table.columns, predictions)
    reader = csv.DictReader(io.StringIO(text))
    assert tuple(reader.fieldnames or ()) == (*ROW, *ADDED)
    back = list(reader)
    assert [{name: cells[name] for name in ROW} for cells in back] == rows
    for cells, item in zip(back, predictions, strict=True):
        assert bool(cells["predicted_step_time_s"]) != bool(cells["reason"])
        if item.predicted is not None:
            parts = sum(float(cells[name]) for name in BREAKDOWN)
            assert parts == pytest.approx(float(cells["predicted_step_time_s"]), rel=1e-4)
            memory = json.loads(cells["memory_by_kind"])
            assert sum(memory.values()) == pytest.approx(float(cells["peak_memory_gib"]), abs=0.01)
    assert text == predictions_csv(table.columns, predict_table(table))


def test_a_table_with_columns_of_a_prediction_is_refused(tmp_path: Path) -> None:
    table = read_table(write_rows(tmp_path / "rows.csv", [row(error="0.1")]))
    with pytest.raises(TableError, match="error"):
        predictions_csv(table.columns, predict_table(table))


def test_a_file_is_written_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("earlier", "utf-8")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half\ud800")
    assert path.read_text("utf-8") == "earlier"
    write_whole(path, "whole")
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]
    assert path.read_text("utf-8") == "whole"


def test_a_link_is_written_behind_and_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "real.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    write_whole(link, "whole")
    assert link.is_symlink()
    assert target.read_text("utf-8") == "whole"
    assert [file.name for file in target.parent.iterdir()] == ["real.csv"]


def test_a_pipe_is_written_through_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    write_whole(pipe, "whole")
    reader.join(timeout=300)
    assert read == ["whole"]
    assert pipe.is_fifo()
    assert [file.name for file in tmp_path.iterdir()] == ["pipe"]


def test_stand_ins_widen_the_prediction(tmp_path: Path) -> None:
    plain, other = predicted_rows(tmp_path, row(), row(gpu="h800", fabric="token ring", stack="nemo-25.04"))
    assert plain.predicted is not None
    assert other.predicted is not None
    # A card by its relative and a fabric by the vendor's own: 0.10 and 0.05 in quadrature.
    expected = math.hypot(other.predicted.step.prediction_sigma, 0.10, 0.05)
    assert other.predicted.prediction_sigma == pytest.approx(expected)
    assert plain.predicted.prediction_sigma == plain.predicted.step.prediction_sigma
    assert any("stands in" in text for text in other.predicted.extrapolated)


def test_errors_of_a_group() -> None:
    # |errors| 1, 2, 3, ..., 10 %: median 5.5 %, 9th of 10 is 9 %, mean 5.5 %; half of them negative.
    errors = [(0.01 if n % 2 else -0.01) * n for n in range(1, 11)]
    found = errors_of("all", errors)
    assert found.rows == 10
    assert found.median == pytest.approx(0.055)
    assert found.p90 == pytest.approx(0.09)
    assert found.mean == pytest.approx(0.055)
    assert found.bias == pytest.approx(-0.005)
    assert math.isnan(errors_of("none", []).median)


def test_groups_and_worst_rows(tmp_path: Path) -> None:
    items = scored(
        predicted_rows(tmp_path, row(), row(step_time_s="1"), row(step_time_s=""), row(model="Other", step_time_s="30"))
    )
    assert len(items) == 3
    assert [(group.name.partition(" |")[0], group.rows) for group in errors_by(items, group_of)] == [
        ("Llama 3 8B", 2),
        ("Other", 1),
    ]
    assert [item[0].record.line for item in worst(items, 2)] == [3, 5]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "dense 16-bit A100/H100"),
        ({"gpu": "a100-80gb"}, "dense 16-bit A100/H100"),
        ({"precision": "fp8"}, "dense FP8 H100"),
        ({"gpu": "b200", "precision": "mxfp8"}, "dense Blackwell"),
        ({"gpu": "v100-32gb", "precision": "fp16"}, "dense V100"),
        ({"gpu": "tpu-v5p", "stack": "maxtext"}, "other hardware"),
        ({"gpu": "a100-80gb", "fabric": "nvlink", "n_gpus": "8", "dp": "4"}, "single node"),
        ({"n_experts": "8", "experts_per_token": "2", "gpu": "b200"}, "mixture of experts"),
    ],
)
def test_rows_have_one_class_each(tmp_path: Path, changes: dict[str, str], name: str) -> None:
    board = scoreboard(predicted_rows(tmp_path, row(**changes)))
    assert [group.name for group in board.held_out] == [name]


def test_scoreboard_keeps_held_out_fitted_and_incomplete_rows_apart(tmp_path: Path) -> None:
    rows = [row(), row(split="fit"), row(split="fit"), row(missing="tp"), row(gpu="abacus"), row(step_time_s="")]
    board = scoreboard(predicted_rows(tmp_path, *rows))
    assert (board.rows, board.predicted, board.timed) == (6, 5, 4)
    assert (board.complete_rows, board.complete_predicted) == (5, 4)
    assert [sum(group.rows for group in part.by_class) for part in board.parts] == [1, 2, 1]
    assert [rows for _, rows in board.reasons] == [1]


def test_predictions_do_not_look_at_published_times(tmp_path: Path) -> None:
    plain, spoiled = (predicted_rows(tmp_path, row(step_time_s=time))[0].predicted for time in ("3.1", "31"))
    assert plain is not None
    assert spoiled is not None
    assert replace(plain, row=spoiled.row) == spoiled


ODD_CELLS = (
    "None", "<NA>", "#N/A", "NaN", "0", "-1", "1.5", "1e9", "1e12", "1e300", "1e-300", "0x0G", "0x400G", "8x0g", "abc",
    "1,024", "1,5", "8.0", "1.0", "'", "full", "\u0663", "8x400G x", "DeepSeek-V3", "Mamba 2B", "GPT 1e9B", "9" * 400,
)  # fmt: skip


@pytest.mark.parametrize("column", [name for name in ROW if name != "id"])
def test_whatever_stands_in_a_column_the_row_has_a_prediction_or_a_reason(column: str) -> None:
    for cell in ODD_CELLS:
        begun = time.perf_counter()
        item = predict_record(Record(2, row(**{column: cell})))
        assert time.perf_counter() - begun < 20.0, cell  # 0.01 s; this guards against a hang
        assert (item.predicted is None) == bool(item.reason)
        if item.predicted is None:
            assert re.match(r"line 2, [a-z_. ]+: ", item.reason), (cell, item.reason)
            assert "\n" not in item.reason
            assert "http" not in item.reason
        else:
            assert 0.0 < item.predicted.step.mean_s < math.inf


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("n_layers", "1e9"),
        ("hidden", "1e12"),
        ("n_gpus", "1e300"),
        ("moe_every", "1e9"),
        ("global_batch_seqs", "1e10"),
        ("vpp", "1e6"),
    ],
)
def test_a_number_beyond_its_column_is_told_with_the_bound(column: str, cell: str) -> None:
    item = predict_record(Record(2, row(**{column: cell, "n_experts": "8", "pp": "2"})))
    assert re.fullmatch(rf"line 2, column {column}: '{re.escape(cell)}' is not [\d,]+ or less", item.reason)


def test_data_frames_may_write_their_empty_cells_and_whole_numbers() -> None:
    plain = predict_record(Record(2, row())).predicted
    whole = {name: f"{cell}.0" for name, cell in ROW.items() if cell.isdigit()}
    empty = {name: "None" for name, cell in ROW.items() if not cell}
    framed = predict_record(Record(2, row(**whole, **empty))).predicted
    assert plain is not None
    assert framed is not None
    assert framed.step == plain.step
    assert predict_record(Record(2, row(n_layers="None", hidden="<NA>", n_heads="NaN"))).predicted is not None


def test_numbers_may_have_commas_between_thousands() -> None:
    item = predict_record(Record(2, row(n_gpus="1,024", dp="512", global_batch_seqs="1,024")))
    assert item.predicted is not None
    assert item.predicted.layout.gpus == 1024
    assert "'1,5'" in predict_record(Record(2, row(n_gpus="1,5"))).reason
    noted = predict_record(Record(2, row(n_gpus="", dp="", notes="derived: n_gpus=1,024, gpus_per_node=8")))
    assert noted.predicted is not None
    assert noted.predicted.layout.gpus == 1024


def test_rows_that_a_fit_cannot_predict_are_passed_over_with_their_lines(tmp_path: Path) -> None:
    rows = [
        row(id="good", split="fit"),
        row(id="none of zero", split="fit", fabric="0x0G"),
        row(id="nameless", split="fit", n_layers="None", model="Nameless"),
        row(id="chunks", split="fit", pp="2", vpp="1000"),
        row(id="untimed", split="fit", step_time_s=""),
    ]
    read, skipped = usable_rows(write_rows(tmp_path / "rows.csv", rows))
    assert [item.id for item in read] == ["good"]
    assert [(item.id, item.reason.partition(",")[0]) for item in skipped] == [
        ("none of zero", "line 3"),
        ("nameless", "line 4"),
        ("chunks", "line 5"),
        ("untimed", "line 6"),
    ]
