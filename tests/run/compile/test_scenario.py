"""From a scenario to the numbers of the engine, by hand."""

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clustersim.run import RunPlan, compile_plan
from clustersim.run.checkpointing import young_daly_interval
from clustersim.run.compile import checkpoint_size_bytes, job_mtbf_s
from clustersim.run.failures.ageing import AgeingPlan
from clustersim.run.failures.lifetimes import EmpiricalLife, ExponentialLife, Lifetime, LognormalLife, WeibullLife
from clustersim.run.laws import AT_ONCE, Law
from clustersim.run.plan import (
    AdaptivePlan,
    CategoryPlan,
    DatedPlan,
    DiagnosisPlan,
    DiurnalPlan,
    IncidentPlan,
    InJobPlan,
    LemonsPlan,
    MaintenancePlan,
    OnCallPlan,
    PartsPlan,
    PreemptionPlan,
    RestartPart,
    RetirementPlan,
    RolloutPlan,
    StoragePlan,
    TenantPlan,
    TierPlan,
)
from clustersim.scenario import load
from clustersim.workload.parameters import count_parameters

PLAN = """\
name: A plan
model: llama3-8b
cluster: {node: dgx-h100, nodes: 40}
spares: {hot: 1, warm: 2, cold: 3, warm_swap: 70 s, repair_hands: 5}
training:
  start: 2027-01-11
  layout: {data_parallel: 256}
  phases:
    - {name: first, tokens: 1001M tokens, sequence_length: 1000, global_batch: 1000, step_time: 2 s}
    - {name: second, tokens: 100M tokens, sequence_length: 1000, global_batch: 100, step_time: 3 s}
    - {name: third, tokens: 1M tokens, sequence_length: 1000, global_batch: 100, step_time: 4 s, main: false,
       layout: {data_parallel: 64, tensor_parallel: 4}}
checkpoint: {kind: blocking, interval: 10 min, write_bandwidth: 10 GB/s, bytes_per_parameter: 10}
failures:
  categories:
"""
GPU = "    x: {component: gpu, rate: 1 per 1000 gpu-hours"

Compile = Callable[..., RunPlan]


@pytest.fixture
def compiled(tmp_path: Path) -> Compile:
    """Compile the plan with one failure category, with more settings after it."""

    def compile_text(category: str = GPU, more: str = "", head: str = PLAN, **step: Any) -> RunPlan:
        path = tmp_path / "plan.yaml"
        path.write_text(f"{head}{category}}}\n{more}", encoding="utf-8")
        scenario = load(path).scenario
        steps = [
            SimpleNamespace(mean_s=phase.step_time, prediction_sigma=step.get("sigma", 0.0))
            for phase in scenario.training.phases
        ]
        return compile_plan(scenario, steps)  # type: ignore[arg-type]

    return compile_text


def category(plan: RunPlan) -> CategoryPlan:
    (only,) = plan.categories
    return only


def test_phases(compiled: Compile) -> None:
    first, second, third = compiled(sigma=0.1).phases
    assert (first.steps, first.tokens_per_step, first.step_time_s, first.step_sigma) == (1001, 1e6, 2.0, 0.1)
    assert second.steps == 1000
    assert third.steps == 10
    assert [p.restart_before for p in (first, second, third)] == [False, False, True]
    assert [p.main for p in (first, second, third)] == [True, True, False]
    assert compiled().ideal_s == 1001 * 2.0 + 1000 * 3.0 + 10 * 4.0


def test_nodes_and_spares(compiled: Compile) -> None:
    plan = compiled()
    assert (plan.job_nodes, plan.gpus, plan.nodes) == (32, 256, 38)
    spares = plan.spares
    assert (spares.hot, spares.warm, spares.cold, spares.repair_hands) == (1, 2, 3, 5)
    assert spares.warm_swap == Law("constant", 70.0)
    assert spares.repair == Law("lognormal", 54.0 * 60.0, 1.94)


