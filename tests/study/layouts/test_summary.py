"""A search as plain values."""

import json
import math
from typing import Any

import pytest

from clustersim.study.layouts import find_layouts
from clustersim.study.layouts.summary import layouts_summary
from tests.study.layouts.layout_cases import question


def test_shares_and_intervals_follow_from_the_prediction() -> None:
    found = find_layouts(question(), 3)
    summary = layouts_summary(found, "small")
    json.dumps(summary, allow_nan=False)
    step, row = found.ranked[0].step, summary["layouts"][0]
    assert row["step_time_high_s"] / row["step_time_s"] == pytest.approx(math.exp(1.645 * step.prediction_sigma))
    assert row["step_time_s"] ** 2 == pytest.approx(row["step_time_low_s"] * row["step_time_high_s"])
    assert row["headroom_fraction"] == pytest.approx(1.0 - step.memory.total_bytes / 80e9)
    waits_s = sum(seconds for name, seconds in step.breakdown_s.items() if name.startswith("exposed"))
    assert row["exposed_fraction"] == pytest.approx(waits_s / step.mean_s)
    assert row["slower_than_best_fraction"] == 0.0
    assert row["ties_with_best"]


def test_own_takes_the_rank_it_would_have() -> None:
    found = find_layouts(question(), 2)
    best = layouts_summary(find_layouts(question(**_sizes(found.ranked[0].layout.model_dump())), 2), "x")
    assert best["own"]["rank"] == 1
    worst = layouts_summary(find_layouts(question(tensor_parallel=2, data_parallel=4, recompute="full"), 1), "x")
    assert worst["own"]["rank"] is None


def _sizes(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def test_the_software_is_pasted_where_the_layout_would_stand_for_another() -> None:
    for memory in ("80 GB", "3.0 GB"):
        found = find_layouts(question(memory=memory), 1)
        wanted = found.ranked[0].layout.zero_stage >= 2
        assert (layouts_summary(found, "x")["yaml"][0] == "software: megatron") is wanted
