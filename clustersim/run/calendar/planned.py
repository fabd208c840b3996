"""Planned stops: when they fall due, and what the job is told."""

from collections.abc import Generator, Iterator
from typing import Any

import simpy

from clustersim.run.calendar.entry import Entry
from clustersim.run.laws import Law
from clustersim.run.plan import DatedPlan, MaintenancePlan
from clustersim.run.records import EFFECTS

_PLANNED = EFFECTS.index("planned")

Process = Generator[simpy.Event, Any, None]


def stops(plan: MaintenancePlan | DatedPlan, draws: Iterator[float]) -> Iterator[tuple[float, float]]:
    """Stops of one kind, in time order.

    Parameters
    ----------
    plan : MaintenancePlan or DatedPlan
        The kind.
    draws : iterator of float
        Endless standard normal draws.

    Yields
    ------
    (float, float)
        Time from the stop before, or from the start of the run, until it falls due, and how long its work takes [s].
    """
    if isinstance(plan, DatedPlan):
        for before_s, date_s in zip((0.0, *plan.dates_s), plan.dates_s, strict=False):
            yield date_s - before_s, plan.duration.sample_s(next(draws))
        return
    wait_s, at_random = plan.first_s, Law("exponential", plan.mean_interval_s)
    while True:
        if not plan.periodic:
            wait_s = at_random.sample_s(next(draws))
        yield wait_s, plan.duration.sample_s(next(draws))
        wait_s = plan.mean_interval_s


class Maintenance(Entry[MaintenancePlan | DatedPlan]):
    """Planned stops of one kind; one that falls due before the last is done is done with it."""

    def run(self) -> Process:
        """One after the other falls due."""
        for wait_s, duration_s in stops(self.plan, self.draws):
            yield self.env.timeout(wait_s)
            if self.job.owes_stop(self.code):
                continue
            self.job.stop(self.code, self.strike(_PLANNED, self.job.met), duration_s)
