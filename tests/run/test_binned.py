"""Time by state between any moments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.run import metrics, simulate
from clustersim.run.binned import time_between_s
from clustersim.run.records import STATES, Records
from tests.run.plans import Simulate, small_plan

UNDISTURBED = simulate(small_plan(categories=()), 0)
"""Restart until 60, 10 steps until 160, checkpoint until 165, 10 steps until 265, ..., end at 325."""


def of(records: Records, *edges_s: float) -> list[dict[str, float]]:
    rows = time_between_s(records, np.array(edges_s)).tolist()
    return [{state: seconds for state, seconds in zip(STATES, row, strict=True) if seconds} for row in rows]


def test_bins_cut_intervals() -> None:
    assert of(UNDISTURBED, 0.0, 40.0, 100.0, 163.0, 400.0, 500.0) == [
        {"restart": 40.0},
        {"restart": 20.0, "productive": 40.0},
        {"productive": 60.0, "checkpoint": 3.0},
        {"productive": 150.0, "checkpoint": 12.0},
        {},
    ]


@given(st.lists(st.floats(0.0, 400.0), min_size=2, max_size=20).map(sorted))
def test_bins_are_the_windows_of_the_metrics(edges_s: list[float]) -> None:
    for low_s, high_s, row in zip(edges_s, edges_s[1:], time_between_s(UNDISTURBED, np.array(edges_s)), strict=False):
        window = metrics.time_by_state_s(UNDISTURBED, metrics.Window(low_s, high_s))
        np.testing.assert_allclose(row, list(window.values()), atol=1e-6)


def test_a_run_of_no_length_is_in_no_state(run: Simulate) -> None:
    assert time_between_s(run(small_plan(deadline_s=1e-9)), np.array([0.0, 5.0])).sum() == pytest.approx(0.0, abs=1e-6)
