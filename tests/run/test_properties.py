"""Random plans: what must hold whatever happens. The ``run`` fixture checks conservation on each."""

from dataclasses import replace
from itertools import repeat
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from clustersim.run import Records, RunPlan, metrics
from clustersim.run.calendar.preemption import arrivals
from clustersim.run.engine import _Run
from clustersim.run.fleet import AWAY, COLD, GONE, HOT, IN_JOB, OUT, WARM, Fleet, Stay
from clustersim.run.job import DONE, TRAINING
from clustersim.run.laws import Law
from clustersim.run.loading import slowdowns
from clustersim.run.log import Log
from clustersim.run.plan import (
    IncidentPlan,
    PartsPlan,
    PlacementPlan,
    RetirementPlan,
    SparesPlan,
)
from clustersim.run.progress import ROUNDING_S
from clustersim.run.records import EFFECTS, MAINTENANCE, PRODUCTIVE, RECOMPUTE, ROLLBACK, SLOWED
from clustersim.run.shop import RepairShop
from clustersim.run.streams import normals, stream, uniforms
from tests.run.plans import FULL, KILL, LOSS, SLOW, Simulate, digest, small_plan
from tests.run.random_plans import FEW, plans, sized_plans


@FEW
@given(plan=sized_plans(), seed=st.integers(0, 2**63))
def test_time_and_tokens_are_conserved(run: Simulate, plan: RunPlan, seed: int) -> None:
    records = run(plan, seed)
    assert sum(metrics.time_by_state_s(records).values()) == pytest.approx(records.end_s, rel=1e-6)
    assert records.end_s <= plan.deadline_s * (1.0 + 1e-9)
    if records.finished:
        assert metrics.tokens_trained(records) == pytest.approx(sum(p.tokens for p in plan.phases), rel=1e-9)
        kept = records.checkpoints
        there = (kept["tier"] == 0) & (kept["durable_s"] <= records.end_s + 1e-5)
        if not plan.checkpoint.corrupt:  # which nobody has tried yet
            there &= np.isinf(kept["lost_s"])
        assert kept["step"][there].max() == sum(p.steps for p in plan.phases), "the last checkpoint is there"


@FEW
@given(plan=plans(), seed=st.integers(0, 2**63))
def test_every_step_takes_its_time(run: Simulate, plan: RunPlan, seed: int) -> None:
    """All work in the records is whole steps at the phase's pace; only steps that were broken off have no tokens."""
    plan = replace(plan, parameter_uncertainty=False)
    records = run(plan, seed)
    rows = records.intervals
    works = np.isin(rows["state"], [PRODUCTIVE, RECOMPUTE, ROLLBACK])
    pace = np.array([p.tokens_per_step / p.step_time_s for p in plan.phases])[rows["phase"]]
    step_s = np.array([p.step_time_s for p in plan.phases])[rows["phase"]]
    tokens = rows["tokens_end"] - rows["tokens_start"]
    seconds = rows["end_s"] - rows["start_s"]
    whole = works & (tokens > 0.0)
    np.testing.assert_allclose(tokens[whole] / pace[whole], seconds[whole], rtol=1e-5, atol=1e-5)
    worst = max((max(c.slowdown, *c.phase_slowdowns, 1.0) for c in plan.categories), default=1.0)
    worst /= 1.0 - plan.diurnal.swing if plan.diurnal else 1.0
    for standing in (plan.recovery.elastic, plan.spares.placement):
        worst *= max((max(factors) for factors in standing.slowdowns), default=1.0) if standing else 1.0
    if plan.loading:
        tenants = plan.checkpoint.storage.tenants if plan.checkpoint.storage else ()
        worst = max(worst, *slowdowns(plan.loading, plan.courses, [tenant.demand_bytes_s for tenant in tenants]))
    assert (seconds[works & ~whole] <= worst * step_s[works & ~whole] + 1e-5).all()
    if records.finished:
        assert seconds[whole & (rows["state"] == PRODUCTIVE)].sum() == pytest.approx(plan.ideal_s, rel=1e-6)


@FEW
@given(plan=sized_plans(), seed=st.integers(0, 2**63))
def test_same_seed_same_bytes(run: Simulate, plan: RunPlan, seed: int) -> None:
    assert digest(run(plan, seed, 3)) == digest(run(plan, seed, 3))


