"""Whole runs against closed forms beside those of the theory ring (clustersim.calibration.theory). Seeded."""

import math
from dataclasses import replace

import numpy as np
import pytest

from clustersim.calibration.theory.plans import AT_ONCE, NEVER_S, daly_plan
from clustersim.run import simulate
from clustersim.run.failures.lifetimes import WeibullLife
from clustersim.run.laws import Law
from clustersim.run.plan import CategoryPlan, SparesPlan


def test_shares_of_hangs_people_and_evictions() -> None:
    """Each chance of a failure is taken by its own share."""
    category = CategoryPlan("gpu", "gpu", 800, 1.0 / (400 * 2000.0), units_per_domain=8, hang_fraction=0.3, evict=0.6)
    plan = replace(
        daly_plan(NEVER_S, 1000.0, 0.0, 10.0, cycles=10_000_000, step_time_s=100.0),
        job_nodes=100,
        categories=(category,),
        spares=SparesPlan(0, 0, 0, AT_ONCE, AT_ONCE, AT_ONCE, 1),
    )
    recovery = replace(plan.recovery, manual_fraction=0.2, crash=Law("constant", 1.0), hang_timeout_s=5.0)
    records = simulate(replace(plan, recovery=recovery), 3, 0, 4000 * 1000.0)
    incidents = records.incidents
    count = len(incidents["t_s"])
    assert count > 3000
    stopped = incidents["hits"] == 0
    for share, expected, of in (
        ((incidents["effect"] == 1).mean(), 0.3, count),
        (incidents["evicted_nodes"].mean(), 0.6, count),
        (incidents["manual"][stopped].mean(), 0.2, int(stopped.sum())),
    ):
        assert abs(share - expected) < 4.0 * math.sqrt(expected * (1.0 - expected) / of)
    assert set(incidents["detect_s"].tolist()) == {1.0, 5.0}
    # Victims are uniform over the nodes.
    counts = np.bincount(incidents["node"], minlength=100)
    chi_square = float(((counts - count / 100) ** 2 / (count / 100)).sum())
    assert abs(chi_square - 99.0) < 4.0 * math.sqrt(2.0 * 99.0)


@pytest.mark.parametrize("shape", [1.0, 0.7])
def test_a_rack_that_takes_one_node_down_takes_any(shape: float) -> None:
    """Ten racks of ten, of which the plan has 95 nodes: each is struck a tenth as often as its rack fails."""
    category = CategoryPlan("rack", "rack", 10, 1e-3, domain_nodes=10, evict=0.0, lifetime=WeibullLife(shape))
    plan = replace(daly_plan(NEVER_S, 1000.0, 0.0, 0.0, cycles=10_000_000), job_nodes=95, categories=(category,))
    horizon_s = 1e6
    nodes = simulate(plan, 4, 0, horizon_s).incidents["node"]
    expected = category.rate_on_s(95) * horizon_s
    assert expected == pytest.approx(9500.0)
    spread = math.sqrt(expected) / min(shape, 1.0)
    assert abs(len(nodes) - expected) < 4.0 * spread
    counts = np.bincount(nodes, minlength=95)
    chi_square = float(((counts - 100.0) ** 2 / 100.0).sum())
    assert abs(chi_square - 95.0) < 4.0 * math.sqrt(2.0 * 95.0) / min(shape, 1.0)
