"""The plan of the lesson, BLOOM, and the quick start."""

from typing import Any

import pytest

from tests.scenarios.conftest import MakeForecast

SETTINGS = ("study.replications=24",)


def claims(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {claim["quantity"]: claim for claim in summary["claims"] if claim["verdict"] != "inconsistent"}


def test_the_lesson_needs_five_months_for_its_gpu_hours(forecast: MakeForecast) -> None:
    summary = forecast("seed-8192", *SETTINGS).summary
    sentence = next(c["sentence"] for c in summary["claims"] if c["verdict"] == "inconsistent")
    assert "8,192 GPUs need 5.0 months (152.6 days) for the claimed 30M GPU-hours" in sentence
    assert "17.95M GPU-hours" in sentence


def test_the_lesson_s_other_claims_get_their_verdicts(forecast: MakeForecast) -> None:
    found = claims(forecast("seed-8192", *SETTINGS).summary)
    assert found["wall_time"]["verdict"] == "too_low"
    assert found["steps"]["verdict"] == "too_high"
    assert found["steps"]["forecast_p50"] == pytest.approx(894_070)
    assert found["loss"]["verdict"] == "too_low"
    assert found["gpus"]["verdict"] == "inside"


def test_bloom_takes_about_as_long_as_it_did(forecast: MakeForecast) -> None:
    """Held out: nothing of this run's wall time was fitted. The step time is a prediction."""
    headline = forecast("bloom-176b", *SETTINGS).summary["headline"]
    assert headline["wall_time_days"]["p5"] < 114.7 < headline["wall_time_days"]["p95"]
    assert 0.90 < headline["effective_training_time_fraction"]["p50"] < 0.98


def test_bloom_with_its_measured_step_time(forecast: MakeForecast) -> None:
    """With the step known, what is left is the ramp, failures and restarts: within eight per cent of 114.7 days."""
    measured = "training.phases[4].step_time=105.22 s"
    headline = forecast("bloom-176b", *SETTINGS, measured).summary["headline"]
    assert headline["wall_time_days"]["p50"] == pytest.approx(114.7, rel=0.08)


def test_the_quickstart_is_quick_and_whole(forecast: MakeForecast) -> None:
    summary = forecast("quickstart", *SETTINGS).summary
    assert summary["finished_replications"] == 24
    assert 2 < summary["headline"]["wall_time_days"]["p50"] < 10
    assert summary["phases"][0]["memory_capacity_bytes"] > sum(summary["phases"][0]["memory_bytes_per_gpu"].values())


@pytest.mark.parametrize("name", ["llama3-405b", "seed-8192", "bloom-176b", "quickstart"])
def test_every_assumption_names_its_origin_and_defaults_their_source(forecast: MakeForecast, name: str) -> None:
    settings = ("study.replications=2",)
    for row in forecast(name, *settings).summary["assumptions"]:
        assert row["origin"], row["path"]
        if row["origin"].startswith("catalogue"):
            assert row["source"], row["path"]
