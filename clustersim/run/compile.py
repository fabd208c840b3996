"""From a scenario and its step times to the plain numbers the engine runs on."""

import math
from collections.abc import Sequence

from clustersim.run.checkpointing import young_daly_interval
from clustersim.run.laws import Law
from clustersim.run.plan import (
    CategoryPlan,
    CheckpointPlan,
    IncidentPlan,
    MaintenancePlan,
    PhasePlan,
    RecoveryPlan,
    RestartPart,
    RunPlan,
    SparesPlan,
)
from clustersim.scenario.schema.checkpoint import AsynchronousCheckpoint, Checkpoint
from clustersim.scenario.schema.failures import FailureCategory, Failures
from clustersim.scenario.schema.law import Constant, DurationLaw, Exponential
from clustersim.scenario.schema.maintenance import PeriodicMaintenance
from clustersim.scenario.schema.recovery import Recovery, Spares
from clustersim.scenario.schema.scenario import Scenario
from clustersim.step.step_time import StepTime
from clustersim.workload.parameters import count_parameters

_ROUNDING = 1e-9
"""Steps by which tokens over tokens per step may miss a whole number."""

RESTART_PARTS = ("schedule", "init", "collectives", "load", "warmup")
"""Parts of a restart in the order they happen; the names of the fields of the scenario's ``recovery.restart``."""


def compile_plan(scenario: Scenario, steps: Sequence[StepTime]) -> RunPlan:
    """Compile a scenario.

    Parameters
    ----------
    scenario : Scenario
        A scenario that passed the feasibility checks.
    steps : sequence of StepTime
        One for each phase.

    Returns
    -------
    RunPlan
        SI numbers, picklable.
    """
    gpus_per_node = scenario.cluster.node.gpus
    job_nodes = math.ceil(scenario.training.layout.gpus / gpus_per_node)
    categories = tuple(
        _category(name, category, scenario, job_nodes) for name, category in scenario.failures.categories.items()
    )
    return RunPlan(
        name=scenario.name,
        job_nodes=job_nodes,
        gpus_per_node=gpus_per_node,
        phases=_phases(scenario, steps),
        categories=categories,
        checkpoint=_checkpoint(scenario, job_mtbf_s(categories, job_nodes)),
        recovery=_recovery(scenario.recovery, job_nodes * gpus_per_node),
        spares=_spares(scenario.spares),
        maintenance=tuple(
            MaintenancePlan(m.name, m.every, compile_law(m.duration), True, m.every if m.first is None else m.first)
            if isinstance(m, PeriodicMaintenance)
            else MaintenancePlan(m.name, m.mean_interval, compile_law(m.duration), False)
            for m in scenario.maintenance
        ),
        fleet_age_s=scenario.failures.fleet_age,
        deadline_s=scenario.training.deadline,
        parameter_uncertainty=scenario.study.parameter_uncertainty,
        incidents=_incidents(scenario.failures),
    )


def job_mtbf_s(categories: Sequence[CategoryPlan], job_nodes: int) -> float:
    """Mean time between failures that stop the job [s], by the rates alone; infinite when nothing fails."""
    rate_s = sum(c.rate_on_s(job_nodes) for c in categories if c.stops_job)
    return 1.0 / rate_s if rate_s > 0.0 else math.inf


def _phases(scenario: Scenario, steps: Sequence[StepTime]) -> tuple[PhasePlan, ...]:
    phases = []
    layout = None
    for phase, step in zip(scenario.training.phases, steps, strict=True):
        tokens_per_step = float(phase.sequence_length * phase.global_batch)
        new_layout = phase.layout or scenario.training.layout
        phases.append(
            PhasePlan(
                name=phase.name,
                steps=math.ceil(phase.tokens / tokens_per_step - _ROUNDING),
                tokens_per_step=tokens_per_step,
                step_time_s=step.mean_s,
                step_sigma=step.prediction_sigma,
                restart_before=layout is not None and layout != new_layout,
                main=phase.main,
            )
        )
        layout = new_layout
    return tuple(phases)


def _category(name: str, category: FailureCategory, scenario: Scenario, job_nodes: int) -> CategoryPlan:
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


def _incidents(failures: Failures) -> tuple[IncidentPlan, ...]:
    """Recorded incidents in time order, those of one moment as they are written."""
    codes = {name: code for code, name in enumerate(failures.categories)}
    return tuple(
        IncidentPlan(i.at, codes[i.category], i.lasts, i.detection)
        for i in sorted(failures.incidents, key=lambda incident: incident.at)
    )


def checkpoint_size_bytes(scenario: Scenario) -> float:
    """Size of one checkpoint of the whole model and optimizer [bytes]."""
    return scenario.checkpoint.bytes_per_parameter * count_parameters(scenario.model).total


def checkpoint_times_s(checkpoint: Checkpoint, size_bytes: float) -> tuple[float, float]:
    """Time training stands still for one checkpoint, and from then until it is durable [s]."""
    write_s = size_bytes / checkpoint.write_bandwidth
    return (checkpoint.stall, write_s) if isinstance(checkpoint, AsynchronousCheckpoint) else (write_s, 0.0)


def _checkpoint(scenario: Scenario, mtbf_s: float) -> CheckpointPlan:
    size_bytes = checkpoint_size_bytes(scenario)
    stall_s, write_s = checkpoint_times_s(scenario.checkpoint, size_bytes)
    interval_s = scenario.checkpoint.interval
    if interval_s == "young-daly":
        # A write that has not ended holds the next one back, so the optimum cannot be shorter than a write.
        interval_s = max(young_daly_interval(stall_s, mtbf_s), write_s, 1.0)
    return CheckpointPlan(min(float(interval_s), 1e15), stall_s, write_s, size_bytes)


def _recovery(recovery: Recovery, gpus: int) -> RecoveryPlan:
    parts = []
    for name in RESTART_PARTS:
        part = getattr(recovery.restart, name)
        parts.append(RestartPart(name, part.median * (gpus / part.at_gpus) ** part.growth))
    return RecoveryPlan(
        crash=compile_law(recovery.detection.crash),
        hang_timeout_s=recovery.detection.hang_timeout,
        corruption=compile_law(recovery.detection.corruption),
        restart_parts=tuple(parts),
        restart_sigma=recovery.restart.spread,
        manual_fraction=recovery.manual_fraction,
        manual_delay=compile_law(recovery.manual_delay),
    )


def _spares(spares: Spares) -> SparesPlan:
    return SparesPlan(
        hot=spares.hot,
        warm=spares.warm,
        cold=spares.cold,
        warm_swap=compile_law(spares.warm_swap),
        cold_swap=compile_law(spares.cold_swap),
        repair=compile_law(spares.repair),
        repair_hands=spares.repair_hands,
    )


def compile_law(law: DurationLaw) -> Law:
    """Law of a duration as plain numbers."""
    if isinstance(law, Constant):
        return Law("constant", law.value)
    if isinstance(law, Exponential):
        return Law("exponential", law.mean)
    return Law("lognormal", law.median, law.sigma)
