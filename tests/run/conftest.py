"""Every run in these tests goes through the guard."""

from typing import Any

import pytest

from clustersim.run import Records, RunPlan, simulate
from clustersim.run.guards import check_conservation
from tests.run.plans import Simulate


@pytest.fixture(scope="session")
def run() -> Simulate:
    """Simulate a plan and check that its records conserve time and tokens."""

    def guarded(plan: RunPlan, seed: int = 0, replication: int = 0, **options: Any) -> Records:
        records = simulate(plan, seed, replication, **options)
        check_conservation(records)
        return records

    return guarded
