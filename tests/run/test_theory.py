"""Whole runs against closed forms. Seeded; the tolerance is four standard errors of the replications themselves."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from clustersim.run import RunPlan, metrics, simulate
from clustersim.run.checkpointing import expected_wall_time_per_work, young_daly_interval
from clustersim.run.laws import Law
from clustersim.run.plan import CategoryPlan, CheckpointPlan, PhasePlan, RecoveryPlan, RestartPart, SparesPlan
from clustersim.run.records import Records
from tests.run.plans import NEVER_S

AT_ONCE = Law("constant", 0.0)


def standard_error(values: Sequence[float] | np.ndarray) -> float:
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


def assert_mean(values: Sequence[float] | np.ndarray, expected: float, bias: float = 0.0) -> None:
    """The mean is within four standard errors of theory, and those are small enough to mean something."""
    off = abs(float(np.mean(values)) - expected)
    assert off <= 4.0 * standard_error(values) + bias, (np.mean(values), expected, standard_error(values))
    assert standard_error(values) < 0.05 * abs(expected)


def daly_plan(
    mtbf_s: float, interval_s: float, ckpt_cost_s: float, restart_s: float, cycles: int, step_time_s: float = 10.0
) -> RunPlan:
    """A whole-job failure, blocking checkpoints, a constant restart and no detection: the model of Daly (2006)."""
    return RunPlan(
        name="daly",
        job_nodes=1,
        gpus_per_node=1,
        phases=(PhasePlan("all", round(cycles * interval_s / step_time_s), 1.0, step_time_s),),
        categories=(CategoryPlan("job", "software", 1, 1.0 / mtbf_s, blast_nodes=0),),
        checkpoint=CheckpointPlan(interval_s, ckpt_cost_s, 0.0),
        recovery=RecoveryPlan(AT_ONCE, 0.0, AT_ONCE, (RestartPart("load", restart_s),), 0.0, 0.0, AT_ONCE),
        spares=SparesPlan(0, 0, 0, AT_ONCE, AT_ONCE, AT_ONCE, 1),
    )


def runs(plan: RunPlan, count: int, horizon_s: float | None = None) -> list[Records]:
    return [simulate(plan, 1, replication, horizon_s) for replication in range(count)]


@pytest.mark.parametrize(
    ("mtbf_s", "interval_s", "ckpt_cost_s", "restart_s"),
    [(3600.0, 600.0, 30.0, 120.0), (900.0, 600.0, 60.0, 300.0), (20000.0, 1000.0, 200.0, 0.0)],
)
def test_wall_time_is_dalys(mtbf_s: float, interval_s: float, ckpt_cost_s: float, restart_s: float) -> None:
    cycles = 60
    plan = daly_plan(mtbf_s, interval_s, ckpt_cost_s, restart_s, cycles)
    wall_s = [records.end_s for records in runs(plan, 200)]
    # The first restart, too, starts anew when it fails: it takes mtbf * (exp(restart / mtbf) - 1).
    first_s = mtbf_s * math.expm1(restart_s / mtbf_s)
    work_s = cycles * interval_s
    assert_mean(wall_s, first_s + work_s * expected_wall_time_per_work(interval_s, ckpt_cost_s, restart_s, mtbf_s))


def test_young_daly_is_the_best_of_a_sweep() -> None:
    mtbf_s, ckpt_cost_s = 14400.0, 20.0
    best_s = young_daly_interval(ckpt_cost_s, mtbf_s)
    work_s = 200_000.0

    def wall_s(factor: float) -> np.ndarray:
        plan = daly_plan(mtbf_s, 1.0, ckpt_cost_s, 100.0, round(work_s), step_time_s=1.0)
        plan = replace(plan, checkpoint=CheckpointPlan(factor * best_s, ckpt_cost_s, 0.0))
        return np.array([records.end_s for records in runs(plan, 60)])

    at_best_s = wall_s(1.0)
    gaps_s = {factor: wall_s(factor) - at_best_s for factor in (0.25, 0.5, 0.7, 1.4, 2.0, 4.0)}
    for factor, gap_s in gaps_s.items():
        assert gap_s.mean() > -4.0 * standard_error(gap_s), factor
    for factor in (0.25, 4.0):
        assert gaps_s[factor].mean() > 4.0 * standard_error(gaps_s[factor]), factor


def test_first_order_ettr_holds_for_rare_failures() -> None:
    """ETTR = 1 - sqrt(2 cost / mtbf) - restart / mtbf, up to the square of what is lost."""
    mtbf_s, ckpt_cost_s, restart_s = 50_000.0, 5.0, 300.0
    interval_s = young_daly_interval(ckpt_cost_s, mtbf_s)
    plan = daly_plan(mtbf_s, interval_s, ckpt_cost_s, restart_s, cycles=2000, step_time_s=interval_s / 70.0)
    lost = math.sqrt(2.0 * ckpt_cost_s / mtbf_s) + restart_s / mtbf_s
    ettr = [metrics.effective_training_time(records) for records in runs(plan, 40)]
    assert_mean(ettr, 1.0 - lost, bias=lost**2)


@pytest.mark.parametrize("kind", ["constant", "exponential", "lognormal"])
def test_share_of_time_down_is_mttr_over_mtti_plus_mttr(kind: str) -> None:
    mtti_s, detection = 5000.0, Law(kind, 1500.0, 0.8)  # type: ignore[arg-type]
    plan = daly_plan(mtti_s, 100.0, 0.0, 0.0, cycles=10_000_000, step_time_s=100.0)
    plan = replace(plan, recovery=replace(plan.recovery, crash=detection), checkpoint=CheckpointPlan(NEVER_S, 0.0, 0.0))
    all_runs = runs(plan, 60, horizon_s=60 * mtti_s)
    # Each run starts up, which one cycle in about fifty feels: leave the first twenty cycles out.
    window = metrics.Window(20 * mtti_s)
    down = [metrics.time_by_state_s(r, window)["detect"] / window.length_s(r) for r in all_runs]
    assert_mean(down, detection.mean_s / (mtti_s + detection.mean_s))


def erlang_c_wait_s(hands: int, arrival_rate_s: float, repair_s: float) -> float:
    """Mean wait of M/M/c: Erlang C over the spare capacity."""
    load = arrival_rate_s * repair_s
    below = sum(load**k / math.factorial(k) for k in range(hands))
    full = load**hands / math.factorial(hands) * hands / (hands - load)
    return full / (below + full) / (hands / repair_s - arrival_rate_s)


@pytest.mark.parametrize(("hands", "load"), [(1, 0.5), (4, 0.7)])
def test_wait_for_the_repair_shop_is_erlang_c(hands: int, load: float) -> None:
    """Cold spares that join at once: the nodes in service are constant, so repairs arrive as a Poisson process."""
    nodes, repair_s = 100, 3600.0
    arrival_rate_s = load * hands / repair_s
    spares = 60
    plan = replace(
        daly_plan(NEVER_S, 100.0, 0.0, 0.0, cycles=10_000_000, step_time_s=100.0),
        job_nodes=nodes,
        categories=(CategoryPlan("node", "host", nodes + spares, arrival_rate_s / nodes),),
        checkpoint=CheckpointPlan(NEVER_S, 0.0, 0.0),
        spares=SparesPlan(0, 0, spares, AT_ONCE, AT_ONCE, Law("exponential", repair_s), hands),
    )
    waits_s = []
    for records in runs(plan, 40, horizon_s=900.0 / arrival_rate_s):
        settled = records.repairs["queued_s"] > 100.0 / arrival_rate_s
        waits_s.append(float((records.repairs["start_s"] - records.repairs["queued_s"])[settled].mean()))
        assert records.repairs["nodes"].max() == 1
    expected_s = erlang_c_wait_s(hands, arrival_rate_s, repair_s)
    assert abs(np.mean(waits_s) - expected_s) <= 4.0 * standard_error(waits_s)
    assert standard_error(waits_s) < 0.1 * expected_s


def test_erlang_c_by_hand() -> None:
    """M/M/1 waits rho / (mu - lambda); M/M/2 at rho = 1/2 waits a third of a repair."""
    assert erlang_c_wait_s(1, 0.5, 1.0) == pytest.approx(1.0)
    assert erlang_c_wait_s(2, 1.0, 1.0) == pytest.approx(1.0 / 3.0)


def test_shares_of_hangs_people_and_evictions() -> None:
    """Each chance of a failure is taken by its own share."""
    category = CategoryPlan("gpu", "gpu", 800, 1.0 / (400 * 2000.0), units_per_domain=8, hang_fraction=0.3, evict=0.6)
    plan = replace(
        daly_plan(NEVER_S, 1000.0, 0.0, 10.0, cycles=10_000_000, step_time_s=100.0),
        job_nodes=100,
        categories=(category,),
        spares=SparesPlan(0, 0, 0, AT_ONCE, AT_ONCE, AT_ONCE, 1),
    )
    recovery = replace(plan.recovery, manual_fraction=0.2, crash=Law("constant", 1.0), hang_timeout_s=5.0)
    records = simulate(replace(plan, recovery=recovery), 3, 0, 4000 * 1000.0)
    incidents = records.incidents
    count = len(incidents["t_s"])
    assert count > 3000
    stopped = incidents["hits"] == 0
    for share, expected, of in (
        ((incidents["effect"] == 1).mean(), 0.3, count),
        (incidents["evicted_nodes"].mean(), 0.6, count),
        (incidents["manual"][stopped].mean(), 0.2, int(stopped.sum())),
    ):
        assert abs(share - expected) < 4.0 * math.sqrt(expected * (1.0 - expected) / of)
    assert set(incidents["detect_s"].tolist()) == {1.0, 5.0}
    # Victims are uniform over the nodes.
    counts = np.bincount(incidents["node"], minlength=100)
    chi_square = float(((counts - count / 100) ** 2 / (count / 100)).sum())
    assert abs(chi_square - 99.0) < 4.0 * math.sqrt(2.0 * 99.0)


@pytest.mark.parametrize("shape", [1.0, 0.7])
def test_a_rack_that_takes_one_node_down_takes_any(shape: float) -> None:
    """Ten racks of ten, of which the plan has 95 nodes: each is struck a tenth as often as its rack fails."""
    category = CategoryPlan("rack", "rack", 10, 1e-3, domain_nodes=10, evict=0.0, shape=shape)
    plan = replace(daly_plan(NEVER_S, 1000.0, 0.0, 0.0, cycles=10_000_000), job_nodes=95, categories=(category,))
    horizon_s = 1e6
    nodes = simulate(plan, 4, 0, horizon_s).incidents["node"]
    expected = category.rate_on_s(95) * horizon_s
    assert expected == pytest.approx(9500.0)
    spread = math.sqrt(expected) / min(shape, 1.0)
    assert abs(len(nodes) - expected) < 4.0 * spread
    counts = np.bincount(nodes, minlength=95)
    chi_square = float(((counts - 100.0) ** 2 / 100.0).sum())
    assert abs(chi_square - 95.0) < 4.0 * math.sqrt(2.0 * 95.0) / min(shape, 1.0)
