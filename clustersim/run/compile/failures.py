"""Categories of failures: their units counted and placed on nodes."""

import math
from collections.abc import Sequence

from clustersim.run.compile.laws import compile_law
from clustersim.run.plan import CategoryPlan, IncidentPlan
from clustersim.scenario.schema.failures import FailureCategory, Failures
from clustersim.scenario.schema.scenario import Scenario


def job_mtbf_s(categories: Sequence[CategoryPlan], job_nodes: int) -> float:
    """Mean time between failures that stop the job [s], by the rates alone; infinite when nothing fails."""
    rate_s = sum(c.rate_on_s(job_nodes) for c in categories if c.stops_job)
    return 1.0 / rate_s if rate_s > 0.0 else math.inf


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
        shape=category.shape,
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
