"""Step times that a layout, or a whole family of them, cannot beat: what a search may leave out without looking."""

from collections.abc import Sequence

from clustersim.scenario.schema.hardware import Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, Software
from clustersim.step.data_parallel import buckets
from clustersim.step.efficiency import calibrated_table
from clustersim.step.job import Job, job_of
from clustersim.step.options import chosen_options
from clustersim.step.pipeline import lower_bound_s, schedule_of
from clustersim.step.predict import predict_step
from clustersim.step.stage import StageTime, stage_exchange_s, stage_times
from clustersim.step.stage_work import pipeline_work
from clustersim.workload.layout import micro_batches

COMPUTED_PARTS = ("compute_attention", "compute_ffn", "compute_other", "compute_head", "recompute")
"""Computation that every micro-batch repeats, whatever the pipeline and the replicas."""

WAITED_PARTS = ("exposed_tp", "exposed_cp", "exposed_ep")
"""Communication that every micro-batch repeats and waits for."""

INPUT_SHARE = 0.6
"""Least share of a micro-batch that a schedule with a split backward pass cannot put off: all but the products for the
weights' gradients, which are a third of the linear layers' (Qi et al. 2024, arXiv 2401.10241, section 2)."""

ROUNDING = 1e-9
"""Relative error that sums of floating-point numbers are allowed."""


def micro_batch_floor_s(
    model: Model,
    layout: Layout,
    sequence_length: int,
    precision: Precision,
    cluster: Cluster,
    stack: Software,
    *,
    overlapped: bool = False,
) -> float:
    """Time of one micro-batch through the whole model on one pipeline stage, without what only some layouts pay.

    Parameters
    ----------
    model, sequence_length, precision, cluster, stack
        As in :func:`clustersim.step.predict.predict_step`.
    layout : Layout
        Any layout of the family: its tensor, context and expert parallelism, micro-batch, recomputation and sequence
        parallelism count, and with ZeRO 3 its replicas. Pipeline, rank order and other ZeRO stages do not.
    overlapped : bool
        Leave out communication, as a schedule that runs two micro-batches beside each other may hide it (DualPipe).

    Returns
    -------
    float
        Computation, recomputation and the tensor-, context- and expert-parallel communication that no computation
        hides; with ZeRO 3 that of the weights too [s]. Groups are taken as neighbours, the cheapest place there is.
    """
    sharded = layout.zero_stage == 3 and not overlapped
    alone = layout.model_copy(
        update={
            "pipeline_parallel": 1,
            "virtual_pipeline": 1,
            "data_parallel": layout.data_parallel if sharded else layout.expert_parallel,
            "zero_stage": 3 if sharded else 0,
            "schedule": Layout.model_fields["schedule"].default,
            "rank_order": Layout.model_fields["rank_order"].default,
        }
    )
    batch = alone.data_parallel * alone.micro_batch
    step = predict_step(model, alone, sequence_length, batch, precision, cluster, stack=stack)
    waited = () if overlapped else WAITED_PARTS
    gathered = ("exposed_dp",) if sharded else ()
    return sum(step.breakdown_s[name] for name in (*COMPUTED_PARTS, *waited, *gathered))


def layout_floors_s(
    model: Model,
    layouts: Sequence[Layout],
    sequence_length: int,
    global_batch: int,
    precision: Precision,
    cluster: Cluster,
    stack: Software,
) -> tuple[float, ...]:
    """Least time of a step: as predicted, with a bound in place of the simulation of the pipeline.

    Parameters
    ----------
    model, sequence_length, global_batch, precision, cluster, stack
        As in :func:`clustersim.step.predict.predict_step`.
    layouts : sequence of Layout
        Layouts that differ in their rank order only.

    Returns
    -------
    tuple of float, shape (layouts,)
        The pipeline's :func:`~clustersim.step.pipeline.lower_bound_s`, what cannot hide of the exchange of gradients
        and weights, and the host, less :data:`ROUNDING` [s]. Stragglers and the optimizer are left out.
    """
    count, table = micro_batches(layouts[0], global_batch), calibrated_table()
    options = chosen_options(None, model, stack, cluster.node.accelerator)
    jobs = [job_of(model, layout, sequence_length, precision, cluster, stack, table, options) for layout in layouts]
    # Inside a stage only experts and sharded weights travel over groups that the rank order places.
    alike = model.mixture is None and layouts[0].zero_stage < 3
    stages = [stage_times(jobs[0])] * len(jobs) if alike else [stage_times(job) for job in jobs]
    return tuple(_floor_s(job, times, count) for job, times in zip(jobs, stages, strict=True))