@FEW
@given(plan=plans(), seed=st.integers(0, 2**63))
def test_planned_stops_do_not_pile_up(run: Simulate, plan: RunPlan, seed: int) -> None:
    """A stop of a kind begins after the one before it has ended, so no second is made of more than its duration."""
    constant = tuple(replace(m, duration=Law("constant", 300.0)) for m in plan.maintenance)
    records = run(replace(plan, maintenance=constant), seed)
    rows = records.intervals
    for code in range(len(plan.categories), len(plan.categories) + len(constant)):
        stops = np.flatnonzero(records.incidents["category"] == code)
        spans = [(rows["state"] == MAINTENANCE) & (rows["cause"] == stop) for stop in stops]
        for stop, span in zip(stops, spans, strict=True):
            assert (rows["end_s"] - rows["start_s"])[span].sum() <= 300.0 + 1e-5
            later = records.incidents["t_s"][stops[stops > stop]]
            assert (later >= rows["end_s"][span].max(initial=0.0) - 1e-5).all()


def check_fleet(fleet: Fleet, nodes: int, job_nodes: int) -> None:
    counts = np.bincount(np.frombuffer(bytes(fleet.state), dtype=np.uint8), minlength=GONE + 1)
    assert counts.sum() == nodes
    assert counts[IN_JOB] == fleet.size - fleet.missing
    gone = {node for node in range(nodes) if fleet.state[node] == GONE}
    assert gone == {node for node in range(fleet.size, job_nodes) if fleet.state[node] not in (OUT, AWAY)}
    assert not any(fleet.in_service(node, 1) for node in gone)
    if fleet._placed:
        assert set(fleet.guests) == {node for node in range(job_nodes, nodes) if fleet.state[node] == IN_JOB}
    for pool in (HOT, WARM, COLD):
        members = fleet._pools[pool]
        assert len(members) == len(set(members)) == counts[pool]
        assert len(members) <= fleet._size[pool] or (fleet._elastic and pool == HOT)
        assert all(fleet.state[node] == pool for node in members)


def out_of_service(fleet: Fleet, state: int) -> int:
    """Nodes in a state, those of neighbours included."""
    theirs = sum(stay.strangers for stay in fleet.stays if stay.state == state)
    return bytes(fleet.state).count(state) + theirs


def check_stays(fleet: Fleet, plan: RunPlan) -> None:
    """What is out is with one stay each; neighbours are owed as many nodes as they lack, and wait for none in vain."""
    nodes = {node: stay.state for stay in fleet.stays for node in stay.nodes}
    assert nodes == {node: state for node, state in enumerate(fleet.state) if state in (OUT, AWAY)}
    assert len(nodes) == sum(len(stay.nodes) for stay in fleet.stays)
    theirs = sum(stay.strangers for stay in fleet.stays)
    if plan.neighbour_nodes:
        waiting = fleet.on_back.__self__._waiting  # type: ignore[attr-defined]
        assert theirs == len(waiting) <= plan.neighbour_nodes
        assert not (waiting and fleet.to_spare)
    else:
        assert theirs == 0


@FEW
@given(plan=sized_plans(), seed=st.integers(0, 2**63))
def test_no_node_is_lost_or_made(plan: RunPlan, seed: int) -> None:
    """At every moment each node works for the job, stands by, is with the shop or is away, whatever ails it."""
    simulation = _Run(plan, seed, 0)
    env, fleet, job = simulation._env, simulation._fleet, simulation._job
    may_lack = len(plan.recovery.elastic.slowdowns) if plan.recovery.elastic else 0
    while env.peek() <= plan.deadline_s and job.mode != DONE:
        now_s = env.peek()
        while env.peek() == now_s:
            env.step()
        check_fleet(fleet, plan.nodes, plan.job_nodes)
        check_stays(fleet, plan)
        shop = [row for row in simulation._log.repairs if row.back_s > now_s - ROUNDING_S]
        if all(row.back_s > now_s + ROUNDING_S for row in shop):
            assert out_of_service(fleet, OUT) == sum(row.nodes for row in shop), "out while repairs last, no longer"
        away = [row for row in simulation._log.absences if row.back_s > now_s - ROUNDING_S]
        if all(row.back_s > now_s + ROUNDING_S for row in away):
            assert out_of_service(fleet, AWAY) == sum(row.nodes for row in away), "away while they are to be"
        assert sum(row.start_s <= now_s < row.end_s for row in shop) <= plan.spares.repair_hands
        assert all(row.retired for row in shop if row.end_s < now_s - ROUNDING_S), "mended, and out: a new one comes"
        assert all(fleet.state[node] != OUT for node in fleet.broken), "broken, and nobody knows: in service"
        assert fleet.lemons <= set(range(plan.nodes))
        assert job.mode != TRAINING or fleet.missing <= may_lack


