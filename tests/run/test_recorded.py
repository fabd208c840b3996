"""Recorded incidents: the same in every replication, and as if they had been drawn."""

from dataclasses import replace

import pytest

from clustersim.run import Records, RunPlan, metrics, simulate
from clustersim.run.laws import Law
from clustersim.run.plan import IncidentPlan
from tests.run.event_log import CRASH_AT_212, hits, resumed
from tests.run.plans import (
    CORRUPTION,
    KILL,
    NODE,
    RACK,
    SLOW,
    Simulate,
    digest,
    failure,
    recorded,
    script,
    small_plan,
    timeline,
)

CERTAIN = replace(NODE, evict=1.0, hang_fraction=0.0)
"""A category whose failures leave nothing to chance."""


def last_durable_step(t_s: float) -> int:
    """Steps of the newest checkpoint by a moment, undisturbed."""
    return 20 if t_s >= 270 else 10 if t_s >= 165 else 0


def steps_done(t_s: float) -> float:
    """Steps by a moment, undisturbed."""
    return min(max(t_s - 60, 0), 100) / 10 + min(max(t_s - 165, 0), 100) / 10 + min(max(t_s - 270, 0), 50) / 10


@pytest.mark.parametrize("t_s", [61, 99.5, 160, 162, 164.9, 165.1, 212, 264, 269, 271, 300, 319])
def test_a_kill_loses_exactly_the_steps_since_the_last_durable_checkpoint(run: Simulate, t_s: float) -> None:
    records = run(small_plan(**recorded((t_s, KILL))))
    lost_s = 10 * (steps_done(t_s) - last_durable_step(t_s))
    assert metrics.time_by_state_s(records)["recompute"] == pytest.approx(lost_s)
    assert metrics.time_by_state_s(records)["productive"] == pytest.approx(250)
    assert metrics.time_lost_by_cause_s(records)["kill"] == pytest.approx(lost_s + 30 + 60)


def test_crash_is_as_drawn(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = small_plan(categories=(CERTAIN,), hot=1, incidents=(IncidentPlan(212.0, 0),))
    replayed = run(plan)
    script(monkeypatch, node=[failure(212.0, 0)])
    assert digest(run(replace(plan, incidents=()))) == digest(replayed)
    assert hits(replayed) == ["job"]


def test_every_replication_and_seed_has_them(run: Simulate) -> None:
    plan = small_plan(**recorded((212, KILL), (300, SLOW)))
    for seed in range(3):
        for replication in range(3):
            assert run(plan, seed, replication).incidents["t_s"].tolist() == [212, 300]


def test_a_job_that_is_down_absorbs_it(run: Simulate) -> None:
    records = run(small_plan(**recorded((212, KILL), (220, KILL))))
    assert hits(records) == ["job", "job_down"]
    assert timeline(records) == [*CRASH_AT_212, (242, 302, "restart", 0), *resumed(302)]


def test_those_beyond_the_end_never_strike(run: Simulate) -> None:
    plan = small_plan(**recorded((1e9, KILL)))
    assert len(run(plan).incidents["t_s"]) == 0
    assert run(plan).end_s == 325


def test_its_own_detection(run: Simulate) -> None:
    """4 s in place of 30 s; of a hang in place of the 600 s of the timeout."""
    crash = small_plan(categories=(KILL,), incidents=(IncidentPlan(212.0, 0, detection_s=4.0),))
    assert timeline(run(crash))[5:7] == [(212, 216, "detect", 0), (216, 276, "restart", 0)]
    hang = replace(crash, categories=(replace(KILL, effect="hang"),))
    assert timeline(run(hang))[5] == (212, 216, "detect", 0)
    timeout = replace(hang, incidents=(IncidentPlan(212.0, 0),))
    assert timeline(run(timeout))[5] == (212, 812, "detect", 0)


def test_its_own_discovery_of_a_corruption(run: Simulate) -> None:
    plan = small_plan(categories=(replace(CORRUPTION, evict=0.0),))
    records = run(replace(plan, incidents=(IncidentPlan(103.0, 0, detection_s=50.0),)))
    assert (153, 213, "restart", 0) in timeline(records)


def test_its_own_length(run: Simulate) -> None:
    """Half of 13 s and half of 7 s, in place of the category's 40 s."""
    plan = small_plan(**recorded((80, SLOW, 13), (100, SLOW, 7)))
    assert metrics.time_by_state_s(run(plan))["slowed"] == pytest.approx(10.0)


def test_it_strikes_the_first_node_that_works_for_the_job(run: Simulate) -> None:
    """Node 0 is mended after the first, and node 1 after the second."""
    plan = small_plan(categories=(CERTAIN,), hot=2, incidents=(IncidentPlan(212.0, 0), IncidentPlan(330.0, 0)))
    records = run(replace(plan, spares=replace(plan.spares, repair=Law("constant", 1e5))))
    assert records.incidents["node"].tolist() == [0, 1]
    assert records.incidents["evicted_nodes"].tolist() == [1, 1]


def test_it_strikes_the_whole_domain_of_that_node(run: Simulate) -> None:
    racks = replace(RACK, evict=1.0)
    plan = small_plan(categories=(racks,), hot=4, incidents=(IncidentPlan(212.0, 0), IncidentPlan(330.0, 0)))
    records = run(replace(plan, spares=replace(plan.spares, repair=Law("constant", 1e5))))
    assert records.incidents["node"].tolist() == [0, 2]
    assert records.incidents["evicted_nodes"].tolist() == [2, 2]
    one_of_two = replace(racks, blast_nodes=1)
    records = run(replace(plan, categories=(one_of_two,)))
    assert records.incidents["node"].tolist() == [0, 1]


def test_what_chance_decides_of_one_is_not_shifted_by_another() -> None:
    """Whether a node leaves, and how long its repair takes, of the incident at 5000 s."""
    plan = small_plan(steps=1000, hot=4)
    plan = replace(plan, spares=replace(plan.spares, repair=Law("lognormal", 1000.0, 1.0)))

    def repair(replication: int, *times_s: float) -> list[float]:
        incidents = tuple(IncidentPlan(t_s, 0) for t_s in times_s)
        records = simulate(replace(plan, incidents=incidents), 0, replication)
        last = len(records.incidents["t_s"]) - 1
        own = records.repairs["cause"] == last
        return (records.repairs["end_s"] - records.repairs["start_s"])[own].tolist()

    alone = [repair(replication, 5000.0) for replication in range(12)]
    assert [repair(replication, 1000.0, 3000.0, 5000.0) for replication in range(12)] == alone
    assert 0 < sum(map(len, alone)) < 12
    assert len({tuple(lengths) for lengths in alone}) > 3


def test_the_rates_bring_the_same_failures_beside_them() -> None:
    def struck(plan: RunPlan) -> list[float]:
        records: Records = simulate(plan, 3, horizon_s=20000.0)
        of_it = records.incidents["category"] == 0
        return records.incidents["t_s"][of_it].tolist()

    drawn = replace(NODE, rate_per_unit_s=1e-4, evict=0.0)
    plan = small_plan(steps=10**6, categories=(drawn, KILL, SLOW))
    assert len(struck(plan)) > 3
    incidents = (IncidentPlan(50.0, 1), IncidentPlan(500.0, 2), IncidentPlan(4000.0, 1))
    assert struck(replace(plan, incidents=incidents)) == struck(plan)