def test_plan_can_be_sent_to_a_worker(compiled: Compile) -> None:
    plan = compiled()
    assert pickle.loads(pickle.dumps(plan)) == plan


PER_HOUR = 1.0 / 3600.0


RACKS = PLAN.replace(
    "nodes: 40}",
    "nodes: 40, racks_per_pdu: 3, racks_per_cooling_loop: 5,"
    " fabric: {nodes_per_rack: 2, nodes_per_leaf: 4, rails: 8, nodes_per_pod: 16, spines_per_pod: 2}}",
)


@pytest.mark.parametrize(
    ("unit", "units", "per_domain", "domain_nodes"),
    [
        ("gpu", 38 * 8, 8, 1),
        ("nic", 38 * 8, 8, 1),
        ("node", 38, 1, 1),
        ("rack", 19, 1, 2),
        ("switch", 19, 1, 2),
        ("leaf", 80, 8, 4),
        ("spine", 6, 2, 16),
        ("pod", 3, 1, 16),
        ("pdu", 7, 1, 6),
        ("cooling_loop", 4, 1, 10),
        ("site", 1, 1, 38),
    ],
)
def test_units_stand_on_nodes(compiled: Compile, unit: str, units: int, per_domain: int, domain_nodes: int) -> None:
    it = category(compiled(f"    x: {{component: gpu, rate: 1 per {unit}-hour", head=RACKS))
    assert (it.units, it.units_per_domain, it.domain_nodes) == (units, per_domain, domain_nodes)
    assert it.blast_nodes == 1, "what it takes down is what the plan says, however large the unit"
    assert it.rate_per_unit_s == pytest.approx(PER_HOUR)


@pytest.mark.parametrize(
    ("unit", "blast", "blast_nodes", "units"),
    [
        ("switch", "rack", 2, 19), ("pod", "rack", 2, 3), ("pod", "pod", 16, 3), ("rack", "pod", 16, 19),
        ("rack", "job", 0, 16), ("pod", "job", 0, 2), ("leaf", "leaf", 4, 80), ("pdu", "pdu", 6, 7),
        ("cooling_loop", "cooling_loop", 10, 4), ("site", "site", 38, 1), ("storage", "job", 0, 1),
    ],
)  # fmt: skip
def test_blast_is_what_the_plan_says(compiled: Compile, unit: str, blast: str, blast_nodes: int, units: int) -> None:
    """The job alone counts the domains of its own 32 nodes, and takes none of them down."""
    it = category(compiled(f"    x: {{component: rack, rate: 1 per {unit}-hour, blast: {blast}", head=RACKS))
    assert (it.blast_nodes, it.units) == (blast_nodes, units)


def test_blast_that_is_larger_than_the_unit(compiled: Compile) -> None:
    head = PLAN.replace("nodes: 40}", "nodes: 40, fabric: {nodes_per_rack: 4}}")
    it = category(compiled(GPU + ", blast: rack", head=head))
    assert (it.units, it.domain_nodes, it.blast_nodes) == (38 * 8, 1, 4)


def test_failures_of_the_job_alone_count_its_own_nodes(compiled: Compile) -> None:
    it = category(compiled(GPU + ", blast: job"))
    assert (it.units, it.blast_nodes) == (32 * 8, 0)


def test_rate_of_the_job(compiled: Compile) -> None:
    it = category(compiled("    x: {component: software, rate: 2 per job-hour, blast: job"))
    assert (it.units, it.blast_nodes) == (1, 0)
    assert it.rate_s == pytest.approx(2 * PER_HOUR)


def test_rate_of_the_job_that_breaks_nodes_is_spread_over_them(compiled: Compile) -> None:
    """Two an hour on the 32 nodes of the job, and as often on each spare."""
    it = category(compiled("    x: {component: host, rate: 2 per job-hour, blast: node"))
    assert (it.units, it.units_per_domain, it.domain_nodes, it.blast_nodes) == (38, 1, 1, 1)
    assert it.rate_s * 32 / 38 == pytest.approx(2 * PER_HOUR)