@FEW
@given(plan=plans(), seed=st.integers(0, 2**63))
def test_every_node_has_one_turn_in_a_roll_out(plan: RunPlan, seed: int) -> None:
    """One batch after the other, none larger than it may be, and together they are no more than all nodes."""
    simulation = _Run(plan, seed, 0)
    records = simulation.until(plan.deadline_s)
    code = records.incidents["category"][records.absences["cause"]] if plan.rollouts else np.array([])
    for number, rollout in enumerate(plan.rollouts, len(plan.categories) + len(plan.maintenance)):
        left_s, back_s, nodes = (records.absences[name][code == number] for name in ("left_s", "back_s", "nodes"))
        assert nodes.sum() <= plan.nodes
        assert (nodes <= rollout.nodes_at_a_time).all()
        assert (left_s[1:] >= back_s[:-1] + rollout.pause_s - 1e-6).all()
        if rollout.nodes_at_a_time <= plan.spares.total and not plan.recovery.elastic:
            waits_for = records.intervals["cause"][records.intervals["part"] == records.parts.index("nodes")]
            for_it = records.incidents["category"][waits_for] == number
            assert plan.preemptions or not for_it.any(), "the spares can stand in for each batch"


@FEW
@given(plan=plans(), seed=st.integers(0, 2**63))
def test_other_jobs_of_a_kind_come_one_by_one_when_they_would_have_come_anyway(
    run: Simulate, plan: RunPlan, seed: int
) -> None:
    """When they come depends on nothing but their own stream, and none comes before the one before it has left."""
    others = replace(plan, categories=(), incidents=(), rollouts=(), maintenance=())
    for one in (plan, others):
        records = run(one, seed)
        code = len(one.categories) + len(one.maintenance) + len(one.rollouts)
        for number, kind in enumerate(one.preemptions, code):
            draws = normals(stream(seed, 0, f"preemption {kind.name}"))
            would_s = np.cumsum([next(arrivals(kind, draws))[0] for _ in range(200)])
            came = np.flatnonzero(records.incidents["category"] == number)
            t_s = records.incidents["t_s"][came]
            assert np.isclose(t_s[:, None], would_s).any(axis=1).all()
            for incident, next_s in zip(came[:-1].tolist(), t_s[1:].tolist(), strict=True):
                left = records.absences["cause"] == incident
                assert (records.absences["back_s"][left] <= next_s + 1e-6).all()
                nodes = records.incidents["evicted_nodes"][incident]
                assert kind.nodes is None or nodes <= kind.nodes


