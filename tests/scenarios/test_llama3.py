"""Llama 3 405B: the forecast against what Meta printed."""

import math
from typing import Any

import pytest

from clustersim.run.records import LOSS_SPIKE
from tests.scenarios.conftest import MakeForecast

WINDOW = "54-day snapshot"
GPU_CATEGORIES = {
    "faulty_gpu", "gpu_hbm3_memory", "gpu_sram_memory", "gpu_system_processor", "silent_data_corruption",
    "gpu_thermal_interface_sensor",
}  # fmt: skip


@pytest.fixture(scope="module")
def summary(forecast: MakeForecast) -> dict[str, Any]:
    return forecast("llama3-405b", "study.replications=60").summary


@pytest.fixture(scope="module")
def window(summary: dict[str, Any]) -> dict[str, Any]:
    return next(w for w in summary["windows"] if w["name"] == WINDOW)


def inside(stat: dict[str, float], value: float) -> bool:
    return stat["p5"] <= value <= stat["p95"]


def test_interruptions_of_54_days_lie_inside_the_90_percent_interval(window: dict[str, Any]) -> None:
    assert inside(window["unexpected_interruptions"], 419)
    assert inside(window["planned_interruptions"], 47)


def test_the_interval_is_no_wider_than_counting_and_its_uncertainty(window: dict[str, Any]) -> None:
    """Twice Poisson: once for the window, once for the published count behind the rates. Four standard errors."""
    stat = window["unexpected_interruptions"]
    sigma = math.sqrt(2 * 419)
    half_width = (stat["p95"] - stat["p5"]) / 2
    assert half_width == pytest.approx(1.645 * sigma, rel=4 / math.sqrt(60))


def test_effective_training_time_is_above_90_percent(window: dict[str, Any]) -> None:
    assert window["effective_training_time_fraction"]["p50"] > 0.90


def test_category_shares_match(window: dict[str, Any]) -> None:
    counts = {row["category"]: row for row in window["by_category"]}
    # The table counts none: the run had few loss spikes, and went back for none of them.
    assert counts.pop(LOSS_SPIKE)["count"]["mean"] < 1.0
    total = sum(row["count"]["mean"] for row in counts.values())
    for name, row in counts.items():
        # The mean of 60 windows, each with the doubled Poisson spread of its count.
        error = math.sqrt(2 * row["published"] / 60)
        assert abs(row["count"]["mean"] - row["published"]) <= 4 * error + 0.02 * row["published"], name
    gpu_share = sum(counts[name]["count"]["mean"] for name in GPU_CATEGORIES) / total
    assert gpu_share == pytest.approx(268 / 419, abs=0.03)


def test_main_gpu_hours_lie_between_pure_compute_and_the_model_card(forecast: MakeForecast) -> None:
    nominal = forecast("llama3-405b", "study.replications=8", "study.parameter_uncertainty=false").summary
    assert 26.3e6 < nominal["headline"]["main_gpu_hours"]["mean"] < 30.84e6


def test_the_bridge_explains_the_difference(summary: dict[str, Any]) -> None:
    rows = {row["label"]: row for row in summary["gpu_hours_bridge"]}
    parts = [row["gpu_hours"] for row in rows.values() if row["kind"] == "part"]
    assert parts[0] == pytest.approx(26.38e6, rel=2e-3)
    assert sum(parts) == pytest.approx(summary["headline"]["gpu_hours"]["mean"], rel=1e-6)
    assert rows["reported"]["gpu_hours"] == 30.84e6


def test_the_reported_gpu_hours_lie_inside_the_interval(summary: dict[str, Any]) -> None:
    assert inside(summary["headline"]["gpu_hours"], 30.84e6)


def test_states_sum_to_the_wall_clock(summary: dict[str, Any]) -> None:
    hours = sum(stat["mean"] for stat in summary["hours_by_state"].values())
    assert hours == pytest.approx(24 * summary["headline"]["wall_time_days"]["mean"], rel=1e-9)


def test_every_lost_hour_has_a_cause(summary: dict[str, Any]) -> None:
    lost = sum(stat["mean"] for name, stat in summary["hours_by_state"].items() if name != "productive")
    assert sum(stat["mean"] for stat in summary["hours_lost_by_cause"].values()) == pytest.approx(lost, rel=1e-9)


def test_slower_restarts_cost_effective_time(forecast: MakeForecast) -> None:
    settings = ("study.replications=8", "study.parameter_uncertainty=false")
    quick, slow = (
        forecast("llama3-405b", *settings, f"recovery.restart.load={{median: {load}}}").summary["headline"]
        for load in ("1 min", "20 min")
    )
    assert slow["ettr_fraction"]["mean"] < quick["ettr_fraction"]["mean"] - 0.05
    # The failures themselves are the same: common random numbers, and as many more as the run is longer.
    assert slow["mean_time_to_interruption_hours"]["mean"] == pytest.approx(
        quick["mean_time_to_interruption_hours"]["mean"], rel=0.05
    )
