"""Step times that a layout, or a whole family of them, cannot beat: what a search may leave out without looking."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from clustersim.scenario.schema.hardware import Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, Software, SoftwareOption
from clustersim.step.data_parallel import buckets, last_share
from clustersim.step.efficiency import calibrated_table
from clustersim.step.exchange import moves_each_micro_batch
from clustersim.step.job import Job, job_of
from clustersim.step.layer import LayerTime
from clustersim.step.options import chosen_options
from clustersim.step.pipeline import Work, lower_bound_s, schedule_of
from clustersim.step.stage import StageTime, stage_exchange_s, stage_times
from clustersim.step.stage_work import message_s, pipeline_work
from clustersim.workload.layout import micro_batches

INPUT_SHARE = 0.6
"""Least share of a micro-batch that a schedule with a split backward pass cannot put off: all but the products for the
weights' gradients, which are a third of the linear layers' (Qi et al. 2024, arXiv 2401.10241, section 2)."""

ROUNDING = 1e-9
"""Relative error that sums of floating-point numbers are allowed."""


_ASIDE = frozenset({"data_parallel", "zero_stage", "schedule", "rank_order"})
"""Settings of a layout that change its stages through the places of its groups alone."""


@dataclass(slots=True)
class Known:
    """What layouts of one question share, by all it depends on: model, machines, software and sequence stay."""

    stages: dict[tuple[object, ...], tuple[StageTime, ...]] = field(default_factory=dict)
    works: dict[tuple[object, ...], Work] = field(default_factory=dict)
    splits: dict[tuple[int, int], tuple[StageTime, ...]] = field(default_factory=dict)


class MicroBatchFloor(NamedTuple):
    """Time of one micro-batch through the whole model [s], and what DualPipe may hide of it: exchanges of experts."""

    whole_s: float
    hidden_s: float

    def least_s(self, *, overlapped: bool) -> float:
        """All of it, or what is left where a schedule runs the passes of two micro-batches beside each other."""
        return self.whole_s - self.hidden_s if overlapped else self.whole_s


def micro_batch_floor(
    model: Model,
    layout: Layout,
    sequence_length: int,
    precision: Precision,
    cluster: Cluster,
    stack: Software,
    options: tuple[SoftwareOption, ...] | None = None,
) -> MicroBatchFloor:
    """Time of one micro-batch through the whole model on one pipeline stage, without what only some layouts pay.

    Parameters
    ----------
    model, sequence_length, precision, cluster, stack, options
        As in :func:`clustersim.step.predict.predict_step`.
    layout : Layout
        Any layout of the family: its tensor, context and expert parallelism, micro-batch, recomputation and sequence
        parallelism count, and with ZeRO 3 its replicas. Pipeline, rank order and other ZeRO stages do not.

    Returns
    -------
    MicroBatchFloor
        Computation with recomputation and the tensor-, context- and expert-parallel communication that no computation
        hides, with ZeRO 3 that of the weights too. Groups are taken as neighbours, the cheapest place there is. What
        offloading waits for is left out.
    """
    sharded = layout.zero_stage == 3
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
    turned_on = chosen_options(options, model, stack, cluster.node.accelerator)
    job = job_of(model, alone, sequence_length, precision, cluster, stack, calibrated_table(), turned_on)
    (stage,) = stage_times(job)
    layers = stage.layers
    computed_s = sum(count * (layer.compute_forward_s + layer.compute_backward_s) for count, layer in layers)
    exchanged_s = sum(count * layer.expert.both_s for count, layer in layers)
    waited_s = sum(count * _waited_s(layer, sharded) for count, layer in layers)
    ends_s = stage.embedding.both_s + stage.head.both_s + (stage.tables.both_s if sharded else 0.0)
    return MicroBatchFloor(computed_s + exchanged_s + waited_s + ends_s, min(exchanged_s, computed_s))


def _waited_s(layer: LayerTime, sharded: bool) -> float:
    """Communication of one layer that neither a place in a pipeline nor a schedule takes away [s]."""
    gathered_s = layer.data.both_s if sharded else 0.0
    return layer.tensor.both_s + layer.context.both_s + layer.routing.both_s + gathered_s


def layout_floors_s(
    model: Model,
    layouts: Sequence[Layout],
    sequence_length: int,
    global_batch: int,
    precision: Precision,
    cluster: Cluster,
    stack: Software,
    options: tuple[SoftwareOption, ...] | None = None,
    *,
    known: Known | None = None,
    least_s: float = 0.0,
    limit_s: float = math.inf,
) -> tuple[float, ...]:
    """Least time of a step: as predicted, with a bound in place of the simulation of the pipeline.

    Parameters
    ----------
    model, sequence_length, global_batch, precision, cluster, stack, options
        As in :func:`clustersim.step.predict.predict_step`.
    layouts : sequence of Layout
        Layouts that differ in their rank order only.
    known : Known, optional
        What was worked out for other layouts of the same question; filled here.
    least_s : float
        Time that the pipelines of these layouts are known to take at least [s].
    limit_s : float
        A bound above it is as good as any [s]: a layout that exceeds it by `least_s` and the exchange alone is not
        looked at more closely.

    Returns
    -------
    tuple of float, shape (layouts,)
        The pipeline's :func:`~clustersim.step.pipeline.lower_bound_s`, what cannot hide of the exchange of gradients
        and weights, and the host, less :data:`ROUNDING` [s]. Stragglers and the optimizer are left out.
    """
    count, table = micro_batches(layouts[0], global_batch), calibrated_table()
    turned_on = chosen_options(options, model, stack, cluster.node.accelerator)
    jobs = [job_of(model, layout, sequence_length, precision, cluster, stack, table, turned_on) for layout in layouts]
    found = Known() if known is None else known
    floors = (_exchange_only_s(job, found, least_s) for job in jobs)
    return tuple(
        floor_s if floor_s > limit_s else _floor_s(job, count, found) for job, floor_s in zip(jobs, floors, strict=True)
    )


def _stage_key(job: Job) -> tuple[object, ...]:
    layout, groups = job.layout, job.groups
    return (
        *(value for name, value in layout.__dict__.items() if name not in _ASIDE),
        *(groups.tensor, groups.context, groups.expert),
        # Sharded weights travel over further groups, and the memory that offloading moves goes by the ZeRO stage.
        *((layout.zero_stage, groups.data, groups.expert_data) if moves_each_micro_batch(job) else ()),
        layout.zero_stage if layout.offload != "none" else 0,
    )


def _exchange_only_s(job: Job, known: Known, pipeline_s: float) -> float:
    """Bound from a known bound of the pipeline; 0 before any layout with the same stages was looked at [s].

    The exchange of a stage goes by the number of its layers, which layouts of other times share.
    """
    stages = known.splits.get((job.layout.pipeline_parallel, job.layout.virtual_pipeline))
    if stages is None:
        return 0.0
    return (pipeline_s + _exchange_floor_s(job, stages) + job.efficiency.host_s) * (1.0 - ROUNDING)


def _floor_s(job: Job, count: int, known: Known) -> float:
    schedule, key = schedule_of(job.layout, count), _stage_key(job)
    stages = known.stages.get(key)
    if stages is None:
        stages = known.stages[key] = stage_times(job)
        known.splits.setdefault((job.layout.pipeline_parallel, job.layout.virtual_pipeline), stages)
    # Of the work of a pipeline only the messages depend on the rank order.
    work = known.works.get((key, schedule.name))
    if work is None:
        work = known.works[key, schedule.name] = pipeline_work(job, stages, schedule)
    pipeline_s = lower_bound_s(schedule, replace(work, message_s=message_s(job)))
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
    exposed_s = min(
        reduce_s * last_share(job, stage) for stage, (reduce_s, _) in zip(kinds.values(), exchanges, strict=True)
    )
    exposed_s += exchanges[0][1] / buckets(job)
    exposed_s /= job.layout.virtual_pipeline
    beside_s = max(reduce_s + gather_s for reduce_s, gather_s in exchanges) - exposed_s
    return exposed_s + min(1.0, job.efficiency.overlap_slowdown) * max(0.0, beside_s)


def step_floor_s(
    micro_batch_s: float, stages: int, chunks: int | None, micro_batches: int, evenness: float = 1.0
) -> float:
    """Least time of a step, from the time of one micro-batch through the whole model.

    Parameters
    ----------
    micro_batch_s : float
        Of :func:`micro_batch_floor` [s].
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