def test_category_keeps_its_settings(compiled: Compile) -> None:
    it = category(
        compiled(GPU + ", hang_fraction: 30 %, evict: 40 %, published_count: 12, effect: hang, renewal: 50 %")
    )
    assert (it.hang_fraction, it.evict, it.published_count, it.effect, it.renewal) == (0.3, 0.4, 12, "hang", 0.5)


def test_what_lasts(compiled: Compile) -> None:
    law = "lasts: {kind: lognormal, median: 2 min, sigma: 0.5}"
    slow = category(compiled(f"{GPU}, effect: slow, slowdown: 1.8, {law}"))
    assert (slow.effect, slow.slowdown, slow.lasts) == ("slow", 1.8, Law("lognormal", 120.0, 0.5))
    full = category(compiled(f"{GPU}, effect: write_failure, lasts: 30 s"))
    assert (full.effect, full.slowdown, full.lasts) == ("write_failure", 1.0, Law("constant", 30.0))
    loss = category(compiled(f"{GPU}, effect: checkpoint_loss"))
    assert (loss.effect, loss.lasts, loss.detection) == ("checkpoint_loss", None, None)
    assert not any(c.stops_job for c in (slow, full, loss))


def test_incidents_stand_in_time_order(compiled: Compile) -> None:
    """Categories by their place in the file; incidents of one moment stay as they are written."""
    more = (
        "    slow: {component: host, rate: 0 per GPU-hour, effect: slow, slowdown: 1.8, lasts: 20 s}\n"
        "  incidents:\n    - {at: 90 s, category: x, detection: 4 s}\n    - {at: 1 min, category: slow, lasts: 25 s}\n"
        "    - {at: 90 s, category: slow}\n    - {at: 35 s, category: x}\n"
    )
    assert compiled(more=more).incidents == (
        IncidentPlan(35.0, 0), IncidentPlan(60.0, 1, 25.0), IncidentPlan(90.0, 0, None, 4.0), IncidentPlan(90.0, 1),
    )  # fmt: skip


def test_an_incident_has_its_own_of_what_it_gives() -> None:
    usual = CategoryPlan("s", "host", 1, 0.0, effect="slow", slowdown=2.0, lasts=Law("exponential", 20.0))
    assert IncidentPlan(1.0, 0).of(usual) == usual
    assert IncidentPlan(1.0, 0, lasts_s=25.0).of(usual).lasts == Law("constant", 25.0)
    assert IncidentPlan(1.0, 0, detection_s=0.0).of(usual).detection == Law("constant", 0.0)


def test_unit_of_a_node() -> None:
    racks = CategoryPlan("r", "rack", 10, 1.0, units_per_domain=3, domain_nodes=4, blast_nodes=1)
    unit, place = racks.unit_of(6)
    assert (unit, int(place * 4)) == (3, 2), "the first unit of the second rack, and the third node of it"


def test_rate_multiplier(compiled: Compile) -> None:
    plan = compiled(more="  rate_multiplier: 3\n  fleet_age: 2 h\n")
    assert category(plan).rate_per_unit_s == pytest.approx(3e-3 * PER_HOUR)
    assert plan.fleet_age_s == 7200.0


def test_units_of_the_job_and_of_its_spares(compiled: Compile) -> None:
    it = category(compiled())
    assert it.units_on(32) == 256
    assert it.units_on(99) == it.units
    rack = CategoryPlan("r", "rack", 10, 1.0, units_per_domain=3, domain_nodes=4, blast_nodes=4)
    assert rack.units_on(5) == 6, "a domain that the job shares is the job's"
    assert CategoryPlan("j", "software", 1, 1.0, blast_nodes=0).units_on(0) == 1


