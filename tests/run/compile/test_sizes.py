"""The size of the job over its phases and on dates, from the scenario to the plan and to the bill."""

from functools import cache

import pytest

import clustersim as cs
from clustersim.run import RunPlan
from clustersim.run.compile.size import at_each_size
from clustersim.scenario.schema.scenario import Scenario
from clustersim.step.predict import predict_phase, resized_steps
from tests.scenarios.conftest import SCENARIOS

HALF = "training.resizes=[{on: 2027-01-13, gpus: 32}]"
PHASES = (
    "training.phases=[{name: large, tokens: 100B tokens, sequence_length: 8192, global_batch: 512},"
    " {name: small, tokens: 20B tokens, sequence_length: 8192, global_batch: 512,"
    " layout: {data_parallel: 32, zero_stage: 3}}]"
)


def load(*settings: str) -> cs.Plan:
    return cs.load(SCENARIOS / "quickstart.yaml", settings)


def plan(*settings: str) -> RunPlan:
    return load(*settings).run_plan


def scenario(*settings: str) -> Scenario:
    return load(*settings).scenario


def test_on_half_of_the_gpus_a_step_takes_twice_as_long() -> None:
    (resize,) = plan(HALF).resizes
    assert resize.at_s == 2 * 86400.0
    (phase,) = resize.phases
    assert phase.nodes == 4
    assert phase.step_time_s == pytest.approx(2.0 * plan().phases[0].step_time_s, rel=0.02)
    assert (phase.steps, phase.tokens_per_step) == (plan().phases[0].steps, plan().phases[0].tokens_per_step)


def test_restarts_and_checkpoints_are_those_of_the_size() -> None:
    """Parts grow with their own powers of the GPUs; half of the nodes fail half as often, and so the root of two."""
    resized = plan(HALF)
    (size,) = resized.sizes
    growth = {"schedule": 0.5, "init": 0.8, "collectives": 1.36, "load": 0.5, "warmup": 0.0}
    for small, large in zip(size.restart_parts, resized.recovery.restart_parts, strict=True):
        assert small.median_s == pytest.approx(large.median_s * 0.5 ** growth[large.name])
    assert size.interval_s == pytest.approx(resized.checkpoint.interval_s * 2.0**0.5)
    assert resized.recovery_with(4).restart_parts == size.restart_parts
    assert resized.checkpoint_with(4).interval_s == size.interval_s
    assert resized.recovery_with(8) == resized.recovery
    (fixed,) = plan(HALF, "checkpoint.interval=20 min").sizes
    assert fixed.interval_s == 1200.0


def test_phases_of_other_sizes() -> None:
    phased = plan(PHASES)
    assert phased.job_nodes == 8
    assert [phase.nodes for phase in phased.phases] == [None, 4]
    assert [phase.restart_before for phase in phased.phases] == [False, True]
    assert [size.nodes for size in phased.sizes] == [4]
    assert phased.sizes == plan(HALF).sizes


def test_a_job_that_is_small_at_first_has_room_for_all_that_it_will_have() -> None:
    """Layout of the job 32 GPUs, from the second day on 64: units of failures and spares are counted for 64."""
    grown = plan("training.layout={data_parallel: 32, zero_stage: 3}", "training.resizes=[{on: 2027-01-12, gpus: 64}]")
    assert grown.job_nodes == 8
    assert grown.phases[0].nodes == 4
    assert grown.resizes[0].phases[0].nodes is None
    assert grown.categories == plan().categories


def test_dates_are_put_in_order() -> None:
    resizes = (
        "training.resizes=[{on: 2027-01-14, gpus: 64}, {on: 2027-01-13, layout: {data_parallel: 32, zero_stage: 2}}]"
    )
    days = [(resize.at_s / 86400.0, resize.phases[0].nodes) for resize in plan(resizes).resizes]
    assert days == [(2.0, 4), (3.0, None)]
    first, second, third = at_each_size(scenario(resizes))
    zero_stages = [then.training.layout_of(then.training.phases[0]).zero_stage for then in (first, second, third)]
    assert zero_stages == [3, 2, 3], "a layout holds until the next change, which is again of the job's own"


def test_a_measured_step_scales_as_its_prediction_does() -> None:
    measured = scenario(HALF, "training.phases[0].step_time=10 s")
    predicted = scenario(HALF)
    (usual,) = (predict_phase(predicted, phase).mean_s for phase in predicted.training.phases)
    (half,) = resized_steps(predicted, predicted.training.resizes[0])
    (scaled,) = resized_steps(measured, measured.training.resizes[0])
    assert scaled.mean_s == pytest.approx(10.0 * half.mean_s / usual)
    assert (scaled.basis, scaled.prediction_sigma) == ("predicted", half.prediction_sigma)


