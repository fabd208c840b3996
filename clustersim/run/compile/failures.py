"""Categories of failures: their units counted and placed on nodes."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from clustersim.hardware.domains import Domain, NoDomainError, domain_of
from clustersim.run.compile.laws import compile_law
from clustersim.run.compile.slowing import phase_slowdowns
from clustersim.run.failures.ageing import AgeingPlan
from clustersim.run.failures.lifetimes import EmpiricalLife, ExponentialLife, Lifetime, LognormalLife, WeibullLife
from clustersim.run.plan import CategoryPlan, IncidentPlan, LemonsPlan
from clustersim.scenario.schema.failure_category import FailureCategory
from clustersim.scenario.schema.failures import Failures
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.lifetime import AnyLifetime, EmpiricalLifetime, LognormalLifetime, WeibullLifetime
from clustersim.scenario.schema.scenario import Scenario

REWIND_STEPS, SKIP_STEPS = 100, 350
"""What a loss spike costs where the category does not say: PaLM (arXiv 2204.02311, 2022), section 5.1."""


def job_mtbf_s(
    categories: Sequence[CategoryPlan], job_nodes: int, lemons: LemonsPlan | None = None, hazard_factor: float = 1.0
) -> float:
    """Mean time between failures that stop the job [s], by the rates alone; infinite when nothing fails.

    Parameters
    ----------
    categories : sequence of CategoryPlan
        What fails.
    job_nodes : int
        Nodes of the job.
    lemons : LemonsPlan, optional
        Nodes that fail more often.
    hazard_factor : float
        Mean factor on the rates over the run.
    """
    stopping = [c for c in categories if c.stops_job]
    rate_s = sum(c.rate_on_s(job_nodes) for c in stopping)
    if lemons is not None:
        extra = lemons.fraction * (lemons.factor - 1.0)
        rate_s += extra * sum(c.rate_on_s(job_nodes) for c in stopping if c.strikes_one_node)
    return 1.0 / (rate_s * hazard_factor) if rate_s > 0.0 else math.inf


def compile_category(name: str, category: FailureCategory, scenario: Scenario, job_nodes: int) -> CategoryPlan:
    """Count the units of a category and place them on nodes, those of the job at its largest and its spares.

    What fails once for a whole job, and takes nodes down, is as rare on each node as it is on those of the largest job.
    """
    nodes = job_nodes if category.blast == "job" else job_nodes + scenario.spares.total
    domain = _unit_domain(category, scenario.cluster, nodes)
    per_domain, domain_nodes = domain.units, domain.nodes
    jobs = job_nodes if category.rate.unit in ("job", "storage") and category.blast != "job" else 1
    blast_nodes = _blast_nodes(category, scenario.cluster, nodes)
    return CategoryPlan(
        name=name,
        component=category.component,
        units=math.ceil(nodes / domain_nodes) * per_domain,
        rate_per_unit_s=category.rate.per_second * scenario.failures.rate_multiplier / jobs,
        units_per_domain=per_domain,
        domain_nodes=domain_nodes,
        blast_nodes=blast_nodes,
        effect=category.effect,
        hang_fraction=category.hang_fraction,
        evict=category.evict,
        lifetime=compile_lifetime(category.lifetime),
        renewal=category.renewal,
        idle_factor=category.idle_factor,
        published_count=category.published_count,
        slowdown=1.0 if category.slowdown is None else category.slowdown,
        phase_slowdowns=phase_slowdowns(category, scenario),
        rewind_steps=_or(category.rewind, REWIND_STEPS) if category.effect == "loss_spike" else 0,
        skip_steps=_or(category.skip, SKIP_STEPS) if category.effect == "loss_spike" else 0,
        lasts=None if category.lasts is None else compile_law(category.lasts),
        repair=None if category.repair is None else compile_law(category.repair),
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _unit_domain(category: FailureCategory, cluster: Cluster, nodes: int) -> Domain:
    """Nodes around one unit of the rate, and the units in them."""
    unit, node = category.rate.unit, cluster.node
    if unit in ("job", "storage"):
        # What fails as a whole has one clock; a failure of it that takes nodes down has a clock on each of them.
        return Domain(nodes if category.blast == "job" else 1)
    if unit in ("gpu", "nic", "node"):
        return Domain(1, {"gpu": node.gpus, "nic": node.nics, "node": 1}[unit])
    return domain_of(cluster, "rack" if unit == "switch" else unit, nodes)


def _blast_nodes(category: FailureCategory, cluster: Cluster, nodes: int) -> int:
    """Nodes that go down together; 0 where it is the job alone."""
    blast = category.blast
    return {"job": 0, "node": 1}[blast] if blast in ("job", "node") else domain_of(cluster, blast, nodes).nodes


def domain_problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Categories whose units or blast the cluster does not have: (path, message) each."""
    for name, category in scenario.failures.categories.items():
        for setting, find in (("rate", _unit_domain), ("blast", _blast_nodes)):
            try:
                find(category, scenario.cluster, scenario.cluster.nodes)
            except NoDomainError as problem:
                yield f"failures.categories.{name}.{setting}", str(problem)


def compile_incidents(failures: Failures) -> tuple[IncidentPlan, ...]:
    """Recorded incidents in time order, those of one moment as they are written."""
    codes = {name: code for code, name in enumerate(failures.categories)}
    return tuple(
        IncidentPlan(i.at, codes[i.category], i.lasts, i.detection)
        for i in sorted(failures.incidents, key=lambda incident: incident.at)
    )


def compile_lifetime(lifetime: AnyLifetime) -> Lifetime:
    """Law of the time to failure, with mean 1."""
    if isinstance(lifetime, WeibullLifetime):
        return WeibullLife(lifetime.shape)
    if isinstance(lifetime, LognormalLifetime):
        return LognormalLife(lifetime.sigma)
    return EmpiricalLife(lifetime.lives) if isinstance(lifetime, EmpiricalLifetime) else ExponentialLife()


def compile_ageing(failures: Failures, start: datetime) -> AgeingPlan:
    """What changes the rates of a fleet whose run starts at this moment."""
    infant, temperature = failures.infant_mortality, failures.temperature
    new_year = start.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    plan = AgeingPlan(drift_per_year=failures.drift_per_year)
    if infant is not None:
        plan = replace(plan, infant_factor=infant.factor, infant_decay_s=infant.decay, fleet_age_s=failures.fleet_age)
    if temperature is not None:
        plan = replace(
            plan,
            per_kelvin=math.log(temperature.factor_per_10_k) / 10.0,
            daily_swing_k=temperature.daily_swing,
            yearly_swing_k=temperature.yearly_swing,
            start_s=(start - new_year).total_seconds(),
        )
    return plan


def compile_lemons(failures: Failures) -> LemonsPlan | None:
    """Nodes that keep failing, if there are any."""
    lemons = failures.lemons
    return None if lemons is None else LemonsPlan(lemons.fraction, lemons.factor)
