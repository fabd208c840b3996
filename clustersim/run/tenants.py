"""Other users of the storage: each comes, takes its share of the bandwidth, and goes."""

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from clustersim.run.plan import TenantPlan
from clustersim.run.storage import Store


def come_and_go(
    env: simpy.Environment, plan: TenantPlan, store: Store, draws: np.random.Generator
) -> Generator[simpy.Event, Any, None]:
    """Pauses and busy times follow each other, both exponential."""
    while True:
        for demand_bytes_s, mean_s in ((0.0, plan.mean_pause_s), (plan.demand_bytes_s, plan.mean_busy_s)):
            store.set_demand(plan.name, demand_bytes_s, env.now)
            yield env.timeout(float(draws.exponential(mean_s)))
