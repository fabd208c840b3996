"""The fit finds what it should, never looks at test rows, and its error on them is what the table says."""

import csv
import math
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from clustersim.calibration.free import FREE, Free
from clustersim.calibration.score import class_of
from clustersim.calibration.throughput import evaluate, fit, log_errors, main, with_values
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.step.efficiency import calibrated_table
from clustersim.step.predict import predict_step
from tests.calibration.published import PUBLISHED, published_rows, synthetic

LOOSE = (
    Free(("ampere", "gemm_bf16"), 0.7, 3.0, (0.3, 0.95)),
    Free(("hopper", "gemm_bf16"), 0.7, 3.0, (0.3, 0.95)),
    Free(("hopper", "attention"), 0.5, 3.0, (0.15, 0.9)),
)
"""Three parameters hardly tied to their priors."""

TRUTH = {("ampere", "gemm_bf16"): 0.62, ("hopper", "gemm_bf16"): 0.81, ("hopper", "attention"): 0.33}


def test_known_parameters_are_recovered_from_synthetic_rows() -> None:
    table = with_values(calibrated_table(), TRUTH)
    rows = [row for row in published_rows() if row.split == "fit"]
    found = fit(synthetic(rows, table), start=calibrated_table(), free=LOOSE)
    for key, value in TRUTH.items():
        assert found.fitted[key].value == pytest.approx(value, rel=0.01)
        assert found.table[key[0]][key[1]] == found.fitted[key].value


def test_intervals_hold_the_truth_under_noise() -> None:
    table = with_values(calibrated_table(), TRUTH)
    rows = [row for row in published_rows() if row.split == "fit"]
    found = fit(synthetic(rows, table, noise=0.03), start=calibrated_table(), free=LOOSE)
    for key, value in TRUTH.items():
        assert found.fitted[key].low < value < found.fitted[key].high


def test_test_rows_are_never_fitted() -> None:
    rows = published_rows()
    spoiled = [replace(row, step_time_s=row.step_time_s * 7.0) if row.split == "test" else row for row in rows]
    only_fit = [row for row in rows if row.split == "fit"]
    assert fit(spoiled, free=LOOSE).fitted == fit(only_fit, free=LOOSE).fitted == fit(rows, free=LOOSE).fitted


def test_rows_counted_for_a_parameter_are_fit_rows_of_its_own() -> None:
    rows = published_rows()
    found = fit(rows, free=LOOSE)
    ampere = [row for row in rows if row.split == "fit" and row.gpu.startswith("a100")]
    assert found.fitted["ampere", "gemm_bf16"].rows == len(ampere)


def test_no_parameter_belongs_to_a_row_or_a_model() -> None:
    entries = {entry for entry, _ in (parameter.key for parameter in FREE)}
    assert {entry for entry in entries if not entry.startswith("stack-")} == {
        "ampere",
        "hopper",
        "hopper-500w",
        "blackwell",
        "blackwell-ultra",
    }
    models = {row.model_name.lower() for row in published_rows()}
    assert not entries & models


def test_priors_lie_inside_their_bounds() -> None:
    for parameter in FREE:
        low, high = parameter.bounds
        assert low < parameter.prior < high


def test_error_on_held_out_published_step_times() -> None:
    # Dense models in 16 bits on A100 and H100; the measured errors stand in validation/README.md. The gates leave them
    # a margin of a third for refits. A 60-line roofline reaches a median of 15 %.
    tests = [row for row in published_rows() if row.split == "test"]
    errors = sorted(abs(math.expm1(error)) for error in log_errors(tests, calibrated_table()))
    assert len(errors) == 43
    assert statistics.median(errors) < 0.062
    assert errors[math.ceil(0.9 * len(errors)) - 1] < 0.20


def test_ninety_percent_interval_holds_most_held_out_rows() -> None:
    tests = [row for row in published_rows() if row.split == "test"]
    sigmas = [_sigma(class_of(row), row.stack) for row in tests]
    inside = [
        abs(error) <= 1.645 * sigma for error, sigma in zip(log_errors(tests, calibrated_table()), sigmas, strict=True)
    ]
    assert sum(inside) / len(inside) >= 0.8


