"""A job that gives up nodes and gets them back: the whole list of intervals, worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from clustersim.run import Records, metrics
from clustersim.run.parts import time_by_part_s
from clustersim.run.plan import (
    CategoryPlan,
    ElasticPlan,
    PhasePlan,
    PlacementPlan,
    ResizePlan,
    RestartPart,
    RunPlan,
    SizePlan,
    TierPlan,
)  # fmt: skip
from clustersim.run.sizes import full_size_time, time_by_size_s
from tests.run.event_log import FIRST, START, hits
from tests.run.plans import (
    CORRUPTION,
    NODE,
    SOFTWARE,
    Simulate,
    digest,
    failure,
    script,
    small_plan,
    stop_at,
    timeline,
)  # fmt: skip

HALF = SizePlan(2, (RestartPart("schedule", 10.0), RestartPart("load", 40.0)), 40.0)
"""Two nodes restart in 50 s and take a checkpoint every 40 s."""


def in_phases(*nodes: int | None, steps: int = 10, **more: Any) -> RunPlan:
    """Phases of so many nodes, of steps of 10 s where all four train and of 20 s where two do."""
    base = small_plan(steps=(steps,) * len(nodes), **more)
    phases = tuple(
        replace(phase, nodes=count, step_time_s=10.0 if count is None else 20.0, restart_before=number > 0)
        for number, (phase, count) in enumerate(zip(base.phases, nodes, strict=True))
    )
    return replace(base, phases=phases, sizes=(HALF,))


def on_dates(*dates: tuple[float, int | None], steps: int = 25, **more: Any) -> RunPlan:
    """One phase that goes on with so many nodes from each date on."""
    base = small_plan(steps=steps, **more)
    (phase,) = base.phases
    resizes = tuple(
        ResizePlan(at_s, (replace(phase, nodes=count, step_time_s=10.0 if count is None else 20.0),))
        for at_s, count in dates
    )
    return replace(base, sizes=(HALF,), resizes=resizes)


def sizes(records: Records) -> list[tuple[float, int]]:
    return list(zip(records.sizes["t_s"].round(5).tolist(), records.sizes["nodes"].tolist(), strict=True))


def node_s(records: Records) -> float:
    return sum(nodes * length_s for nodes, length_s in time_by_size_s(records).items())


# --- between phases --------------------------------------------------------------------------------------------------


def test_it_shrinks_between_two_phases(run: Simulate) -> None:
    """The checkpoint ends at 115; two nodes restart in 50 s and take a checkpoint every two steps of 20 s."""
    records = run(in_phases(None, 2, steps=5))
    rows = timeline(records)
    assert rows[:4] == [START, (60, 110, "productive", -1), (110, 115, "checkpoint", -1), (115, 165, "restart", 0)]
    assert rows[4:] == [
        (165, 205, "productive", -1), (205, 210, "checkpoint", -1), (210, 250, "productive", -1),
        (250, 255, "checkpoint", -1), (255, 275, "productive", -1), (275, 280, "checkpoint", -1),
    ]  # fmt: skip
    assert sizes(records) == [(0, 4), (115, 2)]
    assert time_by_part_s(records)["restart"] == {"schedule": 30.0, "load": 80.0}
    assert node_s(records) == 4 * 115 + 2 * 165
    assert metrics.phase_changes(records) == 1


def test_it_grows_between_two_phases(run: Simulate) -> None:
    records = run(in_phases(2, None, steps=5))
    assert timeline(records)[:2] == [(0, 50, "restart", -1), (50, 90, "productive", -1)]
    assert sizes(records)[0] == (0, 2)
    assert sizes(records)[1][1] == 4
    assert len(sizes(records)) == 2
    assert timeline(records)[-3][2:] == ("restart", 0)
    assert timeline(records)[-3][1] - timeline(records)[-3][0] == 60


def test_nodes_that_it_gave_up_do_not_fail(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    for node, struck in ((1, True), (2, False), (3, False)):
        script(monkeypatch, node=[failure(200.0, node, evict=False)])
        assert bool(hits(run(in_phases(None, 2)))[1:]) is struck
    script(monkeypatch, node=[failure(100.0, 3, evict=False)])
    assert hits(run(in_phases(None, 2))) == ["job", "job"], "before, they did"


def test_what_takes_down_the_job_strikes_as_often_as_it_has_nodes(
    run: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock for each node, each of which stops the job; and one clock of the job as a whole."""
    each = CategoryPlan("each", "software", 4, 1e-9, blast_nodes=0, evict=0.0)
    whole = CategoryPlan("whole", "software", 1, 1e-9, domain_nodes=4, blast_nodes=0, evict=0.0)
    assert [each.rate_on_s(nodes) * 1e9 for nodes in (1, 2, 4)] == [1, 2, 4]
    assert [whole.rate_on_s(nodes) * 1e9 for nodes in (1, 2, 4)] == [1, 1, 1]
    script(monkeypatch, each=[failure(200.0, unit) for unit in range(4)], whole=[failure(400.0)])
    records = run(in_phases(None, 2, categories=(each, whole)))
    assert hits(records)[1:] == ["job", "job_down", "job"], "two units and the whole"


