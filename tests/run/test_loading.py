"""Data that come too slowly: the buffer between the store and the job, and what it does to a run."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.run import RunPlan, metrics
from clustersim.run.loading import slowdowns, starved_share, step_slowdown
from clustersim.run.plan import LoadingPlan, PassPlan, PhasePlan, ResizePlan, StallsPlan, StoragePlan, TenantPlan
from clustersim.run.records import DATA_LOADING
from tests.run.event_log import UNDISTURBED
from tests.run.plans import SLOW, Simulate, digest, recorded, small_plan, timeline

STALLS = StallsPlan(900.0, 60.0)
FAST = PassPlan(1.0, 0.0, 5.0)
SLOW_DATA = PassPlan(1.0, 0.0, 20.0)
"""Data of a step of 10 s that take 20 s."""

ratios = st.floats(0.01, 1e4) | st.just(math.inf)
buffers = st.floats(0.0, 1e5)
stalls = st.none() | st.builds(StallsPlan, st.floats(1.0, 1e6), st.floats(0.1, 1e5))


# --- the buffer -----------------------------------------------------------------------------------------------------


def simulated_shares(ratio: float, buffer_s: float, stalls: StallsPlan, cycles: int, seed: int) -> np.ndarray:
    """Share of the time starved in each of twenty stretches of a long simulation, cycle by cycle."""
    draws = np.random.default_rng(seed)
    shares = np.empty(20)
    level = buffer_s
    for number in range(len(shares)):
        starved = total = 0.0
        for up_s, down_s in zip(
            draws.exponential(stalls.mean_between_s, cycles), draws.exponential(stalls.mean_s, cycles), strict=True
        ):
            if ratio >= 1.0:
                level = min(buffer_s, level + (ratio - 1.0) * up_s)
            else:
                fed_s = min(up_s, level / (1.0 - ratio))
                starved += (up_s - fed_s) * (1.0 - ratio)
                level -= (1.0 - ratio) * fed_s
            starved += max(0.0, down_s - level)
            level = max(0.0, level - down_s)
            total += up_s + down_s
        shares[number] = starved / total
    return shares


@pytest.mark.parametrize(
    ("ratio", "buffer_s"), [(1.05, 30.0), (1.05, 300.0), (1.2, 60.0), (2.0, 120.0), (20.0, 90.0), (0.8, 60.0)]
)
def test_starved_share_is_that_of_a_simulated_buffer(ratio: float, buffer_s: float) -> None:
    shares = simulated_shares(ratio, buffer_s, STALLS, 4000, seed=7)
    error = shares.std(ddof=1) / math.sqrt(len(shares))
    assert abs(shares.mean() - starved_share(ratio, buffer_s, STALLS)) < 4.0 * error


def test_without_stalls_a_job_is_as_fast_as_its_data() -> None:
    assert step_slowdown(0.25, 1e9, None) == 4.0
    assert step_slowdown(1.0, 0.0, None) == step_slowdown(math.inf, 0.0, None) == 1.0


def test_without_a_buffer_every_stall_starves() -> None:
    for ratio in (1.0 + 1e-9, 1.5, 1e6, math.inf):
        assert starved_share(ratio, 0.0, STALLS) == pytest.approx(1 / 16)


@given(ratio=ratios, buffer_s=buffers, stalls=stalls)
def test_starved_share_is_a_share_that_nothing_makes_better_than_no_stalls(
    ratio: float, buffer_s: float, stalls: StallsPlan | None
) -> None:
    share = starved_share(ratio, buffer_s, stalls)
    assert max(0.0, 1.0 - ratio) - 1e-12 <= share < 1.0


@given(ratio=ratios, buffer_s=buffers, stalls=stalls, more=st.floats(1.0, 10.0))
def test_more_supply_and_more_buffer_never_starve_more(
    ratio: float, buffer_s: float, stalls: StallsPlan | None, more: float
) -> None:
    share = starved_share(ratio, buffer_s, stalls)
    assert starved_share(ratio * more, buffer_s, stalls) <= share + 1e-9
    assert starved_share(ratio, buffer_s * more, stalls) <= share + 1e-9


@given(buffer_s=st.floats(0.0, 1e4), stalls=st.builds(StallsPlan, st.floats(10.0, 1e5), st.floats(1.0, 1e4)))
def test_it_is_continuous_where_supply_meets_demand_and_where_the_exponent_vanishes(
    buffer_s: float, stalls: StallsPlan
) -> None:
    assert starved_share(1.0 + 1e-9, buffer_s, stalls) == pytest.approx(starved_share(1.0, buffer_s, stalls), rel=1e-3)
    flat = 1.0 + stalls.mean_s / stalls.mean_between_s
    below, at, above = (starved_share(flat + by * (flat - 1.0), buffer_s, stalls) for by in (-1e-6, 0.0, 1e-6))
    rel = 1e-6 * (10.0 + buffer_s / stalls.mean_s)
    assert above == pytest.approx(at, rel=rel)
    assert below == pytest.approx(at, rel=rel)


# --- the least factor on the steps ----------------------------------------------------------------------------------


def course(*step_s: float) -> tuple[PhasePlan, ...]:
    return tuple(PhasePlan(f"phase {number}", 10, 1.0, time_s) for number, time_s in enumerate(step_s))


def loading(*passes: PassPlan, **more: object) -> LoadingPlan:
    """One phase whose data come in these passes."""
    return replace(LoadingPlan(((passes,),), 2), **more)  # type: ignore[arg-type]


def test_the_store_is_shared_fairly_with_others_and_with_checkpoints() -> None:
    plan = loading(PassPlan(1.0, 50e6, 0.0), bandwidth_bytes_s=10e6)
    assert slowdowns(plan, (course(10.0),), []) == (1.0,), "50 MB in 5 s"
    assert slowdowns(plan, (course(10.0),), [8e6]) == (1.0,), "in 10 s"
    assert slowdowns(plan, (course(10.0),), [8e6, 9e6]) == pytest.approx((1.5,)), "a third of it: in 15 s"
    assert slowdowns(plan, (course(2.5),), [0.0]) == pytest.approx((2.0,)), "in 5 s"
    writing = replace(plan, write_bytes_s=20e6, write_share=0.5)
    assert slowdowns(writing, (course(5.0),), []) == pytest.approx((4.0 / 3.0,)), "half of the time at half the pace"


def test_epochs_that_the_disks_of_the_nodes_keep_are_quicker() -> None:
    plan = loading(PassPlan(0.25, 0.0, 20.0), PassPlan(0.75, 0.0, 5.0))
    assert slowdowns(plan, (course(10.0),), []) == pytest.approx((0.25 * 2.0 + 0.75,))


def test_each_phase_at_each_size_has_a_factor_of_its_own() -> None:
    plan = LoadingPlan((((FAST,), (SLOW_DATA,)), ((SLOW_DATA,), (FAST,))), 2)
    assert slowdowns(plan, (course(10.0, 10.0), course(5.0, 4.0)), []) == (1.0, 2.0, 4.0, 1.25)


# --- in a run -------------------------------------------------------------------------------------------------------


def fed_plan(one: PassPlan, **more: object) -> RunPlan:
    return replace(small_plan(**more), loading=loading(one))  # type: ignore[arg-type]


def test_steps_take_as_long_as_their_data(run: Simulate) -> None:
    records = run(fed_plan(SLOW_DATA))
    assert timeline(records)[1:4] == [
        (60, 160, "productive", -1), (160, 260, "slowed", 0), (260, 265, "checkpoint", -1),
    ]  # fmt: skip
    assert metrics.time_lost_by_cause_s(records)[DATA_LOADING] == pytest.approx(250.0)
    assert metrics.interruptions(records) == (0, 0)


def test_data_in_time_change_nothing(run: Simulate) -> None:
    records = run(fed_plan(FAST))
    assert timeline(records)[:-1] == UNDISTURBED
    assert len(records.incidents["t_s"]) == 0


def test_a_slow_node_and_slow_data_do_not_multiply(run: Simulate) -> None:
    """The node halves the pace of steps of 10 s for 40 s; data of 15 s, or of 25 s, are waited for at the same time."""
    slow = recorded((80, SLOW))
    mild, worse = (run(fed_plan(PassPlan(1.0, 0.0, data_s), **slow)) for data_s in (15.0, 25.0))
    assert metrics.time_lost_by_cause_s(worse)[DATA_LOADING] == pytest.approx(25 * 15.0)
    assert "slow" not in metrics.time_lost_by_cause_s(worse), "the node costs nothing more"
    lost_s = metrics.time_lost_by_cause_s(mild)
    assert lost_s["slow"] == pytest.approx(20.0)
    assert lost_s[DATA_LOADING] == pytest.approx((250.0 - 20.0) * 0.5)


def test_fewer_data_are_waited_for_where_steps_are_longer_after_a_resize(run: Simulate) -> None:
    plan = fed_plan(SLOW_DATA, steps=100)
    slower = tuple(replace(phase, step_time_s=40.0) for phase in plan.phases)
    resized = replace(
        plan,
        resizes=(ResizePlan(500.0, slower),),
        loading=LoadingPlan((((SLOW_DATA,),), ((SLOW_DATA,),)), 2),
    )
    lost_s = metrics.time_lost_by_cause_s(run(resized))[DATA_LOADING]
    assert 100.0 < lost_s < 500.0


def test_steps_follow_the_other_users_of_the_store(run: Simulate) -> None:
    """50 MB a step: 5 s alone, 10 s beside one who takes half; the steps of 8 s wait while he is there."""
    tenant = TenantPlan("evaluation", 1e9, 400.0, 400.0)
    base = small_plan(steps=2000, write_s=20.0)
    phases = tuple(replace(phase, step_time_s=8.0) for phase in base.phases)
    plan = replace(
        base,
        phases=phases,
        checkpoint=replace(base.checkpoint, size_bytes=1e6, storage=StoragePlan(10e6, 0.0, (tenant,), 0.0, 1e6)),
        loading=loading(PassPlan(1.0, 50e6, 0.0), bandwidth_bytes_s=10e6),
    )
    records = run(plan)
    slowed_s = metrics.time_by_state_s(records)["slowed"]
    worked_s = metrics.time_by_state_s(records)["productive"]
    assert worked_s == pytest.approx(16000.0)
    # Busy half of the time, the job works at 4/5 of its pace: a ninth of the time is lost, within what 20 cycles say.
    assert 0.06 < slowed_s / (worked_s + slowed_s) < 0.15
    assert metrics.time_lost_by_cause_s(records)[DATA_LOADING] == pytest.approx(slowed_s)


def test_without_a_loader_nothing_changes(run: Simulate) -> None:
    plan = small_plan(steps=300)
    assert digest(run(replace(plan, loading=None))) == digest(run(plan))