def _sigma(name: str, stack: str) -> float:
    return calibrated_table()[f"class-{name}-{stack}"]["sigma"]


LLAMA3_405B = Model(layers=126, hidden=16384, heads=128, kv_heads=8, ffn_hidden=53248, gated=True, vocabulary=128256)


def llama3_row(index: int) -> tuple[float, float, float]:
    """Published FLOP/s per GPU of a layout, and the predicted ones with full and with causal attention."""
    with (PUBLISHED / "llama3_405b.csv").open(encoding="utf-8", newline="") as lines:
        cells = list(csv.DictReader(lines))[index]
    layout = Layout(
        tensor_parallel=int(cells["tp"]),
        context_parallel=int(cells["cp"]),
        pipeline_parallel=int(cells["pp"]),
        virtual_pipeline=8,
        data_parallel=int(cells["dp"]),
        zero_stage=2,
    )
    machines = Cluster.model_validate({"node": "grand-teton-h100", "nodes": int(cells["n_gpus"]) // 8})
    step = predict_step(LLAMA3_405B, layout, int(cells["seq_len"]), int(cells["global_batch_seqs"]), "bf16", machines)
    published = float(cells["model_tflops_per_gpu"]) * 1e12
    return published, step.model_flops_per_gpu_s, step.causal_model_flops_per_gpu_s


@pytest.mark.parametrize("row", [0, 1])
def test_llama3_405b_within_ten_percent_under_both_conventions(row: int) -> None:
    # Llama 3 (arXiv 2407.21783, 2024), Table 4: 430 and 400 TFLOP/s; it does not say how attention is counted. The run
    # and its software are in no fit row.
    published, full, causal = llama3_row(row)
    assert full == pytest.approx(published, rel=0.10)
    assert causal == pytest.approx(published, rel=0.10)


def test_llama3_405b_at_131072_tokens_lies_between_the_conventions() -> None:
    # The same table: 380 TFLOP/s. Here attention is half of the work, and the conventions are 40 % apart.
    published, full, causal = llama3_row(2)
    assert causal < published < full
    assert full < 1.25 * published


def test_evaluation_counts_both_splits() -> None:
    scores = evaluate(published_rows())
    name = "hopper-bf16-dense"
    members = [row for row in published_rows() if class_of(row) == name]
    assert scores[name].rows_fit == sum(row.split == "fit" for row in members)
    assert scores[name].rows_test == sum(row.split == "test" for row in members)
    assert scores[name].gpus_max == max(row.layouts[0].gpus for row in members if row.split == "fit")
    assert scores[name].sigma >= 1.48 * scores[name].median * 0.9


def test_scores_without_test_rows_are_empty() -> None:
    only_fit = [row for row in published_rows() if row.split == "fit"]
    assert all(math.isnan(score.median) and score.rows_test == 0 for score in evaluate(only_fit).values())


def test_command_writes_a_table_that_reads_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = tmp_path / "rows.csv", tmp_path / "table.csv"
    with (PUBLISHED / "step_times.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["stack"].startswith("megatron-2021")]
    with data.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    assert main(["--data", str(data), "--out", str(out)]) == 0
    assert "ampere-bf16-dense" in capsys.readouterr().out
    with out.open(encoding="utf-8", newline="") as lines:
        written = {(row["entry"], row["field"]): row for row in csv.DictReader(lines)}
    fitted = written["ampere", "gemm_bf16"]
    low, high = (float(written["ampere", f"{end}.gemm_bf16"]["value"]) for end in ("low", "high"))
    assert low < float(fitted["value"]) < high
    assert "fit rows" in fitted["source"]
    assert written["hopper", "gemm_bf16"]["value"] == f"{calibrated_table()['hopper']['gemm_bf16']:.4g}"
    assert all(row["source"] for row in written.values())
