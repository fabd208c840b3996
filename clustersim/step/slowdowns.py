"""By how much one slow GPU, a slow link or a node in another place lengthens the step of the whole job."""

import math
import statistics
from dataclasses import replace

from clustersim.hardware.contention import bandwidth_shares
from clustersim.hardware.fabric import fabric_of
from clustersim.hardware.topology.build import build_topology
from clustersim.scenario.schema.fabric import Degraded
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Phase
from clustersim.step.breakdown import computing_share, step_breakdown
from clustersim.step.data_parallel import data_parallel_s
from clustersim.step.efficiency import calibrated_table, default_stack
from clustersim.step.groups import groups_of
from clustersim.step.job import Job, job_of
from clustersim.step.options import chosen_options
from clustersim.step.pipeline import Work, schedule_of, simulate
from clustersim.step.pipeline.work import Grid
from clustersim.step.predict import predict_phase
from clustersim.step.stage import stage_times, update_s
from clustersim.step.stage_work import pipeline_work
from clustersim.workload.layout import micro_batches


def slow_gpu(scenario: Scenario, phase: Phase, speed: float) -> float:
    """Factor on the step time while one GPU computes at a share of its speed.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    phase : Phase
        Which of its phases.
    speed : float
        Share of its speed that the GPU keeps, in (0, 1].

    Returns
    -------
    float
        At least 1. Its tensor-parallel group waits for it in every layer, so that it gates its pipeline stage: the
        stage computes as much longer, its communication does not. The pipeline is simulated with this one stage slow,
        and so are the exchange of gradients beside it and the optimizer, for which all replicas wait. The mean over the
        stages that it may be in.
    """
    job, count = _job(scenario, phase)
    stages, schedule = stage_times(job), schedule_of(job.layout, count)
    work = pipeline_work(job, stages, schedule)
    usual = simulate(schedule, work)
    usual_s = predict_phase(scenario, phase).mean_s
    exchange_s, more = data_parallel_s(job, stages, usual), 1.0 / speed - 1.0
    longer_s = []
    for rank in range(schedule.stages):
        run = simulate(schedule, _with_slow_rank(work, rank, 1.0 + more * computing_share(stages[rank])))
        late_s = run.total_s - usual.total_s + data_parallel_s(job, stages, run) - exchange_s
        longer_s.append(max(0.0, late_s) + more * update_s(job, stages[rank]))
    return 1.0 + statistics.fmean(longer_s) / usual_s


def slow_network(scenario: Scenario, phase: Phase, degraded: tuple[Degraded, ...]) -> float:
    """Factor on the step time while links of the fabric carry less than they should; at least 1.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    phase : Phase
        Which of its phases.
    degraded : tuple of Degraded
        The links, beside those that are degraded anyway. The slowest group of each kind sets the pace
        (:mod:`clustersim.hardware.contention`).

    Raises
    ------
    FabricError
        If that cuts the job in two.
    """
    fabric = scenario.cluster.fabric
    worse = fabric.model_copy(update={"degraded": (*fabric.degraded, *degraded)})
    slow = predict_phase(scenario, phase, cluster=scenario.cluster.model_copy(update={"fabric": worse}))
    return max(1.0, slow.mean_s / predict_phase(scenario, phase).mean_s)


def moved_nodes(scenario: Scenario, phase: Phase, seats: tuple[int, ...]) -> float:
    """Factor on the step time while the job sits on other nodes than the first ones; at least 1.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    phase : Phase
        Which of its phases.
    seats : tuple of int, shape (nodes of the phase,)
        Node that the ranks of each node of the job sit on. The rings and the neighbours of what sits elsewhere cross
        the links in between; the slowest group of each kind sets the pace (:mod:`clustersim.hardware.contention`).

    Raises
    ------
    FabricError
        If no way leads there.
    """
    job, count = _job(scenario, phase)
    cluster, layout = scenario.cluster, job.layout
    shares = bandwidth_shares(cluster, layout, seats)
    if shares == bandwidth_shares(cluster, layout):
        return 1.0
    moved = replace(job, groups=groups_of(fabric_of(cluster), layout, shares))
    usual_s, moved_s = (math.fsum(step_breakdown(it, count).values()) for it in (job, moved))
    return max(1.0, moved_s / usual_s)


def node_links(cluster: Cluster, node: int, bandwidth: float, *, one: bool = False) -> tuple[Degraded, ...]:
    """Links of a node to the network, or only the first of them, with this share of their bandwidth left."""
    topology = build_topology(cluster)
    if not topology.ports.size:
        return (Degraded(link=f"{topology.vertices[node]}/*", bandwidth=bandwidth),)
    ports = topology.ports[node, : 1 if one else None].tolist()
    return tuple(Degraded(link=topology.link_name(port), bandwidth=bandwidth) for port in ports)


def first_switch(cluster: Cluster, tier: str, bandwidth: float) -> tuple[Degraded, ...]:
    """The first switch of a tier, with this share of its bandwidth left."""
    topology = build_topology(cluster)
    name = topology.vertices[topology.rows.index(tier)]
    return (Degraded(switch=name, bandwidth=bandwidth),)


def _job(scenario: Scenario, phase: Phase) -> tuple[Job, int]:
    """The workload of a phase on its hardware, and its micro-batches."""
    training, cluster = scenario.training, scenario.cluster
    layout = phase.layout or training.layout
    stack = training.software or default_stack(layout)
    options = chosen_options(training.software_options, scenario.model, stack, cluster.node.accelerator)
    count = micro_batches(layout, phase.global_batch)
    workload = (scenario.model, layout, phase.sequence_length, training.precision, cluster, stack)
    return job_of(*workload, calibrated_table(), options, count), count


def _with_slow_rank(work: Work, rank: int, factor: float) -> Work:
    """The same pipeline with one rank that takes longer."""

    def slowed(grid: Grid) -> Grid:
        return tuple(tuple(factor * s for s in row) if at == rank else row for at, row in enumerate(grid))

    weight_s = None if work.weight_s is None else slowed(work.weight_s)
    return replace(work, forward_s=slowed(work.forward_s), backward_s=slowed(work.backward_s), weight_s=weight_s)
