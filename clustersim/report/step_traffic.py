"""The collectives of one step on the busiest pipeline rank: which, how often, how large, and where."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from clustersim.hardware.placement import Place
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Phase
from clustersim.step import shape
from clustersim.step.collectives import choose, send_s
from clustersim.step.efficiency import calibrated_table, default_stack
from clustersim.step.exchange import data_wire_bytes, moves_each_micro_batch, scatters_each_micro_batch
from clustersim.step.experts import copies_sent
from clustersim.step.job import Job, job_of
from clustersim.step.layer_work import layer_weights
from clustersim.step.options import chosen_options
from clustersim.step.pipeline import PipelineRun, schedule_of, simulate
from clustersim.step.pipeline.route import Cell, micro_batches_of, stage_of
from clustersim.step.stage import StageTime, stage_exchange_s, stage_times, stage_weights
from clustersim.step.stage_work import message_s, pipeline_work
from clustersim.workload.layout import micro_batches

Dimension = Literal["tensor", "context", "expert", "data", "expert_data", "pipeline"]


@dataclass(frozen=True, slots=True)
class Traffic:
    """One kind of collective of a group.

    Attributes
    ----------
    dimension : str
        Whose groups.
    collective, algorithm, protocol : str
        What it is, and what the cheapest schedule is made of (:func:`~clustersim.step.collectives.choose`); a message
        between neighbours is ``send`` without either.
    size_bytes : float
        Whole vector on one rank, as nccl-tests count it.
    time_s : float
        One of them by itself [s].
    calls : float
        How often in a step. Not whole where only some layers recompute.
    """

    dimension: Dimension
    collective: str
    algorithm: str
    protocol: str
    size_bytes: float
    time_s: float
    calls: float

    @property
    def total_s(self) -> float:
        """All of a step, one after the other [s]."""
        return self.calls * self.time_s


@dataclass(frozen=True)
class BusyRank:
    """The pipeline rank that sets the pace: its stages with the micro-batches they work on, and the whole run."""

    job: Job
    stages: tuple[StageTime, ...]
    run: PipelineRun
    shares: tuple[tuple[StageTime, int], ...]

    def ends(self) -> int:
        """Passes of the embedding and of the head in a step, forward and backward together counted once."""
        return sum(count * (stage.first + stage.last) for stage, count in self.shares)

    def layers(self, *, dense: bool, mixture: bool) -> int:
        """Passes of layers of a kind in a step, forward and backward together counted once."""
        return sum(
            count * (dense * stage.dense_layers + mixture * stage.mixture_layers) for stage, count in self.shares
        )


def phase_job(scenario: Scenario, phase: Phase) -> Job:
    """Put a phase of a plan on its hardware, as the prediction of its step does."""
    training = scenario.training
    layout = phase.layout or training.layout
    stack = training.software or default_stack(layout)
    options = chosen_options(training.software_options, scenario.model, stack, scenario.cluster.node.accelerator)
    return job_of(
        scenario.model, layout, phase.sequence_length, training.precision, scenario.cluster, stack, calibrated_table(),
        options, micro_batches(layout, phase.global_batch),
    )  # fmt: skip


def busy_rank(job: Job, global_batch: int) -> BusyRank:
    """Run the pipeline of a job and find its slowest rank."""
    stages, schedule = stage_times(job), schedule_of(job.layout, micro_batches(job.layout, global_batch))
    run = simulate(schedule, pipeline_work(job, stages, schedule))
    # interleaved chunks of a rank are one stage; DualPipe's two are stages of their own
    own = range(schedule.chunks if schedule.name == "dualpipe" else 1)
    shares = tuple(
        (stages[stage_of(schedule, Cell(run.critical_rank, chunk)) % schedule.stages],
         len(micro_batches_of(schedule, chunk)))
        for chunk in own
    )  # fmt: skip
    return BusyRank(job, stages, run, shares)


def step_traffic(rank: BusyRank) -> tuple[Traffic, ...]:
    """Every collective of a step on the busiest rank.

    Parameters
    ----------
    rank : BusyRank
        The rank.

    Returns
    -------
    tuple of Traffic
        Alike ones together; groups of one rank have none. What is exchanged once a step is that of the rank that has
        most of it. Counts and sizes as :mod:`clustersim.step.exchange`, :mod:`~clustersim.step.experts` and
        :mod:`~clustersim.step.stage` have them.
    """
    merged: dict[Traffic, float] = {}
    for one in (*_tensor(rank), *_context(rank), *_expert(rank), *_data(rank), *_pipeline(rank)):
        alike = replace(one, calls=0.0)
        merged[alike] = merged.get(alike, 0.0) + one.calls
    return tuple(replace(one, calls=calls) for one, calls in merged.items() if calls and one.size_bytes)


def _collective(
    dimension: Dimension, collective: str, size_bytes: float, place: Place, calls: float, reached: float = 1.0
) -> Iterator[Traffic]:
    """A collective of a group; ``reached`` is the share of the bandwidth that the software gets."""
    if place.ranks == 1 or not size_bytes or not calls:
        return
    kind = "all_gather" if collective == "reduce_scatter" else collective
    chosen = choose(kind, size_bytes / reached, place)  # type: ignore[arg-type]
    yield Traffic(dimension, collective, chosen.algorithm, chosen.protocol, size_bytes, chosen.time_s, calls)


def _again(job: Job) -> float:
    return job.recomputed if job.layout.recompute == "full" else 0.0


def _tensor(rank: BusyRank) -> Iterator[Traffic]:
    job = rank.job
    size_bytes = job.part.tokens * job.model.hidden * job.efficiency.element_bytes
    calls = 2.0 * (2.0 + _again(job)) * rank.layers(dense=True, mixture=True)
    # Each end has one of them, in one of its passes.
    calls += rank.ends()
    names = ("all_gather", "reduce_scatter") if job.layout.sequence_parallel else ("all_reduce",)
    for name in names:
        yield from _collective("tensor", name, size_bytes, job.groups.tensor, calls, job.efficiency.tensor_bandwidth)


def _context(rank: BusyRank) -> Iterator[Traffic]:
    job, ranks = rank.job, rank.job.layout.context_parallel
    if ranks == 1:
        return
    latent, tensor = job.model.latent_attention, job.layout.tensor_parallel
    width = shape.key_value_width(job.model, tensor)
    if latent is not None:
        width = job.model.heads * (latent.nope_head_dim + latent.rope_head_dim + latent.value_head_dim) / tensor
    size_bytes = job.part.tokens * width * job.efficiency.element_bytes
    layers = rank.layers(dense=True, mixture=True)
    if not job.efficiency.ring_context:
        gathers = (2.0 + _again(job)) * layers
        yield from _collective("context", "all_gather", ranks * size_bytes, job.groups.context_group, gathers)
        yield from _collective("context", "reduce_scatter", ranks * size_bytes, job.groups.context_group, layers)
        return
    calls = (ranks - 1) * (3.0 + _again(job)) * layers
    yield Traffic("context", "send", "", "", size_bytes, send_s(size_bytes, job.groups.context), calls)


def _expert(rank: BusyRank) -> Iterator[Traffic]:
    job = rank.job
    size_bytes = job.part.normed_tokens * copies_sent(job) * job.model.hidden * job.efficiency.element_bytes
    calls = 2.0 * (2.0 + _again(job)) * rank.layers(dense=False, mixture=True)
    yield from _collective("expert", "all_to_all", size_bytes, job.groups.expert, calls)


def _data(rank: BusyRank) -> Iterator[Traffic]:
    job, layout = rank.job, rank.job.layout
    if job.groups.data.ranks == 1:
        return
    scatters = float(scatters_each_micro_batch(job))
    if moves_each_micro_batch(job):
        passes = 1.0 if job.efficiency.options.keep_gathered else 2.0
        for mixture in (False, True):
            calls = rank.layers(dense=not mixture, mixture=mixture)
            if calls:
                gathers = passes * calls if layout.zero_stage == 3 else 0.0
                yield from _sharded(job, layer_weights(job, mixture), gathers, scatters * calls)
    if layout.zero_stage == 3:
        table = job.model.vocabulary * job.model.hidden / layout.tensor_parallel
        firsts = sum(count for stage, count in rank.shares if stage.first)
        yield from _sharded(job, (table, 0.0), firsts, scatters * firsts)
        if scatters:
            return
    for stage in _most_to_exchange(rank):
        shared, experts = stage_weights(job, stage)
        if layout.zero_stage == 0:
            yield from _reduced(job, "all_reduce", (shared, experts))
            continue
        left = _ends(job, stage, shared) if scatters else (shared, experts)
        yield from _reduced(job, "reduce_scatter", left)
        if layout.zero_stage != 3:
            yield from _sharded(job, (shared, experts), 1.0, 0.0)


def _most_to_exchange(rank: BusyRank) -> tuple[StageTime, ...]:
    """Stages of the rank that exchanges longest once a step: the last of all sets the end."""
    if rank.run.schedule.name == "dualpipe":
        return tuple(stage for stage, _ in rank.shares)
    return (max(rank.stages, key=lambda stage: sum(stage_exchange_s(rank.job, stage))),)


def _ends(job: Job, stage: StageTime, shared: float) -> tuple[float, float]:
    """Weights of embedding and head: what a stage has beyond its layers."""
    kinds = ((stage.dense_layers, False), (stage.mixture_layers, True))
    return shared - sum(count * layer_weights(job, mixture)[0] for count, mixture in kinds if count), 0.0


def _sharded(job: Job, weights: tuple[float, float], gathers: float, scatters: float) -> Iterator[Traffic]:
    """Weights gathered and gradients scattered: those all replicas share, and the experts'."""
    gathered, _ = data_wire_bytes(job)
    shared, experts = weights
    reached = job.efficiency.element_bytes / gathered
    yield from _collective(
        "data", "all_gather", shared * job.efficiency.element_bytes, job.groups.data, gathers, reached
    )
    yield from _collective(
        "expert_data", "all_gather", experts * job.efficiency.element_bytes, job.groups.expert_data, gathers, reached
    )
    yield from _reduced(job, "reduce_scatter", weights, scatters)


def _reduced(job: Job, collective: str, weights: tuple[float, float], calls: float = 1.0) -> Iterator[Traffic]:
    shared, experts = weights
    each = job.gradient_bytes
    reached = each / data_wire_bytes(job)[1]
    yield from _collective("data", collective, shared * each, job.groups.data, calls, reached)
    yield from _collective("expert_data", collective, experts * each, job.groups.expert_data, calls, reached)


def _pipeline(rank: BusyRank) -> Iterator[Traffic]:
    job, schedule = rank.job, rank.run.schedule
    if job.layout.pipeline_parallel == 1:
        return
    last = schedule.stages * (1 if schedule.name == "dualpipe" else schedule.chunks) - 1
    calls = 0
    for chunk in range(schedule.chunks):
        stage = stage_of(schedule, Cell(rank.run.critical_rank, chunk))
        # in and out of each pass, except at the ends of the model
        calls += 2 * len(micro_batches_of(schedule, chunk)) * ((stage > 0) + (stage < last))
    size_bytes = job.part.tokens / job.layout.tensor_parallel * job.model.hidden * job.efficiency.element_bytes
    yield Traffic("pipeline", "send", "", "", size_bytes, message_s(job), float(calls))
