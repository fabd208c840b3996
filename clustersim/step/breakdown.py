"""Assembles the time of a step from its stages, and names the parts."""

import math

from clustersim.step.data_parallel import data_parallel_s
from clustersim.step.job import Job
from clustersim.step.pipeline import PipelineRun, schedule_of, simulate
from clustersim.step.pipeline.route import Cell, micro_batches_of, stage_of
from clustersim.step.stage import StageTime, stage_times, update_s
from clustersim.step.stage_work import pipeline_work

Share = tuple[StageTime, int]
"""A stage on a rank, and the micro-batches it works on there."""


def step_breakdown(job: Job, micro_batches: int) -> dict[str, float]:
    """Where the time of one step goes.

    Parameters
    ----------
    job : Job
        The workload on its hardware.
    micro_batches : int
        Micro-batches per replica and step.

    Returns
    -------
    dict of str to float
        Seconds by :data:`clustersim.step.step_time.BREAKDOWN_KEYS`, on the busiest pipeline rank: ``bubble`` is what
        that rank waits for the others, ``exposed_pp`` what it waits for messages on their way or stands still for its
        own.
    """
    stages = stage_times(job)
    schedule = schedule_of(job.layout, micro_batches)
    run = simulate(schedule, pipeline_work(job, stages, schedule))
    rank = run.critical_rank
    shares = [
        (stages[stage_of(schedule, Cell(rank, chunk)) % schedule.stages], len(micro_batches_of(schedule, chunk)))
        for chunk in range(schedule.chunks if schedule.name == "dualpipe" else 1)
    ]
    parts = _repeated_parts(shares)
    sharded_s = sum(count * _sharded_s(stage) for stage, count in shares)
    launch_s = max(0.0, _given_s(run, rank) - sum(parts.values()) - sharded_s)
    parts["exposed_ep"] = max(0.0, parts["exposed_ep"] - _hidden_s(run, rank))
    return {
        **parts,
        "bubble": run.idle_s(rank),
        "exposed_pp": run.exposed_s(rank),
        "exposed_dp": sharded_s + data_parallel_s(job, stages, run) + _straggler_s(job, run.total_s),
        "optimizer": _update_s(job, shares),
        "host": job.efficiency.host_s + launch_s,
    }


def _repeated_parts(shares: list[Share]) -> dict[str, float]:
    """What every micro-batch repeats, over all micro-batches of a rank."""
    total: dict[str, float] = {}
    for stage, count in shares:
        for name, seconds in _micro_batch_parts(stage).items():
            total[name] = total.get(name, 0.0) + count * seconds
    return total


def _micro_batch_parts(stage: StageTime) -> dict[str, float]:
    layers = stage.layers
    return {
        "compute_attention": sum(count * time.attention.both_s for count, time in layers),
        "compute_ffn": sum(count * time.ffn.both_s for count, time in layers),
        "compute_other": sum(count * time.other.both_s for count, time in layers) + stage.embedding.both_s,
        "compute_head": stage.head.both_s,
        "recompute": sum(count * time.recompute_s for count, time in layers),
        "exposed_tp": sum(count * time.tensor.both_s for count, time in layers)
        + (float(stage.first) + float(stage.last)) * stage.ends_tensor.both_s,
        "exposed_cp": sum(count * time.context.both_s for count, time in layers),
        "exposed_ep": sum(count * (time.expert.both_s + time.routing.both_s) for count, time in layers),
        "exposed_offload": sum(count * time.offload.both_s for count, time in layers),
    }


def computing_share(stage: StageTime) -> float:
    """Share of its time for a micro-batch in which a stage computes; the rest it communicates."""
    parts = _micro_batch_parts(stage)
    computed_s = sum(seconds for name, seconds in parts.items() if not name.startswith("exposed_"))
    return computed_s / sum(parts.values())


def _hidden_s(run: PipelineRun, rank: int) -> float:
    """Exchange of experts that pairs of passes hide (DualPipe): work given, less work done."""
    if run.work.pair_hidden_s is None:
        return 0.0
    return max(0.0, _given_s(run, rank) - run.busy_s[rank])


def _given_s(run: PipelineRun, rank: int) -> float:
    """Work of all micro-batches on a rank, one after the other."""
    counts = [len(micro_batches_of(run.schedule, chunk)) for chunk in range(run.schedule.chunks)]
    rows = zip(counts, run.work.forward_s[rank], run.work.backward_s[rank], strict=True)
    return sum(count * (forward + backward) for count, forward, backward in rows)


def _update_s(job: Job, shares: list[Share]) -> float:
    """Optimizer step; the two ranks that hold the same stages under DualPipe share it when ZeRO does."""
    total_s = sum(update_s(job, stage) for stage, _ in shares)
    return total_s / len(shares) if job.layout.zero_stage >= 1 else total_s


def _straggler_s(job: Job, pipeline_s: float) -> float:
    """Wait for the slowest domain where replicas meet: ``sqrt(2 ln n)`` spreads, as the largest of n normals."""
    domains = max(1.0, job.layout.gpus / job.groups.tensor.fabric.domain_gpus)
    return pipeline_s * job.efficiency.straggle * math.sqrt(2.0 * math.log(domains))


def _sharded_s(stage: StageTime) -> float:
    return stage.tables.both_s + sum(count * time.data.both_s for count, time in stage.layers)