def test_job_mtbf_leaves_out_the_spares() -> None:
    node = CategoryPlan("n", "host", 10, 0.01)
    job = CategoryPlan("j", "software", 1, 0.02, blast_nodes=0)
    assert job_mtbf_s((node, job), 8) == pytest.approx(1.0 / (0.1 * 0.8 + 0.02))
    assert job_mtbf_s((), 8) == math.inf


def test_job_mtbf_leaves_out_what_does_not_stop_the_job() -> None:
    crash = CategoryPlan("n", "host", 10, 0.01)
    slow = CategoryPlan("s", "host", 10, 0.5, effect="slow", slowdown=2.0, lasts=Law("constant", 1.0))
    loss = CategoryPlan("l", "storage", 10, 0.5, effect="checkpoint_loss")
    assert job_mtbf_s((crash, slow, loss), 10) == pytest.approx(10.0)


def test_job_mtbf_counts_what_strikes_the_job() -> None:
    """A rack of four whose failure takes one node strikes six of eight nodes six eighths of the time."""
    one = CategoryPlan("r", "rack", 2, 0.01, domain_nodes=4)
    assert one.rate_on_s(6) == pytest.approx(0.015)
    assert job_mtbf_s((one,), 6) == pytest.approx(1.0 / 0.015)
    whole = CategoryPlan("r", "rack", 2, 0.01, domain_nodes=4, blast_nodes=4)
    assert whole.rate_on_s(6) == pytest.approx(0.02), "both racks hold nodes of the job"
    gpu = CategoryPlan("g", "gpu", 80, 0.01, units_per_domain=8)
    assert gpu.rate_on_s(5) == pytest.approx(0.4)
    assert CategoryPlan("j", "software", 1, 0.01, blast_nodes=0).rate_on_s(5) == 0.01


def test_blocking_checkpoint(compiled: Compile) -> None:
    plan = compiled().checkpoint
    size_bytes = 10.0 * count_parameters(load_model()).total
    assert plan.size_bytes == size_bytes
    assert (plan.interval_s, plan.stall_s, plan.write_s) == (600.0, size_bytes / 10e9, 0.0)


def load_model() -> Any:
    from clustersim.scenario.schema.model import Model

    return Model.model_validate("llama3-8b")


def test_asynchronous_checkpoint(compiled: Compile) -> None:
    head = PLAN.replace("kind: blocking,", "kind: asynchronous, stall: 2 s,")
    plan = compiled(head=head).checkpoint
    assert (plan.stall_s, plan.write_s) == (2.0, plan.size_bytes / 10e9)


def test_young_daly_interval_uses_the_mtbf_of_the_job(compiled: Compile) -> None:
    """256 GPUs of the job at 1 per 1000 hours: one failure in 3.9 hours."""
    plan = compiled(head=PLAN.replace("interval: 10 min, ", ""))
    assert plan.checkpoint.interval_s == pytest.approx(young_daly_interval(plan.checkpoint.stall_s, 3.6e6 / 256))


def test_young_daly_interval_is_no_shorter_than_a_write(compiled: Compile) -> None:
    head = PLAN.replace("interval: 10 min, ", "").replace("kind: blocking,", "kind: asynchronous, stall: 0 s,")
    plan = compiled(head=head).checkpoint
    assert plan.interval_s == plan.write_s


def test_free_checkpoints_of_a_job_that_never_fails(compiled: Compile) -> None:
    """Zero times infinity: as often as they can be written."""
    head = PLAN.replace("interval: 10 min, ", "").replace("kind: blocking,", "kind: asynchronous, stall: 0 s,")
    plan = compiled(head=head, more="  rate_multiplier: 0\n").checkpoint
    assert plan.interval_s == plan.write_s > 1.0


def test_without_failures_there_is_no_need_to_checkpoint(compiled: Compile) -> None:
    plan = compiled(head=PLAN.replace("interval: 10 min, ", ""), more="  rate_multiplier: 0\n")
    assert math.isfinite(plan.checkpoint.interval_s)
    assert plan.checkpoint.interval_s > 1e10


