"""What the calendar brings: planned stops, and the heat of the day."""

from datetime import datetime

from clustersim.run.compile.laws import compile_law
from clustersim.run.plan import DatedPlan, DiurnalPlan, MaintenancePlan, PreemptionPlan, RolloutPlan
from clustersim.scenario.schema.maintenance import (
    DatedMaintenance,
    PeriodicMaintenance,
    RandomMaintenance,
    RolloutMaintenance,
)
from clustersim.scenario.schema.scenario import Scenario


def compile_maintenance(scenario: Scenario) -> tuple[MaintenancePlan | DatedPlan, ...]:
    """Planned stops, in the order in which they are written."""
    start = scenario.training.start
    return tuple(_stops(stop, start) for stop in scenario.maintenance if not isinstance(stop, RolloutMaintenance))


def _stops(
    stop: RandomMaintenance | PeriodicMaintenance | DatedMaintenance, start: datetime
) -> MaintenancePlan | DatedPlan:
    if isinstance(stop, DatedMaintenance):
        dates_s = tuple((date - start).total_seconds() for date in sorted(stop.dates))
        return DatedPlan(stop.name, dates_s, compile_law(stop.duration))
    if isinstance(stop, PeriodicMaintenance):
        first_s = stop.every if stop.first is None else stop.first
        return MaintenancePlan(stop.name, stop.every, compile_law(stop.duration), True, first_s)
    return MaintenancePlan(stop.name, stop.mean_interval, compile_law(stop.duration), False)


def compile_rollouts(scenario: Scenario) -> tuple[RolloutPlan, ...]:
    """Roll-outs, in the order in which they are written."""
    start = scenario.training.start
    return tuple(
        RolloutPlan(
            rollout.name,
            (rollout.start - start).total_seconds(),
            rollout.nodes_at_a_time,
            compile_law(rollout.duration),
            rollout.pause,
            rollout.when == "at_once",
        )
        for rollout in scenario.maintenance
        if isinstance(rollout, RolloutMaintenance)
    )


def compile_preemptions(scenario: Scenario) -> tuple[PreemptionPlan, ...]:
    """Other jobs that take nodes."""
    return tuple(
        PreemptionPlan(p.name, p.mean_interval, None if p.nodes == "all" else p.nodes, compile_law(p.lasts), p.grace)
        for p in scenario.preemption
    )


def compile_diurnal(scenario: Scenario) -> DiurnalPlan | None:
    """Throughput that falls in the heat of the day, if it does."""
    start, swing = scenario.training.start, scenario.cluster.diurnal_swing
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    return DiurnalPlan(swing, (start - midnight).total_seconds()) if swing > 0.0 else None
