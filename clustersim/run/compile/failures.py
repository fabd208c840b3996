"""Categories of failures: their units counted and placed on nodes."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from clustersim.run.compile.laws import compile_law
from clustersim.run.failures.ageing import AgeingPlan
from clustersim.run.failures.lifetimes import EmpiricalLife, ExponentialLife, Lifetime, LognormalLife, WeibullLife
from clustersim.run.plan import CategoryPlan, IncidentPlan, LemonsPlan
from clustersim.scenario.schema.failures import FailureCategory, Failures
from clustersim.scenario.schema.lifetime import AnyLifetime, EmpiricalLifetime, LognormalLifetime, WeibullLifetime
from clustersim.scenario.schema.scenario import Scenario


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
    """Count the units of a category and place them on nodes."""
    node, fabric = scenario.cluster.node, scenario.cluster.fabric
    nodes = job_nodes if category.blast == "job" else job_nodes + scenario.spares.total
    pod = fabric.nodes_per_pod or nodes
    per_domain, domain_nodes = {
        "gpu": (node.gpus, 1),
        "nic": (node.nics, 1),
        "node": (1, 1),
        "rack": (1, fabric.nodes_per_rack),
        "switch": (1, fabric.nodes_per_rack),
        "pod": (1, pod),
        # A failure of the job as a whole has one clock; one that takes nodes down has a clock on each of them.
        "job": (1, nodes if category.blast == "job" else 1),
    }[category.rate.unit]
    jobs = job_nodes if category.rate.unit == "job" and category.blast != "job" else 1
    blast_nodes = {"job": 0, "node": 1, "rack": fabric.nodes_per_rack, "pod": pod}[category.blast]
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
        lasts=None if category.lasts is None else compile_law(category.lasts),
    )


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
