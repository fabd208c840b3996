"""The space of layouts of a job: every way to divide its GPUs, and every setting of each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, RankOrder, Recompute, ScheduleName
from clustersim.study.layouts.question import Question
from clustersim.workload.layout import stage_layers

LARGEST_MICRO_BATCH = 8
"""Sequences of the largest micro-batch looked at. Longer ones help no calibrated kernel and cost memory."""

KEPT = frozenset({"loss", "offload", "gradient_precision"})
"""Settings of a layout that are not searched but taken from the plan."""

RECOMPUTES: tuple[Recompute, ...] = get_args(Recompute)
ORDERS: tuple[RankOrder, ...] = get_args(RankOrder)


class Pipe(NamedTuple):
    """How a pipeline of a given number of stages is run.

    ``depth`` is the number of layers of its deepest stage: of them the first few, or all, can be recomputed.
    ``evenness`` is that of its chunks, smallest over mean, embedding and head counted as a layer each.
    """

    schedule: ScheduleName
    chunks: int
    depth: int
    evenness: float


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to divide the GPUs of a job: sizes of its parallel dimensions."""

    tensor: int
    context: int
    pipeline: int
    data: int
    expert: int

    @property
    def zero_stages(self) -> tuple[int, ...]:
        """ZeRO stages that differ: none where nothing is repeated."""
        return (0, 1, 2, 3) if self.data * self.context > 1 else (0,)

    @property
    def orders(self) -> tuple[RankOrder, ...]:
        """Rank orders that differ: they only say whether stages or replicas sit closer."""
        return ORDERS if self.pipeline > 1 and self.data > 1 else ORDERS[:1]


def shape_of(layout: Layout) -> Shape:
    """Sizes of the parallel dimensions of a layout."""
    return Shape(
        layout.tensor_parallel,
        layout.context_parallel,
        layout.pipeline_parallel,
        layout.data_parallel,
        layout.expert_parallel,
    )


def shapes(question: Question) -> Iterator[Shape]:
    """Every way to divide the GPUs.

    Parameters
    ----------
    question : Question
        The job.

    Yields
    ------
    Shape
        Tensor parallelism: divisors of the GPUs up to the scale-up domain. Context: powers of two that cut the
        sequence into two pieces each. Pipeline: divisors that the layers fill. Expert: divisors of the experts inside
        data and context. Data: the rest. Whether a shape divides the model and the batch is not asked here.
    """
    model, gpus = question.model, question.gpus
    for tensor in divisors(gpus, question.domain_gpus):
        for context in _context_sizes(question.sequence_length, gpus // tensor):
            for pipeline in divisors(gpus // tensor // context, model.layers + 2):
                data = gpus // tensor // context // pipeline
                for expert in _expert_sizes(model, data * context):
                    yield Shape(tensor, context, pipeline, data, expert)


@dataclass(slots=True)
class Space:
    """All layouts of a job: shapes, micro-batches, and the settings of each."""

    question: Question
    _pipes: dict[int, tuple[Pipe, ...]] = field(default_factory=dict)

    @property
    def micro_batches(self) -> tuple[int, ...]:
        """Sequences per micro-batch, up to :data:`LARGEST_MICRO_BATCH`: those that divide the global batch."""
        return divisors(self.question.global_batch, LARGEST_MICRO_BATCH)

    def plainest(self, shape: Shape, micro_batch: int) -> Layout:
        """Make a layout of a shape with one chunk a stage, no recomputation and no ZeRO.

        What is no choice of the layout but of the software (loss, offload, formats) is the plan's.
        """
        searched = Layout(
            tensor_parallel=shape.tensor,
            context_parallel=shape.context,
            pipeline_parallel=shape.pipeline,
            data_parallel=shape.data,
            expert_parallel=shape.expert,
            micro_batch=micro_batch,
            zero_stage=0,
        )
        kept = {name: getattr(self.question.own, name) for name in self.question.own.model_fields_set & KEPT}
        return searched.model_copy(update=kept)

    def pipes(self, stages: int) -> tuple[Pipe, ...]:
        """Ways to run a pipeline of so many stages.

        1F1B with as many chunks a stage as make them equal (embedding and head may take the place of a layer), and with
        1, 2, 4, 8 ... where they are not. The other schedules that the software has, with one chunk.
        """
        if stages not in self._pipes:
            self._pipes[stages] = tuple(self._new_pipes(stages))
        return self._pipes[stages]

    @staticmethod
    def settings(shape: Shape, pipe: Pipe) -> int:
        """Layouts of a shape, one micro-batch size and one way to run the pipeline.

        It goes with no, selective and full recomputation, and with that of the first layers of each stage, however
        many.
        """
        ways = len(RECOMPUTES) + pipe.depth - 1
        return ways * len(shape.zero_stages) * len(shape.orders)

    def limits(self) -> tuple[str, ...]:
        """Where the space ends, and why."""
        return tuple(self._limits())

    def _limits(self) -> Iterator[str]:
        asked, domain, layers = self.question, self.question.domain_gpus, self.question.model.layers
        beyond = [size for size in divisors(asked.gpus, asked.model.heads) if size > domain]
        if beyond:
            yield f"TP {beyond[0]} and more: leaves the scale-up (NVLink) domain of {domain} GPUs"
        if asked.gpus > layers + 2:
            yield f"PP above {layers + 2}: {layers} layers, embedding and head do not fill more stages"
        if asked.global_batch > LARGEST_MICRO_BATCH:
            yield f"micro-batches above {LARGEST_MICRO_BATCH}"

    def _new_pipes(self, stages: int) -> Iterator[Pipe]:
        layers = self.question.model.layers
        most = (layers + 2) // stages if stages > 1 else 1
        for chunks in range(1, most + 1):
            equal = 0 in (layers % (stages * chunks), (layers + 2) % (stages * chunks))
            if equal or chunks & (chunks - 1) == 0:
                yield self._pipe("1f1b", stages, chunks)
        for schedule in self.question.schedules if stages > 1 else ():
            if schedule != "1f1b":
                yield self._pipe(schedule, stages, 1)

    def _pipe(self, schedule: ScheduleName, stages: int, chunks: int) -> Pipe:
        model = self.question.model
        split = Layout(pipeline_parallel=stages, virtual_pipeline=chunks, data_parallel=1)
        pieces, slots = stages * chunks, model.layers + 2
        evenness = 1.0 if model.layers % pieces == 0 else slots // pieces * pieces / slots
        return Pipe(schedule, chunks, max(len(layers) for layers in stage_layers(model, split)), evenness)


def divisors(number: int, limit: int) -> tuple[int, ...]:
    """Divisors of a number up to a limit, smallest first."""
    return tuple(size for size in range(1, min(number, limit) + 1) if number % size == 0)


def _context_sizes(sequence_length: int, gpus: int) -> Iterator[int]:
    size = 1
    while gpus % size == 0 and (size == 1 or sequence_length % (2 * size) == 0):
        yield size
        size *= 2


def _expert_sizes(model: Model, group: int) -> tuple[int, ...]:
    if model.mixture is None:
        return (1,)
    return tuple(size for size in divisors(model.mixture.experts, group) if group % size == 0)