def _floor_s(job: Job, stages: tuple[StageTime, ...], count: int) -> float:
    schedule = schedule_of(job.layout, count)
    pipeline_s = lower_bound_s(schedule, pipeline_work(job, stages, schedule))
    once_s = _exchange_floor_s(job, stages) + job.efficiency.host_s
    return (pipeline_s + once_s) * (1.0 - ROUNDING)


def _exchange_floor_s(job: Job, stages: tuple[StageTime, ...]) -> float:
    """Part of :func:`clustersim.step.data_parallel.data_parallel_s` that needs no simulation [s].

    Nothing hides the reduction of the last gradients and the gathering of the first weights; the rest slows down the
    computation beside it.
    """
    if job.layout.zero_stage == 3 or job.groups.data.ranks == 1:
        return 0.0
    kinds = {(stage.dense_layers, stage.mixture_layers, stage.first, stage.last): stage for stage in stages}
    exchanges = [stage_exchange_s(job, stage) for stage in kinds.values()]
    if not job.efficiency.data_overlap:
        return min(reduce_s + gather_s for reduce_s, gather_s in exchanges)
    # The first kind is the first stage, which needs its weights at once.
    exposed_s = (min(reduce_s for reduce_s, _ in exchanges) + exchanges[0][1]) / (
        job.layout.virtual_pipeline * buckets(job)
    )
    beside_s = max(reduce_s + gather_s for reduce_s, gather_s in exchanges) - exposed_s
    return exposed_s + min(1.0, job.efficiency.overlap_slowdown) * max(0.0, beside_s)


def step_floor_s(
    micro_batch_s: float, stages: int, chunks: int | None, micro_batches: int, evenness: float = 1.0
) -> float:
    """Least time of a step, from the time of one micro-batch through the whole model.

    Parameters
    ----------
    micro_batch_s : float
        Of :func:`micro_batch_floor_s` [s].
    stages, micro_batches : int
        Pipeline stages; micro-batches per replica and step.
    chunks : int or None
        Model chunks per stage under 1F1B; None for a schedule that splits the backward pass.
    evenness : float
        Smallest over mean chunk, in layers; embedding and head count as a layer each.

    Returns
    -------
    float
        ``(m + b) t / p``, less :data:`ROUNDING`, so that it stays a bound in floating point [s]. With one chunk ``b``
        is ``p - 1``, the bubble of equal stages, with ``v`` chunks ``(p - 3) / v`` times their
        evenness. Never less than one micro-batch
        takes through all stages: ``t``, or :data:`INPUT_SHARE` of it where the gradients of weights can wait.

    Notes
    -----
    Holds for the simulated pipeline with stages that are not equal. One chunk, more micro-batches than stages: let the
    slowest stage take ``t / p + d`` a micro-batch, ``d >= 0``. It waits for the stages before it, and twice for a
    micro-batch to go round those behind it, less the passes it has in hand meanwhile: no less than all others take
    together minus what they are faster than it, at most ``p d``. So the whole is at least the value for equal stages
    plus ``d (m - p - 1)``. Several chunks: a stage waits for the first chunk of those before it to begin, and for the
    last backward pass of theirs to end; two chunks stand for the first and last one, which hold embedding and head.
    Messages, gradients, optimizer, stragglers and host only add.
    """
    if chunks is None:
        least, bubbles = INPUT_SHARE * stages, 0.0
    elif chunks == 1:
        least, bubbles = float(stages), stages - 1.0 if micro_batches > stages else 0.0
    else:
        least, bubbles = float(stages), max(0.0, evenness * (stages - 3) / chunks)
    return max(least, micro_batches + bubbles) * micro_batch_s / stages * (1.0 - ROUNDING)
