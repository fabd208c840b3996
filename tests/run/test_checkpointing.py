"""Checkpoint arithmetic by hand."""

import math

import pytest

from clustersim.run.checkpointing import expected_wall_time_per_work, young_daly_interval


def test_young_daly_by_hand() -> None:
    """A minute every three hours: sqrt(2 * 60 * 10800) = 1138.4."""
    assert young_daly_interval(60.0, 10800.0) == pytest.approx(1138.42, abs=0.01)


def test_a_free_checkpoint_is_taken_as_often_as_can_be() -> None:
    """Even when nothing fails, where the formula is zero times infinity."""
    assert young_daly_interval(0.0, 10800.0) == 0.0
    assert young_daly_interval(0.0, math.inf) == 0.0


def test_without_failures_there_is_no_checkpoint_before_the_end() -> None:
    assert young_daly_interval(60.0, math.inf) == math.inf


def test_daly_by_hand() -> None:
    """mtbf 100, work 40, checkpoint 10, restart 20: 100 / 40 * exp(0.2) * (exp(0.5) - 1)."""
    assert expected_wall_time_per_work(40.0, 10.0, 20.0, 100.0) == pytest.approx(
        2.5 * math.exp(0.2) * (math.exp(0.5) - 1.0)
    )


def test_nothing_fails() -> None:
    assert expected_wall_time_per_work(1000.0, 10.0, 60.0, 1e12) == pytest.approx(1.01)


def test_young_daly_is_near_the_exact_optimum() -> None:
    mtbf_s, cost_s = 20_000.0, 20.0
    best_s = young_daly_interval(cost_s, mtbf_s)
    at_best = expected_wall_time_per_work(best_s, cost_s, 0.0, mtbf_s)
    others = [expected_wall_time_per_work(best_s * factor / 100.0, cost_s, 0.0, mtbf_s) for factor in range(20, 500)]
    assert at_best < 1.0002 * min(others)