@FEW
@given(data=st.data())
def test_fleet_keeps_its_books(data: st.DataObject) -> None:
    """A state machine of evictions, calls for spares and returns, mended, still broken or as new ones."""
    env, log = simpy.Environment(), Log()
    sizes = [data.draw(st.integers(0, 3)) for _ in range(3)]
    spares = SparesPlan(
        *sizes,
        *(Law("constant", 0.0),) * 3,
        repair_hands=data.draw(st.integers(1, 3)),
        failed_repairs=data.draw(st.sampled_from([0.0, 0.5])),
        parts=data.draw(st.none() | st.builds(PartsPlan, st.integers(1, 3), st.just(Law("constant", 30.0)))),
        retirement=data.draw(
            st.none() | st.builds(RetirementPlan, st.floats(0.0, 1.0), st.none(), st.just(Law("constant", 20.0)))
        ),
        placement=data.draw(st.none() | st.just(PlacementPlan(((2.0,),) * sum(sizes), swaps_back=True))),
    )
    chances = stream(data.draw(st.integers(0, 2**32)), 0, "chances")
    draws = {"parts": repeat(0.0), "replacement": repeat(0.0), "outcome": uniforms(chances)}
    fleet = Fleet(env, 4, spares, RepairShop(env, spares, log, draws), elastic=data.draw(st.booleans()))
    nodes = 4 + spares.total
    away: list[Stay] = []
    lemons = set(data.draw(st.lists(st.integers(0, nodes - 1))))
    fleet.lemons.update(lemons)
    for _ in range(data.draw(st.integers(1, 30))):
        action = data.draw(st.sampled_from(["evict", "send away", "take back", "call", "swap", "resize", "wait"]))
        if action == "evict":
            first = data.draw(st.integers(0, nodes - 1))
            struck = fleet.in_service(first, data.draw(st.integers(1, 3)))
            fleet.evict(struck, 0, data.draw(st.floats(0.0, 50.0)))
            assert not set(struck) & set(fleet.in_service(0, nodes))
            assert not fleet.broken.intersection(struck)
        elif action == "send away":
            gone = [node for node in fleet.in_service(data.draw(st.integers(0, nodes - 1)), 2) if fleet.at_hand([node])]
            away += [fleet.send_away(gone, 1)] if gone else []
        elif action == "take back" and away:
            returned = fleet.returned()
            fleet.take_back(away.pop(), 1)
            assert returned.triggered
        elif action == "call":
            before = fleet.missing
            standing_by = sum(len(fleet._pools[pool]) for pool in (HOT, WARM, COLD))
            fleet.call_spares()
            assert fleet.missing == max(0, before - standing_by)
        elif action == "resize":
            fleet.resize(data.draw(st.integers(1, 4)), 0)
        elif action == "swap":
            missing = fleet.missing
            fleet.swap_back()
            assert not fleet.can_swap_back
            assert fleet.missing == missing
        else:
            env.run(until=env.now + data.draw(st.floats(0.1, 60.0)))
        check_fleet(fleet, nodes, 4)
        assert bytes(fleet.state).count(AWAY) == sum(len(stay.nodes) for stay in away)
        back = [row for row in log.repairs if row.back_s < env.now]
        assert len(fleet.broken) <= sum(row.failed for row in back)
        assert len(lemons - fleet.lemons) <= sum(row.retired for row in back)
        assert fleet.lemons <= lemons


def _records(run: Simulate, plan: RunPlan, **changes: Any) -> Records:
    return run(replace(plan, **changes), 5)


@FEW
@given(plan=plans())
def test_restarts_and_evictions_do_not_move_failures(run: Simulate, plan: RunPlan) -> None:
    """What the job does about failures does not change when its own units fail: common random numbers."""
    crashes = tuple(replace(c, evict=0.0, effect="crash", published_count=None, idle_factor=1.0,
                            phase_rates=())
                    for c in plan.categories)  # fmt: skip
    plan = replace(plan, categories=crashes, recovery=replace(plan.recovery, suspect_after=None))
    plan = replace(plan, rollouts=(), preemptions=(), neighbour_nodes=0)
    slower = replace(plan.recovery, crash=Law("constant", 100.0), manual_fraction=0.5)
    one, other = _records(run, plan), _records(run, plan, recovery=slower, maintenance=())
    common_s = min(one.end_s, other.end_s)

    def struck_s(records: Records, code: int) -> list[float]:
        of = (records.incidents["category"] == code) & (records.incidents["t_s"] < common_s)
        return records.incidents["t_s"][of].tolist()

    for code in range(len(crashes)):
        assert struck_s(one, code) == struck_s(other, code)


# --- what the job trains on through ---------------------------------------------------------------------------------


@FEW
@given(plan=plans(), seed=st.integers(0, 2**63))
def test_slowed_time_is_bounded(run: Simulate, plan: RunPlan, seed: int) -> None:
    """Each episode slows for as long as it lasts at most, and takes 1 - 1/s of that."""
    lasting = tuple(
        replace(c, lasts=Law("constant", 300.0), phase_slowdowns=()) if c.lasts else c for c in plan.categories
    )
    incidents = tuple(replace(incident, lasts_s=None) for incident in plan.incidents)
    plan = replace(plan, categories=lasting, incidents=incidents, diurnal=None, loading=None)
    alone = replace(plan, recovery=replace(plan.recovery, elastic=None), spares=replace(plan.spares, placement=None))
    records = run(alone, seed)
    rows, incidents = records.intervals, records.incidents
    slowed = rows["state"] == SLOWED
    for incident in np.unique(rows["cause"][slowed]).tolist():
        of_it = slowed & (rows["cause"] == incident)
        factor = lasting[incidents["category"][incident]].slowdown
        assert (rows["end_s"] - rows["start_s"])[of_it].sum() <= 300.0 * (1.0 - 1.0 / factor) + 1e-4
        assert incidents["effect"][incident] == EFFECTS.index("slow")


