"""Same plan, seed and replication: same bytes. Another plan: the same failures."""

from dataclasses import replace

import numpy as np
import pytest

from clustersim.run import Records, RunPlan, simulate
from clustersim.run.failures.lifetimes import WeibullLife
from clustersim.run.plan import CategoryPlan, CheckpointPlan, SparesPlan
from clustersim.run.streams import normals, stream
from tests.run.plans import DAY_S, RECOVERY, SPARES, Simulate, digest, small_plan


def category(name: str, nodes: int, mean_s: float, shape: float = 1.0) -> CategoryPlan:
    """Failures that leave their node in service, so that all of them show in the records."""
    return CategoryPlan(
        name, "gpu", nodes * 8, 1.0 / mean_s / (8 * 32), units_per_domain=8, evict=0.0, lifetime=WeibullLife(shape)
    )


def busy_plan(spares: SparesPlan = SPARES, shape: float = 1.0) -> RunPlan:
    """32 nodes for ten days with a failure every two hours."""
    nodes = 32 + spares.total
    categories = (category("gpu", nodes, 3 * 3600.0, shape), category("nic", nodes, 6 * 3600.0))
    plan = small_plan(steps=86400, categories=categories, job_nodes=32, deadline_s=10 * DAY_S)
    return replace(plan, spares=spares, checkpoint=CheckpointPlan(1000.0, 2.0, 30.0))


def failure_times_s(records: Records, name: str, until_s: float, nodes: int = 32) -> list[float]:
    rows = records.incidents
    chosen = rows["category"] == records.categories.index(name)
    chosen &= (rows["t_s"] < until_s) & (rows["node"] < nodes)
    return rows["t_s"][chosen].tolist()


def assert_same_failures(one: Records, other: Records, names: tuple[str, ...] = ("gpu", "nic")) -> None:
    until_s = min(one.end_s, other.end_s)
    for name in names:
        times_s = failure_times_s(one, name, until_s)
        assert len(times_s) > 10
        assert times_s == failure_times_s(other, name, until_s)


def test_same_bytes_twice() -> None:
    assert digest(simulate(busy_plan(), 1, 2)) == digest(simulate(busy_plan(), 1, 2))


def test_seed_and_replication_matter() -> None:
    digests = {digest(simulate(busy_plan(), seed, number)) for seed in (1, 2) for number in (0, 1)}
    assert len(digests) == 4


def test_a_run_leaves_no_trace_on_the_next() -> None:
    first = digest(simulate(busy_plan(), 1, 0))
    for number in (3, 1, 2):
        simulate(busy_plan(shape=0.7), 1, number)
    np.random.default_rng(0).random(3)
    assert digest(simulate(busy_plan(), 1, 0)) == first


@pytest.mark.parametrize("shape", [1.0, 0.7])
def test_more_spares_leave_the_failures_of_the_other_nodes(run: Simulate, shape: float) -> None:
    few, many = (busy_plan(replace(SPARES, hot=count), shape) for count in (2, 4))
    assert_same_failures(run(few, 1), run(many, 1))


