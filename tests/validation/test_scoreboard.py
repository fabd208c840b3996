"""The step model against the published record that is carried in the repository: held-out rows, never fitted."""

import csv
import math
import statistics
from functools import lru_cache
from pathlib import Path

import pytest

import clustersim as cs
from clustersim.calibration.rows import PublishedStep, read_rows
from clustersim.calibration.throughput import log_errors
from clustersim.step.efficiency import calibrated_table
from clustersim.step.predict import predict_step
from validation.topology_sweep import orders

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "validation" / "published"
WIDE = ("bf16", "fp16")


@lru_cache(maxsize=1)
def held_out() -> tuple[tuple[PublishedStep, float], ...]:
    """Complete held-out rows with their relative errors."""
    rows, skipped = read_rows(PUBLISHED / "throughput.csv")
    assert skipped == []
    tests = [row for row in rows if row.split == "test"]
    return tuple(
        (row, math.expm1(error)) for row, error in zip(tests, log_errors(tests, calibrated_table()), strict=True)
    )


def sizes(keep: str) -> list[float]:
    """Sizes of the errors of a class of rows, in order."""

    def belongs(row: PublishedStep) -> bool:
        kind = "moe" if row.model.mixture else "v100" if row.gpu.startswith("v100") else "dense"
        if kind != "dense":
            return keep == kind
        if row.gpu in ("b200", "b300", "gb200", "gb300"):
            return keep == "blackwell"
        return keep == ("wide" if row.precision in WIDE else "fp8")

    return sorted(abs(error) for row, error in held_out() if belongs(row))


def ninth_decile(ordered: list[float]) -> float:
    return ordered[math.ceil(0.9 * len(ordered)) - 1]


def test_every_complete_row_is_predicted() -> None:
    assert len(held_out()) == 269


def test_dense_models_in_sixteen_bits() -> None:
    errors = sizes("wide")
    assert len(errors) == 108
    assert statistics.median(errors) <= 0.05
    assert ninth_decile(errors) <= 0.15


def test_no_source_of_them_is_off_as_a_whole() -> None:
    by_source: dict[str, list[float]] = {}
    for row, error in held_out():
        if row.model.mixture is None and row.precision in WIDE and not row.gpu.startswith(("v100", "b", "gb")):
            by_source.setdefault(row.source, []).append(abs(error))
    medians = {source: statistics.median(errors) for source, errors in by_source.items()}
    assert max(medians.values()) <= 0.10, medians


@pytest.mark.parametrize(("keep", "rows"), [("fp8", 45), ("blackwell", 28), ("moe", 84)])
def test_narrow_formats_blackwell_and_mixtures(keep: str, rows: int) -> None:
    errors = sizes(keep)
    assert len(errors) == rows
    assert statistics.median(errors) <= 0.10


def test_one_node_of_a100() -> None:
    # Every third held-out run, to keep the suite short; all of them: `clustersim validate throughput`.
    rows, _ = read_rows(PUBLISHED / "throughput_a100_node.csv")
    tests = [row for row in rows if row.split == "test"]
    assert len(tests) == 720
    errors = [math.expm1(error) for error in log_errors(tests[::3], calibrated_table())]
    assert statistics.mean(map(abs, errors)) <= 0.06
    assert abs(statistics.mean(errors)) <= 0.02


def test_llama3_405b_in_its_three_layouts() -> None:
    """The paper does not say how it counts attention; in full, as PaLM does, all three layouts agree."""
    scenario = cs.load(ROOT / "scenarios" / "llama3-405b.yaml").scenario
    with (PUBLISHED / "llama3_405b.csv").open(encoding="utf-8", newline="") as lines:
        published = list(csv.DictReader(lines))
    assert len(published) == 3
    for row in published:
        layout = scenario.training.layout.model_copy(
            update={"context_parallel": int(row["cp"]), "data_parallel": int(row["dp"])}
        )
        step = predict_step(
            scenario.model,
            layout,
            int(row["seq_len"]),
            int(row["global_batch_seqs"]),
            "bf16",
            scenario.cluster,
            stack=scenario.training.software,
        )
        assert step.model_flops_per_gpu_s == pytest.approx(float(row["model_tflops_per_gpu"]) * 1e12, rel=0.05)


def test_layouts_of_one_cluster_are_ranked() -> None:
    """BLOOM's layout sweep (384 A100, one model): the best run of each layout, measured and predicted."""
    whole, one_job, *_ = orders()
    assert (whole.runs, whole.layouts, one_job.layouts) == (41, 24, 21)
    # One run of a single step, at 1,568 sequences, took as long as its own layout at 2,048.
    assert whole.spearman >= 0.85
    assert one_job.spearman >= 0.9
    assert max(whole.loss, one_job.loss) <= 0.05
