"""The fit finds what it should, never looks at test rows, and its error on them is what the table says."""

import csv
import math
import statistics
from dataclasses import replace

import pytest

from clustersim.calibration.free import FREE, Free
from clustersim.calibration.score import class_of
from clustersim.calibration.throughput import evaluate, fit, log_errors, predicted_s, row_weights, speaks, with_values
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.step.efficiency import calibrated_table
from clustersim.step.predict import predict_step
from tests.calibration.published import PUBLISHED, published_rows, published_steps, synthetic

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


def test_layouts_of_a_sweep_weigh_for_themselves_and_repetitions_share() -> None:
    one = published_steps()[0]
    again = replace(one, global_batch=2 * one.global_batch)
    split = replace(one, layouts=(one.layouts[0].model_copy(update={"tensor_parallel": 8}),))
    assert row_weights([one, again, split]) == pytest.approx([math.sqrt(0.5), math.sqrt(0.5), 1.0])


def test_rows_counted_for_a_parameter_are_fit_rows_of_its_own() -> None:
    rows = published_rows()
    found = fit(rows, free=LOOSE)
    ampere = [row for row in rows if row.split == "fit" and row.gpu.startswith("a100")]
    assert found.fitted["ampere", "gemm_bf16"].rows == len(ampere)


EXPERTS = ("expert", "ep_exposed", "routed_passes", "biased_experts", "biased_fused")


@pytest.mark.parametrize("field", EXPERTS)
def test_parameters_of_experts_are_heard_where_they_move_a_step(field: str) -> None:
    key, table = ("stack-megatron", field), calibrated_table()
    moved = with_values(table, {key: 1.5 * table[key[0]][field]})
    rows = [row for row in published_steps() if row.stack == "megatron" and row.split == "fit"]
    heard = {row.id for row in rows if speaks(key, row)}
    moving = {row.id for row in rows if predicted_s(row, moved) != predicted_s(row, table)}
    assert moving <= heard
    assert 0 < len(heard) < len(rows)
    assert len(moving) > 0.5 * len(heard)


def test_biased_experts_are_heard_with_the_kernels_of_the_row() -> None:
    rows = [row for row in published_steps() if row.split == "fit" and row.model.mixture and row.model.ffn_bias]
    fused = {row.id for row in rows if speaks(("stack-megatron", "biased_fused"), row)}
    plain = {row.id for row in rows if speaks(("stack-megatron", "biased_experts"), row)}
    assert fused == {row.id for row in rows if "fused_experts" in row.options}
    assert plain == {row.id for row in rows} - fused


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


def test_llama3_405b_at_131072_tokens_tells_the_conventions_apart() -> None:
    # The same table: 380 TFLOP/s. Here attention is half of the work, and the conventions are 40 % apart.
    published, full, causal = llama3_row(2)
    assert full == pytest.approx(published, rel=0.05)
    assert causal < 0.8 * published


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