def test_factors_on_steps_are_those_of_each_size() -> None:
    """One phase at two sizes: slow GPUs, missing replicas and spares from elsewhere have a factor for each."""
    slow = "{component: gpu, rate: 1 per node-year, effect: slow, gpu_speed: 50 %, lasts: 1 h}"
    fabric = "cluster.fabric={kind: clos, nodes_per_pod: 4, oversubscription: 8}"
    more = [f"failures={{categories: {{slow: {slow}}}}}", "recovery.elastic={least: 50 %}", fabric]
    both = plan(HALF, *more, "spares.placement={at: behind_job}")
    (category,) = both.categories
    assert len(category.phase_slowdowns) == 2
    assert both.recovery.elastic is not None
    assert {len(factors) for factors in both.recovery.elastic.slowdowns} == {2}
    assert both.spares.placement is not None
    assert [len(factors) for factors in both.spares.placement.slowdowns] == [2]
    small = plan("training.layout={data_parallel: 32, zero_stage: 3}", *more)
    assert category.phase_slowdowns[1:] == small.categories[0].phase_slowdowns


# --- what it costs ---------------------------------------------------------------------------------------------------


@cache
def forecast(*settings: str) -> cs.Forecast:
    return load(*settings, "study.replications=4", "failures.rate_multiplier=20").run(seed=0)


def mean(stat: dict[str, float]) -> float:
    return stat["mean"]


@pytest.mark.parametrize("settings", [(HALF,), (PHASES,)])
def test_gpu_hours_are_the_sum_over_the_sizes(settings: tuple[str, ...]) -> None:
    summary = forecast(*settings).summary
    head, account = summary["headline"], summary["gpu_hours_account"]
    assert [row["gpus"] for row in summary["sizes"]] == [64, 32]
    by_hand = sum(row["gpus"] * 24.0 * mean(row["wall_days"]) for row in summary["sizes"])
    hours = mean(head["gpu_hours"])
    assert hours == pytest.approx(by_hand)
    assert hours < 64 * 24.0 * mean(head["wall_time_days"])
    assert sum(mean(row["gpu_hours"]) for row in summary["sizes"]) == pytest.approx(hours)
    assert sum(mean(row["gpu_hours"]) for row in summary["phases"]) == pytest.approx(hours)
    assert mean(head["main_gpu_hours"]) == pytest.approx(hours)
    assert mean(account["undisturbed"]) + mean(account["lost"]) == pytest.approx(hours)
    assert mean(account["job"]) == pytest.approx(hours)
    for rows in ("lost_by_kind", "lost_by_cause"):
        assert sum(mean(row["gpu_hours"]) for row in account[rows]) == pytest.approx(mean(account["lost"]), rel=1e-6)
    totals = [row["gpu_hours"] for row in summary["gpu_hours_bridge"] if row["kind"] == "total"]
    assert totals == [pytest.approx(hours)]


def test_the_undisturbed_gpu_hours_hardly_depend_on_the_size() -> None:
    """Half the GPUs take twice as long: the arithmetic is the same."""
    half, whole = (mean(forecast(*s).summary["gpu_hours_account"]["undisturbed"]) for s in ((HALF,), ()))
    assert half == pytest.approx(whole, rel=0.02)
    mfu = [mean(forecast(*s).summary["headline"]["mfu_while_training_fraction"]) for s in ((HALF,), ())]
    assert mfu[0] == pytest.approx(mfu[1], rel=0.02)


def test_what_is_given_up_is_returned_or_paid() -> None:
    returned, paid = forecast(HALF).summary, forecast(HALF, "bill.given_up_nodes=paid").summary
    spares, wall_hours = 8, 24.0 * mean(returned["headline"]["wall_time_days"])
    hours = mean(returned["headline"]["gpu_hours"])
    assert mean(returned["headline"]["reserved_gpu_hours"]) == pytest.approx(hours + spares * wall_hours)
    assert mean(paid["headline"]["reserved_gpu_hours"]) == pytest.approx((64 + spares) * wall_hours)
    assert mean(paid["headline"]["gpu_hours"]) == hours
    account = paid["gpu_hours_account"]
    assert mean(account["job"]) + mean(account["standby"]) == pytest.approx(mean(account["reserved"]))
    share = mean(paid["headline"]["reserved_gpu_hours"]) / mean(returned["headline"]["reserved_gpu_hours"])
    assert mean(paid["headline"]["cost_usd"]) / mean(returned["headline"]["cost_usd"]) == pytest.approx(share, rel=0.02)
    assert mean(paid["headline"]["energy_mwh"]) == mean(returned["headline"]["energy_mwh"])


def test_failures_are_expected_of_the_nodes_that_there_are() -> None:
    half, whole = (forecast(*s).summary for s in ((HALF,), ()))
    expected = [
        sum(row["expected"] for row in summary["interruptions_by_category"]) / mean(summary["headline"]["gpu_hours"])
        for summary in (half, whole)
    ]
    assert expected[0] == pytest.approx(expected[1], rel=0.01), "by GPU-hour they are as many"