@pytest.mark.parametrize("shape", [1.0, 0.7])
def test_more_spares_leave_which_node_of_a_rack_fails(run: Simulate, shape: float) -> None:
    """Racks of four whose failures take one node: the last rack of the job is shared with the spares."""

    def struck(hot: int) -> list[tuple[float, int]]:
        racks = CategoryPlan(
            "gpu", "rack", -(-(30 + hot) // 4), 1e-5, domain_nodes=4, evict=0.0, lifetime=WeibullLife(shape)
        )
        plan = replace(busy_plan(), job_nodes=30, categories=(racks,), spares=replace(SPARES, hot=hot))
        rows = run(plan, 1, horizon_s=9 * DAY_S).incidents
        return [pair for pair in zip(rows["t_s"].tolist(), rows["node"].tolist(), strict=True) if pair[1] < 30]

    assert len(struck(1)) > 30
    assert struck(1) == struck(6)


def test_spares_fail_too(run: Simulate) -> None:
    records = run(busy_plan(replace(SPARES, hot=16)), 1)
    on_spares = (records.incidents["node"] >= 32).sum()
    count = len(records.incidents["t_s"])
    assert abs(on_spares / count - 1.0 / 3.0) < 4.0 * np.sqrt(2.0 / 9.0 / count)


def test_checkpoint_interval_leaves_the_failures(run: Simulate) -> None:
    plan = busy_plan()
    assert_same_failures(run(plan, 1), run(replace(plan, checkpoint=CheckpointPlan(300.0, 9.0, 0.0)), 1))


def test_horizon_leaves_the_failures(run: Simulate) -> None:
    plan = busy_plan()
    whole, cut = run(plan, 1), run(plan, 1, horizon_s=4 * DAY_S)
    assert_same_failures(whole, cut)
    early = whole.intervals["end_s"] < cut.end_s
    for name, column in whole.intervals.items():
        np.testing.assert_array_equal(column[early], cut.intervals[name][: early.sum()])


def test_another_category_leaves_the_failures(run: Simulate) -> None:
    plan = busy_plan(replace(SPARES, hot=2))
    more = replace(plan, categories=(category("psu", 34, 4 * 3600.0), *reversed(plan.categories)))
    assert_same_failures(run(plan, 1), run(more, 1))


def test_order_of_the_categories_does_not_matter(run: Simulate) -> None:
    """Plans that list the same categories in another order see the same wall time."""
    plan = busy_plan()
    turned = replace(plan, categories=plan.categories[::-1])
    assert run(plan, 1).end_s == run(turned, 1).end_s


def test_streams_depend_on_name_seed_and_replication_alone() -> None:
    def first(seed: int = 0, replication: int = 0, name: str = "gpu") -> float:
        return float(stream(seed, replication, name).random())

    assert first() == first()
    assert len({first(), first(seed=1), first(replication=1), first(name="nic"), first(name="gpu ")}) == 5


def test_stream_is_pinned() -> None:
    """A changed number here changes every published forecast: it needs a new minor version."""
    assert stream(7, 3, "failures of gpu").integers(0, 10**9, 3).tolist() == [759316005, 175827844, 832214348]


def test_normals_are_standard_and_continue_across_blocks() -> None:
    source = normals(stream(0, 0, "x"), block=10)
    sample = np.array([next(source) for _ in range(4000)])
    assert abs(sample.mean()) < 4.0 / np.sqrt(4000)
    assert abs(sample.var() - 1.0) < 4.0 * np.sqrt(2.0 / 4000)
    other = normals(stream(0, 0, "x"), block=64)
    assert sample[:100].tolist() == [next(other) for _ in range(100)]


def test_parameter_uncertainty_draws_each_replication() -> None:
    from clustersim.run.engine import drawn_phases, drawn_rate_factor

    plan = busy_plan()
    counted = replace(plan.categories[0], published_count=20)
    phases = (replace(plan.phases[0], step_sigma=0.1), replace(plan.phases[0], step_sigma=0.2))
    plan = replace(plan, categories=(counted, plan.categories[1]), phases=phases)
    assert drawn_phases(plan, 0, 0) == phases
    assert drawn_rate_factor(plan, counted, 0, 0) == 1.0
    plan = replace(plan, parameter_uncertainty=True)
    drawn = [drawn_phases(plan, 0, number) for number in range(2000)]
    logs = np.log([[phase.step_time_s / 10.0 for phase in phases] for phases in drawn])
    np.testing.assert_allclose(logs[:, 1], 2.0 * logs[:, 0], err_msg="one common error")
    assert abs(logs[:, 0].mean()) < 4.0 * 0.1 / np.sqrt(2000)
    assert abs(logs[:, 0].std(ddof=1) / 0.1 - 1.0) < 4.0 * np.sqrt(0.5 / 2000)
    factors = np.array([drawn_rate_factor(plan, counted, 0, number) for number in range(2000)])
    assert abs(factors.mean() - 1.0) < 4.0 / np.sqrt(20.0 * 2000.0)
    assert abs(factors.std(ddof=1) * np.sqrt(20.0) - 1.0) < 4.0 * np.sqrt(0.5 / 2000) * 1.2
    assert drawn_rate_factor(plan, plan.categories[1], 0, 0) == 1.0


def test_wall_time_of_a_faultless_run_follows_its_step_time() -> None:
    plan = small_plan(categories=())
    plan = replace(
        plan, parameter_uncertainty=True, phases=(replace(plan.phases[0], step_sigma=0.3),), recovery=RECOVERY
    )
    walls_s = {simulate(plan, 0, number).end_s for number in range(5)}
    assert len(walls_s) == 5
