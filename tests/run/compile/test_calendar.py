"""The calendar: planned stops, roll-outs, and other jobs that take nodes."""

import pytest

from clustersim.run.laws import Law
from clustersim.run.plan import (
    DatedPlan,
    MaintenancePlan,
    PreemptionPlan,
    RolloutPlan,
)
from tests.run.compile.written import Compile


def test_maintenance(compiled: Compile) -> None:
    more = (
        "maintenance:\n  - {kind: periodic, name: a, every: 1 h, duration: 10 s}\n"
        "  - {kind: periodic, name: b, every: 1 h, first: 20 s, duration: 10 s}\n"
        "  - {kind: random, name: c, mean_interval: 2 h, duration: 10 s}\n"
    )
    ten = Law("constant", 10.0)
    assert compiled(more=more).maintenance == (
        MaintenancePlan("a", 3600.0, ten, True, 3600.0),
        MaintenancePlan("b", 3600.0, ten, True, 20.0),
        MaintenancePlan("c", 7200.0, ten, False),
    )


def test_planned_stops_on_dates_in_any_order_and_zone(compiled: Compile) -> None:
    more = "maintenance: [{kind: dated, name: a, dates: [2027-01-12T01:00+01:00, 2027-01-11], duration: 10 s}]\n"
    assert compiled(more=more).maintenance == (DatedPlan("a", (0.0, 86400.0), Law("constant", 10.0)),)


def test_roll_outs_are_no_planned_stops(compiled: Compile) -> None:
    more = (
        "maintenance:\n  - {kind: rollout, name: a, start: 2027-01-12, nodes_at_a_time: 4, duration: 10 s}\n"
        "  - {kind: periodic, name: b, every: 1 h, duration: 10 s}\n"
        "  - {kind: rollout, name: c, start: 2027-01-11, nodes_at_a_time: 1, duration: 10 s, pause: 1 h,"
        " when: at_next_stop}\n"
    )
    plan, ten = compiled(more=more), Law("constant", 10.0)
    assert plan.rollouts == (
        RolloutPlan("a", 86400.0, 4, ten), RolloutPlan("c", 0.0, 1, ten, 3600.0, at_once=False),
    )  # fmt: skip
    assert [entry.name for entry in plan.calendar] == ["b", "a", "c"]
    assert plan.expected_stops(7200.0) == {"b": 2.0, "a": 0.0}
    assert plan.expected_stops(90000.0) == {"b": 25.0, "a": 8.0}, "32 nodes, 4 at a time"


def test_other_jobs_that_take_nodes(compiled: Compile) -> None:
    more = (
        "preemption:\n  - {name: a, mean_interval: 5 d, nodes: 8, lasts: 2 h, grace: 5 min}\n"
        "  - {name: b, mean_interval: 1 d, nodes: all, lasts: {kind: exponential, mean: 1 d}}\n"
        "  - {name: c, mean_interval: 1 d, nodes: 6, lasts: 1 h}\n"
        "maintenance: [{kind: periodic, name: d, every: 1 h, duration: 10 s}]\n"
    )
    plan = compiled(more=more)
    assert plan.preemptions == (
        PreemptionPlan("a", 432000.0, 8, Law("constant", 7200.0), 300.0),
        PreemptionPlan("b", 86400.0, None, Law("exponential", 86400.0)),
        PreemptionPlan("c", 86400.0, 6, Law("constant", 3600.0)),
    )
    assert [entry.name for entry in plan.calendar] == ["d", "a", "b", "c"]
    assert [other.expected(6, 86400.0 * 10) for other in plan.preemptions] == [
        pytest.approx(864000.0 / 439200.0), 5.0, None,
    ], "six spares are enough for the last"  # fmt: skip
