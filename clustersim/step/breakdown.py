"""Assembles the time of a step from its stages, and names the parts."""

import math

from clustersim.step.job import Job
from clustersim.step.pipeline import pipeline_time
from clustersim.step.stage import StageTime, gradients_s, stage_times, update_s


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
        Seconds by :data:`clustersim.step.step_time.BREAKDOWN_KEYS`, on the slowest pipeline stage; ``bubble`` is what
        that stage waits for the others.
    """
    stages = stage_times(job)
    chunks = job.layout.virtual_pipeline
    forward_s = [stage.forward_s + 0.5 * stage.messages_s for stage in stages]
    backward_s = [stage.backward_s + 0.5 * stage.messages_s for stage in stages]
    pipeline = pipeline_time(forward_s, backward_s, chunks, micro_batches)
    critical = stages[pipeline.critical_stage]
    return {
        **{name: micro_batches * seconds for name, seconds in _micro_batch_parts(critical).items()},
        "bubble": pipeline.bubble_s,
        "exposed_pp": micro_batches * critical.messages_s,
        "exposed_dp": micro_batches * _sharded_s(critical)
        + gradients_s(job, critical, micro_batches)
        + _straggler_s(job, pipeline.total_s),
        "optimizer": update_s(job, critical),
        "host": job.efficiency.host_s,
    }


def _micro_batch_parts(stage: StageTime) -> dict[str, float]:
    layers = stage.layers
    return {
        "compute_attention": sum(count * time.attention.both_s for count, time in layers),
        "compute_ffn": sum(count * time.ffn.both_s for count, time in layers),
        "compute_other": sum(count * time.other.both_s for count, time in layers) + stage.embedding.both_s,
        "compute_head": stage.head.both_s,
        "recompute": sum(count * time.recompute_s for count, time in layers),
        "exposed_tp": sum(count * time.tensor.both_s for count, time in layers),
        "exposed_cp": sum(count * time.context.both_s for count, time in layers),
        "exposed_ep": sum(count * time.expert.both_s for count, time in layers),
    }


def _straggler_s(job: Job, pipeline_s: float) -> float:
    """Wait for the slowest domain where replicas meet: ``sqrt(2 ln n)`` spreads, as the largest of n normals."""
    domains = max(1.0, job.layout.gpus / job.groups.tensor.fabric.domain_gpus)
    return pipeline_s * job.efficiency.straggle * math.sqrt(2.0 * math.log(domains))


def _sharded_s(stage: StageTime) -> float:
    return sum(count * time.data.both_s for count, time in stage.layers)