def test_restart_parts_grow_with_the_job(compiled: Compile) -> None:
    more = "recovery: {restart: {init: {median: 40 s, at_gpus: 64, growth: 0.5}, warmup: {median: 7 s}, spread: 0.2}}\n"
    recovery = compiled(more=more).recovery
    assert RestartPart("init", 80.0) in recovery.restart_parts
    assert RestartPart("warmup", 7.0) in recovery.restart_parts
    assert [part.name for part in recovery.restart_parts] == ["schedule", "init", "collectives", "load", "warmup"]
    assert recovery.restart_s() == pytest.approx(sum(part.median_s for part in recovery.restart_parts))
    assert recovery.restart_sigma == 0.2


def test_detection_and_people(compiled: Compile) -> None:
    more = (
        "recovery:\n  detection: {crash: {kind: exponential, mean: 9 s}, hang_timeout: 5 min, corruption: 1 h}\n"
        "  manual_fraction: 5 %\n  manual_delay: 2 h\n"
    )
    recovery = compiled(more=more).recovery
    assert recovery.crash == Law("exponential", 9.0)
    assert recovery.hang_timeout_s == 300.0
    assert recovery.corruption == Law("constant", 3600.0)
    assert (recovery.manual_fraction, recovery.manual_delay) == (0.05, Law("constant", 7200.0))


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


def test_neighbours_that_share_the_spares(compiled: Compile) -> None:
    head = PLAN.replace("repair_hands: 5}", "repair_hands: 5, shared_with: {nodes: 2}}")
    assert compiled(head=head).neighbour_nodes == 2
    assert compiled().neighbour_nodes == 0