def test_a_node_in_repair_is_given_up_when_it_is_back(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Node 3 breaks, its spare stands down when the job shrinks; both are there for the next failures."""
    plan = in_phases(None, 2, None, steps=30, hot=1)
    script(monkeypatch, node=[failure(100.0, 3)])
    records = run(plan)
    assert "waiting" not in {row[2] for row in timeline(records)}
    assert [count for _, count in sizes(records)] == [4, 2, 4]


def test_it_waits_for_a_node_in_repair_when_it_grows(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken at 1,100, as the job is small; the other half of its nodes comes without it."""
    plan = in_phases(None, 2, None, steps=20)
    script(monkeypatch, node=[failure(200.0, 3)])
    slow = replace(plan, spares=replace(plan.spares, repair=replace(plan.spares.repair, location_s=5000.0)))
    rows = timeline(run(slow))
    (wait,) = [row for row in rows if row[2] == "waiting"]
    assert wait[1] == 230 + 5000
    assert wait[3] == 0, "first it waits for the node in the large size"


def test_a_small_job_does_not_wait_for_nodes_that_it_does_not_need(
    run: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node 3 breaks while the last checkpoint of the large phase is written: two nodes are left and enough."""
    plan = in_phases(None, 2, write_s=30.0)
    script(monkeypatch, node=[failure(170.0, 3)])
    rows = timeline(run(plan))
    assert "waiting" in {row[2] for row in rows}, "a restart after a failure is of the phase that it is in"


def test_a_rollback_into_the_larger_phase_takes_the_nodes_back(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Corrupt at 130, found at 330 as half of the nodes train: back to the start, with all four."""
    script(monkeypatch, corruption=[failure(130.0, evict=False)])
    records = run(in_phases(None, 2, categories=(CORRUPTION,)))
    assert [count for _, count in sizes(records)] == [4, 2, 4, 2]
    lengths = [round(row[1] - row[0]) for row in timeline(records) if row[2] == "restart"]
    assert lengths == [60, 50, 60, 50]


# --- on a date -------------------------------------------------------------------------------------------------------


def test_on_its_date_the_job_stops_with_a_checkpoint(run: Simulate) -> None:
    """At 212 the fifth step of the second cycle is under way: it ends at 215 and is saved until 220."""
    records = run(on_dates((212.0, 2)))
    rows = timeline(records)
    assert rows[:6] == [
        *FIRST, (165, 215, "productive", -1), (215, 220, "checkpoint", -1), (220, 270, "restart", 0),
    ]  # fmt: skip
    assert rows[6:8] == [(270, 310, "productive", -1), (310, 315, "checkpoint", -1)]
    assert sizes(records) == [(0, 4), (220, 2)]
    assert records.categories[records.incidents["category"][0]] == "change of size"
    assert metrics.interruptions(records) == (0, 0)
    assert metrics.phase_changes(records) == 1
    assert metrics.tokens_trained(records) == 2500.0
    assert metrics.time_by_state_s(records)["productive"] == 15 * 10 + 10 * 20


def test_gpu_time_is_the_sum_over_the_sizes(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(130.0, 1, evict=False), failure(400.0, evict=False)])
    records = run(on_dates((212.0, 2), (600.0, None), steps=60))
    by_size = time_by_size_s(records)
    assert sum(by_size.values()) == pytest.approx(records.end_s)
    gpu_time = full_size_time(records, 4)
    assert 4 * gpu_time.end_s == pytest.approx(4 * by_size[4] + 2 * by_size[2])
    by_state_s = metrics.time_by_state_s(gpu_time)
    assert sum(by_state_s.values()) == pytest.approx(gpu_time.end_s)
    lost_s = sum(metrics.time_lost_by_cause_s(gpu_time).values())
    assert lost_s + by_state_s["productive"] == pytest.approx(gpu_time.end_s)
    assert metrics.time_by_phase_and_state_s(gpu_time).sum() == pytest.approx(gpu_time.end_s)
    assert full_size_time(run(small_plan()), 4).end_s == 325


def test_a_restart_that_comes_anyway_has_the_new_size(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down from 212 to 302; at 230 the size changes, which costs no stop of its own."""
    script(monkeypatch, node=[failure(212.0, evict=False)])
    records = run(on_dates((230.0, 2)))
    rows = timeline(records)
    assert [row for row in rows if row[2] == "restart"] == [START, (242, 292, "restart", 0)]
    assert sizes(records) == [(0, 4), (242, 2)]
    assert hits(records) == ["job", "job_down"]
    assert metrics.phase_changes(records) == 0


def test_in_a_restart_it_comes_at_the_end_of_the_first_step(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, evict=False)])
    records = run(on_dates((250.0, 2)))
    assert timeline(records)[6:10] == [
        (242, 302, "restart", 0), (302, 312, "recompute", 0), (312, 317, "checkpoint", -1), (317, 367, "restart", 1),
    ]  # fmt: skip
    assert sizes(records) == [(0, 4), (317, 2)]


def test_a_job_that_waits_for_nodes_goes_on_without_them(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Node 3 is mended at 1,242; at 500 the job is to go on with two nodes, which it has."""
    script(monkeypatch, node=[failure(212.0, 3)])
    rows = timeline(run(on_dates((500.0, 2))))
    assert rows[6:8] == [(242, 500, "waiting", 0), (500, 550, "restart", 0)]


def test_a_date_in_a_planned_stop(run: Simulate) -> None:
    records = run(on_dates((400.0, 2), maintenance=stop_at(212.0)))
    rows = timeline(records)
    assert rows[5:7] == [(220, 520, "maintenance", 0), (520, 570, "restart", 0)]
    assert sizes(records) == [(0, 4), (520, 2)]


def test_a_date_after_the_end_changes_nothing(run: Simulate) -> None:
    late, never = run(on_dates((1e6, 2))), run(small_plan())
    assert timeline(late) == timeline(never)
    assert sizes(late) == [(0, 4)]


def test_another_layout_of_the_same_nodes(run: Simulate) -> None:
    plan = on_dates((212.0, None))
    (slower,) = (replace(phase, step_time_s=15.0) for phase in plan.resizes[0].phases)
    records = run(replace(plan, resizes=(ResizePlan(212.0, (slower,)),)))
    assert sizes(records) == [(0, 4)]
    assert metrics.time_by_state_s(records)["productive"] == 15 * 10 + 10 * 15
    assert [row[3] for row in timeline(records) if row[2] == "restart"] == [-1, 0]


def test_what_leaves_takes_its_memory_with_it(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints in the memory of other nodes load in 5 s; those of nodes that are given up are gone."""
    lengths = {}
    for name, plan in (("small", on_dates((212.0, 2))), ("same", on_dates((212.0, None)))):
        script(monkeypatch)
        memory = TierPlan("memory", 1, 0.0, 5.0, 1)
        kept = replace(plan.checkpoint, inner=(memory,), write_s=1.0)
        rows = timeline(run(replace(plan, checkpoint=kept)))
        lengths[name] = [row[1] - row[0] for row in rows if row[2] == "restart"][1]
    assert lengths == {"small": 10 + 40, "same": 20 + 5}


def test_slow_nodes_slow_the_steps_of_the_size_that_it_has(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spare from elsewhere doubles the steps of four nodes and trebles those of two."""
    script(monkeypatch, node=[failure(100.0)])
    plan = on_dates((400.0, 2), hot=1)
    placed = replace(plan.spares, placement=PlacementPlan(((2.0, 3.0),), swaps_back=False))
    records = run(replace(plan, spares=placed))
    rows = timeline(records)
    resized_s = sizes(records)[1][0]
    for since_s, until_s, factor in ((190.0, resized_s, 2.0), (resized_s, 1e9, 3.0)):
        steps_s, slowed_s = (
            sum(b - a for a, b, state, _ in rows if state in states and since_s <= a < until_s)
            for states in (("productive", "recompute"), ("slowed",))
        )
        assert slowed_s == pytest.approx((factor - 1.0) * steps_s)


def test_fewer_replicas_of_the_size_that_it_has(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(300.0)])
    plan = on_dates((212.0, 2))
    elastic = ElasticPlan(((1.5, 2.0),), regrows_at_once=True)
    records = run(replace(plan, recovery=replace(plan.recovery, elastic=elastic)))
    assert "waiting" not in {row[2] for row in timeline(records)}
    assert metrics.time_by_state_s(records)["slowed"] > 0.0


def test_without_changes_of_size_nothing_changes(run: Simulate) -> None:
    often = CategoryPlan("node", "host", 5, 2e-5)
    plan = small_plan(steps=300, categories=(often, replace(SOFTWARE, rate_per_unit_s=1e-5)), hot=1)
    same = replace(plan, sizes=(HALF,), phases=tuple(replace(phase, nodes=4) for phase in plan.phases))
    for seed in range(3):
        assert digest(run(same, seed)) == digest(run(plan, seed))


# --- as PaLM did -----------------------------------------------------------------------------------------------------


def test_palm(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,200 hours on 6,144 chips and 336 on 3,072 (arXiv 2204.02311, section 4): 8.40 million chip-hours, and failures.

    Four chips a node. The step takes twice as long on half of them. Two crashes of ten minutes each are all that stops
    it, and what a node that was given up would do is not felt.
    """
    hour_s, chips = 3600.0, 4
    nodes, step_s = 6144 // chips, 20.0
    steps = [round(1200 * hour_s / step_s), round(336 * hour_s / (2.0 * step_s))]
    phases = tuple(
        PhasePlan(name, count, 2048 * 2048.0, time_s, restart_before=number > 0, nodes=size)
        for number, (name, count, time_s, size) in enumerate(
            zip(("6,144 chips", "3,072 chips"), steps, (step_s, 2.0 * step_s), (None, nodes // 2), strict=True)
        )
    )
    base = small_plan(job_nodes=nodes, categories=(replace(NODE, units=nodes),))
    plan = replace(base, gpus_per_node=chips, phases=phases, checkpoint=replace(base.checkpoint, interval_s=hour_s))
    second_s = 1300 * hour_s
    script(
        monkeypatch,
        node=[
            failure(500 * hour_s, evict=False),
            failure(second_s, 700, evict=False),
            failure(second_s, 800, evict=False),
            failure(second_s + hour_s, 1500, evict=False),
        ],
    )
    records = run(plan)
    assert metrics.interruptions(records) == (2, 0), "nodes 800 and 1,500 are not there any more"
    by_size = time_by_size_s(records)
    assert by_size.keys() == {nodes, nodes // 2}
    gpu_hours = node_s(records) * chips / hour_s
    undisturbed = 1200 * 6144 + 336 * 3072
    assert undisturbed < gpu_hours < 1.01 * undisturbed
    gpu_time = full_size_time(records, nodes)
    kept = metrics.time_by_state_s(gpu_time)["productive"] * nodes * chips / hour_s
    assert kept == pytest.approx(undisturbed, rel=1e-9)
    assert gpu_hours == pytest.approx(sum(metrics.time_by_state_s(gpu_time).values()) * nodes * chips / hour_s)
