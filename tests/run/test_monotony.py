"""What costs less or helps more never lowers goodput: on every path where that must hold, else on average.

On every path: failures strike at given moments, so that whoever comes further before one goes on from further ahead
after it. On average, on the same failures: where nodes change, another node is in the job when a clock strikes, and a
single run may be lucky with less.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clustersim.run import metrics
from clustersim.run.laws import AT_ONCE, Law
from clustersim.run.plan import CategoryPlan, CheckpointPlan, IncidentPlan, PhasePlan, RestartPart, RunPlan, SparesPlan
from tests.run.plans import KILL, NODE, RECOVERY, SPARES, Simulate, recorded, small_plan

PATHS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MEANS = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

REPLICATIONS = 30
FIVE = 5.0
"""Standard errors by which chance may make a better plan look worse: once in some thousand sessions at most."""

shares = st.floats(0.0, 1.0)


# --- on every path --------------------------------------------------------------------------------------------------


@PATHS
@given(
    kills=st.lists(st.floats(0.0, 2500.0), max_size=6),
    steps=st.integers(1, 90),
    stall_s=st.floats(0.0, 60.0),
    write_s=st.floats(0.0, 200.0),
    restart_s=st.floats(0.0, 200.0),
    cheaper=st.tuples(shares, shares, shares),
)
def test_cheaper_checkpoints_and_restarts_never_end_later(
    run: Simulate,
    kills: list[float],
    steps: int,
    stall_s: float,
    write_s: float,
    restart_s: float,
    cheaper: tuple[float, float, float],
) -> None:
    """Checkpoints lie at the same steps in both: each is whole no later, and so is all that follows a failure."""

    def end_s(stall_s: float, write_s: float, restart_s: float) -> float:
        plan = small_plan(steps=steps, **recorded(*((at_s, KILL) for at_s in kills)))
        recovery = replace(plan.recovery, restart_parts=(RestartPart("load", restart_s),))
        return run(replace(plan, checkpoint=CheckpointPlan(100.0, stall_s, write_s), recovery=recovery)).end_s

    less = [share * whole for share, whole in zip(cheaper, (stall_s, write_s, restart_s), strict=True)]
    dear_s = end_s(stall_s, write_s, restart_s)
    assert end_s(less[0], write_s, restart_s) <= dear_s + 1e-4
    assert end_s(stall_s, less[1], restart_s) <= dear_s + 1e-4
    assert end_s(stall_s, write_s, less[2]) <= dear_s + 1e-4


def shop_path(strikes: list[float], hot: int, hands: int, repair_s: float) -> RunPlan:
    """Six nodes, of which each strike breaks one; failures are found at once, repairs differ by their own draws."""
    broken = replace(NODE, evict=1.0, hang_fraction=0.0, units=6 + hot)
    incidents = tuple(IncidentPlan(at_s, 0) for at_s in sorted(strikes))
    plan = small_plan(steps=60, categories=(broken,), incidents=incidents, job_nodes=6, hot=hot, repair_hands=hands)
    return replace(
        plan,
        recovery=replace(plan.recovery, crash=AT_ONCE),
        spares=replace(plan.spares, repair=Law("lognormal", repair_s, 0.8)),
    )


@PATHS
@given(
    strikes=st.lists(st.floats(0.0, 1500.0), max_size=5, unique=True),
    hot=st.integers(0, 3),
    hands=st.integers(1, 3),
    repair_s=st.floats(1.0, 2000.0),
    more=st.integers(1, 3),
    faster=shares,
    seed=st.integers(0, 2**32),
)
def test_more_spares_hands_and_faster_repairs_never_end_later(
    run: Simulate, strikes: list[float], hot: int, hands: int, repair_s: float, more: int, faster: float, seed: int
) -> None:
    """The strikes and their repairs are the same, so that the job lacks nodes for no longer.

    Failures are found at once: one that strikes a job that waits needs no detection, which would be worth waiting for.
    """
    end_s = run(shop_path(strikes, hot, hands, repair_s), seed).end_s
    assert run(shop_path(strikes, hot + more, hands, repair_s), seed).end_s <= end_s + 1e-4
    assert run(shop_path(strikes, hot, hands + more, repair_s), seed).end_s <= end_s + 1e-4
    assert run(shop_path(strikes, hot, hands, faster * repair_s), seed).end_s <= end_s + 1e-4


def test_a_spare_that_boots_for_longer_than_a_repair_takes_costs_time(run: Simulate) -> None:
    """Why the spares above are hot: once it is called, a cold one is waited for. 200 s against 50 s here."""
    plan = replace(shop_path([212.0], 0, 1, 50.0), spares=replace(SPARES, repair=Law("constant", 50.0)))
    cold = replace(plan, spares=replace(plan.spares, cold=1))
    assert run(cold).end_s == pytest.approx(run(plan).end_s + 150.0)


# --- on average -----------------------------------------------------------------------------------------------------


@st.composite
def busy_shops(draw: st.DrawFn) -> RunPlan:
    """A few hours of a small job whose nodes fail more often than one hand mends them, or about as often."""
    nodes, spares = draw(st.integers(2, 6)), draw(st.integers(0, 2))
    repair_s = draw(st.floats(300.0, 3000.0))
    mtbf_s = draw(st.floats(0.5, 4.0)) * repair_s
    node = CategoryPlan("node", "host", nodes + spares, 1.0 / mtbf_s / nodes, evict=draw(st.sampled_from([1.0, 0.6])))
    kill = CategoryPlan("software", "software", 1, 0.3 / mtbf_s, blast_nodes=0)
    plan = RunPlan(
        "shop", nodes, 1, (PhasePlan("all", 800, 1.0, 10.0),), (node, kill),
        CheckpointPlan(draw(st.floats(60.0, 600.0)), draw(st.floats(1.0, 20.0)), draw(st.floats(1.0, 200.0))),
        replace(RECOVERY, manual_fraction=0.0, restart_sigma=0.3),
        SparesPlan(spares, 0, 0, AT_ONCE, AT_ONCE, draw(repairs(repair_s)), draw(st.integers(1, 2))),
    )  # fmt: skip
    return replace(plan, deadline_s=1.5 * plan.ideal_s)


def repairs(mean_s: float) -> st.SearchStrategy[Law]:
    return st.sampled_from([Law("constant", mean_s), Law("exponential", mean_s), Law("lognormal", mean_s, 0.8)])


def assert_no_worse(run: Simulate, better: RunPlan, worse: RunPlan) -> None:
    """The mean of the differences on the same failures is above zero, or below by what chance explains."""
    gained = np.array(
        [
            metrics.effective_training_time(run(better, 1, replication))
            - metrics.effective_training_time(run(worse, 1, replication))
            for replication in range(REPLICATIONS)
        ]
    )
    assert gained.mean() >= -FIVE * gained.std(ddof=1) / math.sqrt(REPLICATIONS) - 1e-9


def test_what_is_worse_is_noticed(run: Simulate) -> None:
    plan = small_plan(steps=800, categories=(CategoryPlan("node", "host", 6, 1e-4),), hot=2, repair_hands=4)
    plan = replace(plan, spares=replace(plan.spares, repair=Law("constant", 4000.0)))
    for worse in (replace(plan.spares, hot=0), replace(plan.spares, repair_hands=1)):
        with pytest.raises(AssertionError):
            assert_no_worse(run, replace(plan, spares=worse), plan)
    for dear in (CheckpointPlan(100.0, 20.0, 0.0), CheckpointPlan(100.0, 5.0, 400.0)):
        with pytest.raises(AssertionError):
            assert_no_worse(run, replace(plan, checkpoint=dear), plan)


@MEANS
@given(plan=busy_shops(), more=st.integers(1, 3))
def test_more_spares_never_lower_goodput(run: Simulate, plan: RunPlan, more: int) -> None:
    node, *rest = plan.categories
    spared = replace(
        plan,
        categories=(replace(node, units=node.units + more), *rest),
        spares=replace(plan.spares, hot=plan.spares.hot + more),
    )
    assert_no_worse(run, spared, plan)


@MEANS
@given(plan=busy_shops(), more=st.integers(1, 3), faster=st.floats(0.1, 0.9))
def test_more_hands_and_faster_repairs_never_lower_goodput(
    run: Simulate, plan: RunPlan, more: int, faster: float
) -> None:
    shop = plan.spares
    assert_no_worse(run, replace(plan, spares=replace(shop, repair_hands=shop.repair_hands + more)), plan)
    quick = replace(shop.repair, location_s=faster * shop.repair.location_s)
    assert_no_worse(run, replace(plan, spares=replace(shop, repair=quick)), plan)


@MEANS
@given(plan=busy_shops(), stall=shares, write=shares)
def test_cheaper_checkpoints_never_lower_goodput(run: Simulate, plan: RunPlan, stall: float, write: float) -> None:
    kept = plan.checkpoint
    assert_no_worse(run, replace(plan, checkpoint=replace(kept, stall_s=stall * kept.stall_s)), plan)
    assert_no_worse(run, replace(plan, checkpoint=replace(kept, write_s=write * kept.write_s)), plan)