def test_checkpoint_size_is_by_parameter(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(f"{PLAN}{GPU}}}\n", encoding="utf-8")
    scenario = load(path).scenario
    assert checkpoint_size_bytes(scenario) == 10.0 * count_parameters(scenario.model).total


def test_job_mtbf_counts_lemons_and_a_new_fleet() -> None:
    """Of 100 nodes one is a lemon that fails 101 times as often: twice the failures; a factor of 1.5 on top."""
    node = CategoryPlan("node", "host", 100, 1e-3)
    rack = CategoryPlan("rack", "rack", 10, 1e-3, domain_nodes=10, blast_nodes=10)
    assert job_mtbf_s((node,), 100, LemonsPlan(0.01, 101.0), 1.5) == pytest.approx(1.0 / (0.1 * 2.0 * 1.5))
    assert job_mtbf_s((rack,), 100, LemonsPlan(0.01, 101.0)) == pytest.approx(100.0), "no one node's failure"


@pytest.mark.parametrize(
    ("written", "law"),
    [
        ("exponential", ExponentialLife()),
        ("{kind: weibull, shape: 0.7}", WeibullLife(0.7)),
        ("{kind: lognormal, sigma: 1.2}", LognormalLife(1.2)),
        ("{kind: empirical, lives: [2 h, 3 h]}", EmpiricalLife((7200.0, 10800.0))),
    ],
)
def test_lifetimes(compiled: Compile, written: str, law: Lifetime) -> None:
    assert category(compiled(GPU + f", lifetime: {written}")).lifetime == law


def test_rates_that_change(compiled: Compile) -> None:
    """The run starts on 11 January: ten days into the year."""
    head = PLAN.replace(
        "failures:\n",
        "failures:\n  fleet_age: 5 d\n  infant_mortality: {factor: 2}\n  drift_per_year: 0.1\n"
        "  temperature: {factor_per_10_k: 2, daily_swing: 8, yearly_swing: 20}\n  lemons: {fraction: 2 %}\n",
    )
    plan = compiled(GPU, head=head)
    assert plan.ageing == AgeingPlan(2.0, 30 * 86400.0, 5 * 86400.0, 0.1, math.log(2.0) / 10.0, 8.0, 20.0, 10 * 86400.0)
    assert plan.lemons == LemonsPlan(0.02, 225.0)


def test_rates_that_do_not_change(compiled: Compile) -> None:
    plan = compiled()
    assert not plan.ageing.changes
    assert plan.lemons is None


def test_repair_of_a_category(compiled: Compile) -> None:
    assert category(compiled(GPU + ", repair: 2 h")).repair == Law("constant", 7200.0)
    assert category(compiled()).repair is None


def test_a_loss_spike_costs_what_it_did_where_it_was_published(compiled: Compile) -> None:
    spike = "    x: {component: data, rate: 1 per job-week, blast: job, effect: loss_spike"
    it = category(compiled(spike.replace("week", "day")))
    assert (it.rewind_steps, it.skip_steps, it.stops_job) == (100, 350, True)
    it = category(compiled(spike.replace("week", "day") + ", rewind: 0, skip: 5"))
    assert (it.rewind_steps, it.skip_steps) == (0, 5)
    assert category(compiled()).skip_steps == 0


@pytest.mark.parametrize("how", ["gpu_speed: 50 %", "bandwidth: 1 %"])
def test_the_step_model_says_what_a_slow_unit_costs_in_each_phase(compiled: Compile, how: str) -> None:
    head = PLAN.replace("global_batch: 1000", "global_batch: 1024").replace("global_batch: 100,", "global_batch: 256,")
    slow = f"    x: {{component: nic, rate: 1 per node-year, effect: slow, lasts: 1 h, {how}"
    it = category(compiled(slow, head=head))
    assert len(it.phase_slowdowns) == 3
    assert min(it.phase_slowdowns) > 1.0
    assert len(set(it.phase_slowdowns)) > 1, "the last phase has another layout"


def test_a_slowdown_that_is_given_holds_in_all_phases(compiled: Compile) -> None:
    it = category(compiled(GPU + ", effect: slow, lasts: 1 h, slowdown: 1.5"))
    assert (it.slowdown, it.phase_slowdowns) == (1.5, ())


def test_the_heat_of_the_day(compiled: Compile) -> None:
    head = PLAN.replace("nodes: 40}", "nodes: 40, diurnal_swing: 2 %}").replace("2027-01-11", "2027-01-11T06:00")
    assert compiled(GPU, head=head).diurnal == DiurnalPlan(0.02, 6 * 3600.0)
    assert compiled().diurnal is None


def test_how_it_recovers(compiled: Compile) -> None:
    more = (
        "recovery:\n  on_call: {off_hours: 2 h}\n  in_job_restart: {succeeds: 80 %}\n  queue: 3 min\n"
        "  swap_slow_after: 10 min\n  suspect_after: 3\n  diagnosis: {missed: 5 %, false_blame: 10 %, relapse: 1 h}\n"
    )
    head = PLAN.replace("2027-01-11", "2027-01-13T06:00")
    recovery = compiled(GPU, more=more, head=head).recovery
    off_hours, two_days_and_a_quarter = Law("constant", 7200.0), 2.25 * 86400.0
    assert recovery.on_call == OnCallPlan(9 * 3600.0, 18 * 3600.0, False, off_hours, two_days_and_a_quarter)
    assert recovery.in_job == InJobPlan(("schedule", "init"), 0.8)
    assert [part.name for part in recovery.parts(in_job=True)] == ["collectives", "load", "warmup"]
    assert recovery.restart_s(in_job=True) < recovery.restart_s()
    assert (recovery.queue, recovery.swap_slow_after_s, recovery.suspect_after) == (Law("constant", 180.0), 600.0, 3)
    assert recovery.diagnosis == DiagnosisPlan(0.05, 0.1, Law("constant", 3600.0))


def test_what_the_shop_is_short_of(compiled: Compile) -> None:
    head = PLAN.replace(
        "repair_hands: 5}",
        "repair_hands: 5, failed_repairs: 4 %, parts: {stock: 9, lead_time: 7 d},"
        " retirement: {share: 10 %, after_repairs: 3, lead_time: 20 d}}",
    )
    spares = compiled(GPU, head=head).spares
    assert spares.failed_repairs == 0.04
    assert spares.parts == PartsPlan(9, Law("constant", 7 * 86400.0))
    assert spares.retirement == RetirementPlan(0.1, 3, Law("constant", 20 * 86400.0))


def test_by_default_nothing_goes_wrong_in_recovery(compiled: Compile) -> None:
    plan = compiled()
    assert (plan.recovery.on_call, plan.recovery.in_job, plan.recovery.queue) == (None, None, AT_ONCE)
    assert (plan.recovery.diagnosis.missed, plan.recovery.diagnosis.false_blame) == (0.0, 0.0)
    assert (plan.spares.parts, plan.spares.retirement, plan.spares.failed_repairs) == (None, None, 0.0)


# --- tiers, policies and the store ----------------------------------------------------------------------------------

ASYNCHRONOUS = PLAN.replace("kind: blocking,", "kind: asynchronous, stall: 2 s,")


def checkpointing(more: str, head: str = ASYNCHRONOUS) -> str:
    return head.replace("bytes_per_parameter: 10}", f"bytes_per_parameter: 10, {more}}}")


def test_tiers_of_a_checkpoint(compiled: Compile) -> None:
    tier = "{name: memory, survives: node, write: 3 s, load: 10 s, every: 1, keep: 2, failed: 1 %, corrupt: 2 %}"
    plan = compiled(head=checkpointing(f"every: 5, keep: 3, failed: 4 %, corrupt: 5 %, tiers: [{tier}]")).checkpoint
    assert plan.inner == (TierPlan("memory", 1, 3.0, 10.0, 1, 2, 0.01, 0.02),)
    assert plan.store == TierPlan("store", 5, plan.write_s, keep=3, failed=0.04, corrupt=0.05)


@pytest.mark.parametrize(("survives", "nodes"), [("restart", 0), ("node", 1), ("rack", 4), ("site", 40)])
def test_what_a_tier_survives_in_nodes(compiled: Compile, survives: str, nodes: int) -> None:
    head = checkpointing(f"tiers: [{{name: a, survives: {survives}, load: 1 s}}]").replace(
        "nodes: 40}", "nodes: 40, fabric: {kind: clos, nodes_per_rack: 4}}"
    )
    assert compiled(head=head).checkpoint.inner[0].survives_nodes == nodes


def test_adaptive_interval_starts_from_what_is_expected(compiled: Compile) -> None:
    head = ASYNCHRONOUS.replace("interval: 10 min", "interval: adaptive, expected_mtbf: 5 h, memory: 7")
    plan = compiled(head=head).checkpoint
    assert plan.adaptive == AdaptivePlan(18000.0, 7)
    assert plan.interval_s == young_daly_interval(2.0, 18000.0)
    of_the_plan = compiled(head=ASYNCHRONOUS.replace("interval: 10 min", "interval: adaptive")).checkpoint
    assert of_the_plan.adaptive == AdaptivePlan(pytest.approx(3.6e6 / 256), 10)


def test_store_that_others_use(compiled: Compile) -> None:
    """10 GB/s are asked for; a third of the time another takes 15 of the 20 GB/s, and data 1 GB/s at any time."""
    tenant = "{name: evaluation, demand: 15 GB/s, pause: 2 h, busy: 1 h}"
    store = f"nodes: 40, storage: {{bandwidth: 20 GB/s, data_loading: 1 GB/s, tenants: [{tenant}]}}}}"
    plan = compiled(head=checkpointing("read_copies: 4").replace("nodes: 40}", store)).checkpoint
    assert plan.storage == StoragePlan(
        20e9, 1e9, (TenantPlan("evaluation", 15e9, 7200.0, 3600.0),), 4 * plan.size_bytes, 10e9
    )
    assert plan.write_s == pytest.approx(plan.size_bytes / (2 / 3 * 10e9 + 1 / 3 * 9.5e9))
