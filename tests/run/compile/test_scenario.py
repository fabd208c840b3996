"""From a scenario to the numbers of the engine, by hand."""

import math
import pickle

import pytest

from clustersim.run import RunPlan
from clustersim.run.compile import job_mtbf_s
from clustersim.run.failures.ageing import AgeingPlan
from clustersim.run.failures.lifetimes import EmpiricalLife, ExponentialLife, Lifetime, LognormalLife, WeibullLife
from clustersim.run.laws import Law
from clustersim.run.plan import (
    CategoryPlan,
    DiurnalPlan,
    IncidentPlan,
    LemonsPlan,
)
from tests.run.compile.written import GPU, PLAN, Compile


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


def test_neighbours_that_share_the_spares(compiled: Compile) -> None:
    head = PLAN.replace("repair_hands: 5}", "repair_hands: 5, shared_with: {nodes: 2}}")
    assert compiled(head=head).neighbour_nodes == 2
    assert compiled().neighbour_nodes == 0


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