@FEW
@given(plan=plans(), seed=st.integers(0, 2**63))
def test_recovery_takes_the_newest_checkpoint_that_is_there(run: Simulate, plan: RunPlan, seed: int) -> None:
    clean = tuple(c for c in plan.categories if c.effect not in ("corrupt", "loss_spike"))
    records = run(replace(plan, categories=clean, incidents=()), seed)
    rows, kept = records.intervals, records.checkpoints
    for row in np.flatnonzero(rows["tokens_start"][1:] < rows["tokens_end"][:-1] * (1.0 - 1e-9)) + 1:
        now_s = rows["start_s"][row]
        there = (kept["durable_s"] <= now_s + 1e-5) & (kept["lost_s"] > now_s + 1e-5)
        there &= kept["lost_s"] > kept["durable_s"]
        there &= (kept["tier"] == 0) | (kept["step"] < sum(phase.steps for phase in plan.phases))
        assert rows["tokens_start"][row] == pytest.approx(kept["tokens"][there].max(initial=0.0))


episodes = st.lists(st.tuples(st.floats(0.0, 900.0), st.floats(0.1, 400.0), st.floats(1.01, 20.0)), max_size=4)


def slow_plan(
    rows: list[tuple[float, float, float]], kills: list[float], stall_s: float, write_s: float, steps: int
) -> RunPlan:
    """A plan with slow episodes (moment, length, factor) and kills at given moments, and no other chance."""
    categories = tuple(replace(SLOW, name=f"slow {number}", slowdown=row[2]) for number, row in enumerate(rows))
    incidents = [IncidentPlan(at_s, number, lasts_s) for number, (at_s, lasts_s, _factor) in enumerate(rows)]
    incidents += [IncidentPlan(at_s, len(rows)) for at_s in kills]
    plan = small_plan(
        steps=steps,
        categories=(*categories, KILL),
        incidents=tuple(sorted(incidents, key=lambda incident: incident.at_s)),
        write_s=write_s,
    )
    recovery = replace(plan.recovery, manual_fraction=0.0)
    return replace(plan, recovery=recovery, checkpoint=replace(plan.checkpoint, stall_s=stall_s))


@settings(FEW, max_examples=200)
@given(
    rows=episodes,
    more=episodes,
    longer=st.floats(1.0, 3.0),
    kills=st.lists(st.floats(0.0, 1500.0), max_size=3),
    stall_s=st.floats(0.0, 30.0),
    write_s=st.sampled_from([0.0, 20.0, 150.0]),
    steps=st.integers(1, 60),
)
def test_more_and_longer_slowness_never_ends_earlier(
    run: Simulate,
    rows: list[tuple[float, float, float]],
    more: list[tuple[float, float, float]],
    longer: float,
    kills: list[float],
    stall_s: float,
    write_s: float,
    steps: int,
) -> None:
    stretched = [(at_s, lasts_s * longer, factor) for at_s, lasts_s, factor in rows]
    end_s = run(slow_plan(rows, kills, stall_s, write_s, steps)).end_s
    assert run(slow_plan(stretched, kills, stall_s, write_s, steps)).end_s >= end_s - 1e-4
    assert run(slow_plan(rows + more, kills, stall_s, write_s, steps)).end_s >= end_s - 1e-4


@settings(FEW, max_examples=150)
@given(
    kills=st.lists(st.floats(0.0, 1500.0), min_size=1, max_size=3),
    losses=st.lists(st.floats(0.0, 1500.0), max_size=3),
    full=st.lists(st.tuples(st.floats(0.0, 1500.0), st.floats(1.0, 300.0)), max_size=2),
    write_s=st.sampled_from([0.0, 20.0, 150.0]),
    steps=st.integers(1, 60),
)
def test_trouble_with_checkpoints_never_helps(
    run: Simulate,
    kills: list[float],
    losses: list[float],
    full: list[tuple[float, float]],
    write_s: float,
    steps: int,
) -> None:
    plan = slow_plan([], kills, 5.0, write_s, steps)
    incidents = [
        *(replace(incident, category=0) for incident in plan.incidents),
        *(IncidentPlan(at_s, 1) for at_s in losses),
        *(IncidentPlan(at_s, 2, lasts_s) for at_s, lasts_s in full),
    ]
    troubled = replace(
        plan, categories=(KILL, LOSS, FULL), incidents=tuple(sorted(incidents, key=lambda incident: incident.at_s))
    )
    assert run(troubled).end_s >= run(plan).end_s - 1e-4
