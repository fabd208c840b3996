"""Small runs in which everything happens, and their logs; ``python -m tests.report.events.cases`` writes them anew."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clustersim.report.events import event_log
from clustersim.run import Records, simulate
from clustersim.run.guards import check_conservation
from clustersim.run.laws import Law
from clustersim.run.plan import PreemptionPlan, RetirementPlan, RolloutPlan, RunPlan
from tests.run.plans import (
    CORRUPTION,
    FULL,
    KILL,
    LOSS,
    NODE,
    RACK,
    SLOW_NODE,
    SPIKE,
    failure,
    recorded,
    script,
    small_plan,
    stop_at,
)

FOLDER = Path(__file__).parent


def _simulated(plan: RunPlan, horizon_s: float | None = None) -> Records:
    records = simulate(plan, 0, horizon_s=horizon_s)
    check_conservation(records)
    return records


def failures() -> Records:
    """People, spares, a queue at the shop, a restart broken off, a hang; a spare and a job that is down."""
    plan = small_plan(steps=(25, 120), categories=(NODE, RACK), restart_between=True, warm=2, repair_hands=1)
    with pytest.MonkeyPatch.context() as patch:
        script(
            patch,
            node=[
                failure(100.0, 4, evict=False),
                failure(212.0, 0, manual=True),
                failure(230.0, 1, evict=False),
                failure(920.0, 1, evict=False),
                failure(1500.0, 4),
                failure(2900.0, 1, evict=False, hang=True),
            ],
            rack=[failure(1200.0, 1)],
        )
        return _simulated(plan)


def corruption() -> Records:
    """A corruption that is found, one that is rewound past before, and a planned stop."""
    plan = small_plan(steps=60, categories=(CORRUPTION, NODE), maintenance=stop_at(500.0), warm=2)
    with pytest.MonkeyPatch.context() as patch:
        script(patch, corruption=[failure(100.0, 0), failure(950.0, 1)], node=[failure(960.0, 2, evict=False)])
        return _simulated(plan)


def spike() -> Records:
    """A loss spike, a repair that fails, and a node that is retired."""
    plan = small_plan(steps=60, categories=(SPIKE, NODE), warm=2)
    shop = replace(plan.spares, failed_repairs=1.0, retirement=RetirementPlan(0.0, 2, Law("constant", 5000.0)))
    with pytest.MonkeyPatch.context() as patch:
        script(patch, spike=[failure(300.0)], node=[failure(450.0, 2)])
        return _simulated(replace(plan, spares=shop))


def storage() -> Records:
    """A slow node, checkpoints that are not written or lost, and an end before the end."""
    incidents = recorded((120.0, SLOW_NODE), (260.0, FULL, 200.0), (500.0, LOSS), (520.0, KILL), (900.0, LOSS))
    return _simulated(replace(small_plan(steps=200, write_s=20.0, **incidents)), horizon_s=1000.0)


def calendar() -> Records:
    """A roll-out that stops the job for the nodes it swaps, and for those that it lacks; another job that comes; a
    neighbour whose node breaks.
    """
    plan = small_plan(steps=60, categories=(NODE,), warm=1)
    rollout = RolloutPlan("firmware", 100.0, 2, Law("constant", 200.0), pause_s=50.0)
    with pytest.MonkeyPatch.context() as patch:
        script(patch, node=[failure(450.0, 3)])
        patch.setattr("clustersim.run.calendar.preemption.arrivals", lambda *_: iter([(1000.0, 100.0)]))
        other = PreemptionPlan("urgent", 1.0, 2, Law("constant", 100.0), grace_s=30.0)
        patch.setattr("clustersim.run.engine.mixed_failures", lambda *_: iter([(0, failure(1300.0))]))
        return _simulated(replace(plan, rollouts=(rollout,), preemptions=(other,), neighbour_nodes=10))


CASES: dict[str, Callable[[], Records]] = {
    case.__name__: case for case in (failures, corruption, spike, storage, calendar)
}


def main() -> None:
    for name, case in CASES.items():
        (FOLDER / f"{name}.txt").write_text(event_log(case(), [name]), "utf-8")


if __name__ == "__main__":
    main()
