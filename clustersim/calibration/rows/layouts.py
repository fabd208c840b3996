"""The parallel layouts that a published row can have run with: one, or several where it does not say."""

from bisect import bisect_left
from dataclasses import dataclass

from clustersim.calibration.rows.cells import Assumption, Cells, RowError
from clustersim.calibration.rows.software import Family, plain_stack
from clustersim.scenario.schema.hardware import Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, Recompute, Software
from clustersim.workload.layout import layout_problems
from clustersim.workload.memory import memory_per_gpu

TRIED_MICRO_BATCHES = (1, 2, 4, 8)
"""Micro-batches tried where the source does not say: powers of two, as in every published sweep here."""

_MOST_CHUNKS = 512
"""Pipeline chunks beyond which a row is a slip of the pen: several times what anybody has published."""

OUT_OF_MEMORY = "memory: "
"""How the remark begins that says that nothing fits."""

_RECOMPUTES: tuple[Recompute, ...] = ("none", "selective", "full")
_SAID_RECOMPUTE = {"none": "none", "no": "none", "selective": "selective", "full": "full", "yes": "full"}


@dataclass(frozen=True, slots=True)
class Degrees:
    """How many GPUs share what, and how many there are."""

    tensor: int
    context: int
    pipeline: int
    gpus: int
    assumed: tuple[Assumption, ...]

    @property
    def data(self) -> int:
        """Replicas of the model."""
        return self.gpus // (self.tensor * self.context * self.pipeline)


@dataclass(frozen=True, slots=True)
class Workload:
    """What has to fit: model, sequence [tokens], batch [sequences], precision, machines and class of software."""

    model: Model
    sequence_length: int
    global_batch: int
    precision: Precision
    cluster: Cluster
    software: Software


def fsdp_software(cells: Cells, family: Family) -> bool:
    """Whether a row ran on software that shards the weights, so that it needs no other model parallelism."""
    return family.zero_stage == 3 or (cells.whole("zero_stage", least=0) or 0) >= 2


def _sharded_tensor(cells: Cells) -> tuple[int, str]:
    """Tensor parallelism of FSDP software that does not say it, and the rule."""
    gpus, batch, size = cells.whole("n_gpus"), cells.whole("global_batch_seqs"), 1
    while gpus is not None and batch is not None and gpus > size * batch and gpus % (2 * size) == 0:
        size *= 2
    return size, "FSDP software" if size == 1 else "least that leaves every replica a sequence"


def degrees_of(cells: Cells) -> Degrees:
    """Read the parallel degrees of a row.

    Notes
    -----
    An empty ``cp`` is 1: no source leaves out a context parallelism that it uses. An empty ``pp`` is 1 for FSDP
    software, whose tables have no such column, and an empty ``tp`` the least power of two that leaves every replica a
    sequence: 1, unless the batch is smaller than the number of GPUs. An empty ``n_gpus`` is the product of the degrees,
    or what the notes derive.

    Raises
    ------
    RowError
        If the degrees or the number of GPUs cannot be told, or contradict each other.
    """
    assumed: list[Assumption] = []
    defaults = {"cp": (1, "not used unless said"), "pp": (1, "FSDP software"), "tp": _sharded_tensor(cells)}
    read: dict[str, int] = {}
    for column, (default, rule) in defaults.items():
        found = cells.whole(column) or cells.derived(column)
        if found is None:
            assumed.append(Assumption(column, rule, str(default)))
        read[column] = found or default
    model_gpus = read["tp"] * read["cp"] * read["pp"]
    gpus = _gpus(cells, model_gpus, assumed)
    if gpus % model_gpus:
        msg = f"column n_gpus: {gpus} is not a multiple of tp x cp x pp = {model_gpus}"
        raise RowError(msg)
    return Degrees(read["tp"], read["cp"], read["pp"], gpus, tuple(assumed))


def _gpus(cells: Cells, model_gpus: int, assumed: list[Assumption]) -> int:
    gpus = cells.whole("n_gpus")
    if gpus is not None:
        return gpus
    noted, replicas = cells.derived("n_gpus"), cells.whole("dp") or cells.derived("dp")
    if noted is not None:
        assumed.append(Assumption("n_gpus", "derived in the notes", str(noted)))
        return noted
    if replicas is not None:
        assumed.append(Assumption("n_gpus", "tp x cp x pp x dp", str(model_gpus * replicas)))
        return model_gpus * replicas
    msg = "column n_gpus: empty, and so is dp"
    raise RowError(msg)


def possible_layouts(
    cells: Cells, degrees: Degrees, family: Family, work: Workload, recompute: Recompute | None = None
) -> tuple[tuple[Layout, ...], list[Assumption], list[str]]:
    """Every layout that a row can have run with.

    Parameters
    ----------
    cells, degrees, family
        The row, how it splits the work, and the habits of its software.
    work : Workload
        What has to fit; its batch is a multiple of ``dp x micro_batch``.
    recompute : str, optional
        Recomputation of the recipe behind the row, where one is known.

    Returns
    -------
    layouts : tuple of Layout
        One, or one for each micro-batch of :data:`TRIED_MICRO_BATCHES` that divides the batch and fits into memory
        where the source does not say it: authors print their best run, so the fastest of them counts. Where the source
        does not say the recomputation, each has its family's, or the least that fits.
    assumed : list of Assumption
        What was filled in.
    remarks : list of str
        What is odd about the layout as printed, and that nothing fits into memory.
    """
    chunks, chunks_why = _chunks(cells, degrees, work.model)
    assumed = _layout_assumptions(cells, degrees, family, chunks_why)
    tried = [_layout(cells, degrees, family, chunks, micro_batch) for micro_batch in _micro_batches(cells)]
    whole = [layout for layout in tried if not _broken_batch(layout, work)]
    settled = _settled(whole, cells, family, work, recompute)
    fitting = [layout for layout in settled if _fits(layout, work)]
    odd = _oddities(cells, degrees, settled[0], work)
    if fitting:
        return tuple(fitting), assumed, odd
    least = min(settled, key=lambda layout: _needed_bytes(layout, work))
    needed, there = _needed_bytes(least, work) / 2**30, work.cluster.node.accelerator.memory / 2**30
    remark = f"{OUT_OF_MEMORY}{needed:.0f} GiB predicted on a GPU of {there:.0f} GiB"
    return (least,), assumed, [*odd, remark]


def _settled(
    layouts: list[Layout], cells: Cells, family: Family, work: Workload, recompute: Recompute | None
) -> list[Layout]:
    """Layouts with their recomputation as printed, as in the recipe, or the least of the family that fits."""
    if cells.text("recompute"):
        return layouts
    if recompute is not None:
        return [layout.model_copy(update={"recompute": recompute}) for layout in layouts]
    return [_least_recompute(layout, family, work) for layout in layouts]


def _micro_batches(cells: Cells) -> tuple[int, ...]:
    said = cells.whole("micro_batch")
    return (said,) if said else TRIED_MICRO_BATCHES


def _chunks(cells: Cells, degrees: Degrees, model: Model) -> tuple[int, str]:
    """Chunks of layers on each pipeline rank, and the rule where the row does not print them.

    Notes
    -----
    Megatron-Core's table of weak scaling says that messages of the pipeline are overlapped with computation (README of
    Megatron-LM, 2024). That software does so between interleaved chunks only (``--overlap-p2p-communication``); how
    many there are is not said. Two, the fewest, where the layers of a stage divide so. Those of one fit row do not
    (23): 23 chunks of one layer would predict it 14 % too short, none 8 % too long.
    """
    if degrees.pipeline == 1:
        return 1, ""
    said = cells.whole("vpp")
    if said:
        return said, ""
    if not plain_stack(cells.text("stack")).startswith("megatron-core"):
        return 1, "not interleaved unless said"
    even = model.layers % (2 * degrees.pipeline) == 0
    return (2 if even else 1), "two chunks if they are even: Megatron-Core overlaps messages only between chunks"


def _layout_assumptions(cells: Cells, degrees: Degrees, family: Family, chunks_why: str) -> list[Assumption]:
    tried = ", ".join(map(str, TRIED_MICRO_BATCHES))
    rules = {
        "micro_batch": ("micro_batch", f"fastest of {tried} that fits"),
        "recompute": ("recompute", family.recompute_why),
        "zero_stage": ("zero_stage", family.zero_why),
    }
    if degrees.tensor > 1:
        rules["sequence_parallel"] = ("sequence_parallel", family.sequence_parallel_why)
    if degrees.pipeline > 1:
        rules["vpp"] = ("virtual_pipeline", chunks_why)
    if cells.text("n_experts"):
        rules["ep"] = ("expert_parallel", "not used unless said")
    return [
        Assumption(column, rule, setting=setting) for column, (setting, rule) in rules.items() if not cells.text(column)
    ]


def _layout(cells: Cells, degrees: Degrees, family: Family, chunks: int, micro_batch: int) -> Layout:
    zero = cells.whole("zero_stage", least=0)
    if degrees.pipeline * chunks > _MOST_CHUNKS:
        msg = f"column vpp: pp x vpp = {degrees.pipeline} x {chunks} is not {_MOST_CHUNKS:,} chunks or less"
        raise RowError(msg)
    return Layout.model_validate(
        {
            "tensor_parallel": degrees.tensor,
            "context_parallel": degrees.context,
            "pipeline_parallel": degrees.pipeline,
            "virtual_pipeline": chunks,
            "data_parallel": degrees.data,
            "expert_parallel": cells.whole("ep") or 1,
            "zero_stage": _zero(family.zero_stage if zero is None else zero),
            "micro_batch": micro_batch,
            "recompute": _recompute(cells, family),
            "sequence_parallel": _sequence_parallel(cells, family),
            "gradient_precision": _gradient_precision(cells),
        }
    )


def _gradient_precision(cells: Cells) -> str | None:
    """Performance recipes of NeMo and Megatron Bridge sum and reduce in 16 bits (``grad_reduce_in_fp32=False``)."""
    return "bf16" if plain_stack(cells.text("stack")).startswith(("nemo", "megatron-bridge")) else None


def _zero(stage: int) -> int:
    if stage > 3:
        msg = f"column zero_stage: {stage} is not 0, 1, 2 or 3"
        raise RowError(msg)
    return stage


def _sequence_parallel(cells: Cells, family: Family) -> bool:
    said = cells.flag("sequence_parallel")
    return family.sequence_parallel if said is None else said


def _recompute(cells: Cells, family: Family) -> str:
    said = cells.text("recompute").lower()
    if said and said not in _SAID_RECOMPUTE:
        msg = f"column recompute: {said!r} is not one of {', '.join(_RECOMPUTES)}"
        raise RowError(msg)
    return _SAID_RECOMPUTE[said] if said else family.recomputes[0]


def _oddities(cells: Cells, degrees: Degrees, layout: Layout, work: Workload) -> list[str]:
    """What a printed layout contradicts, each with what was done: a source that slips still trained something."""
    # Part of a node, or of a rack, is nothing odd: a published job need not fill its last one.
    problems = layout_problems(work.model, layout, work.global_batch, 1, work.sequence_length)
    odd = [f"layout: {problem.message}" for problem in problems if problem.field != "global_batch"]
    if degrees.pipeline == 1 and (cells.whole("vpp") or 1) > 1:
        odd.append(f"column vpp: {cells.text('vpp')!r} without pipeline stages is left out")
    try:
        replicas = cells.whole("dp")
    except RowError as problem:
        return [*odd, f"{problem}; {degrees.data} follows from the other degrees"]
    if replicas is not None and replicas != degrees.data:
        odd.append(f"column dp: {replicas} contradicts n_gpus / (tp x cp x pp) = {degrees.data}, which is taken")
    return odd


def _broken_batch(layout: Layout, work: Workload) -> bool:
    gpus = work.cluster.node.gpus
    problems = layout_problems(work.model, layout, work.global_batch, gpus, work.sequence_length)
    return any(problem.field == "global_batch" for problem in problems)


def _least_recompute(layout: Layout, family: Family, work: Workload) -> Layout:
    """The setting a source that does not say must have used: the least of its family that fits into memory.

    Where the family does it layer by layer, the last resort is for as few layers of each stage as memory asks for:
    offloading them on a Grace superchip, recomputing them elsewhere.
    """
    last: Layout = layout
    for recompute in family.recomputes:
        last = layout.model_copy(update={"recompute": recompute})
        if recompute == "full" and family.by_layer:
            return _fewest_layers(layout, work)
        if _fits(last, work):
            break
    return last


def _fewest_layers(layout: Layout, work: Workload) -> Layout:
    """Layout that offloads or recomputes whole layers, as few of each stage as fit; all of them when none fit."""
    superchip = (work.cluster.node.accelerator.catalogue_entry or "").startswith("gb")
    change = {"recompute": "none", "offload": "activations"} if superchip else {"recompute": "full"}
    field = "offload_layers" if superchip else "recompute_layers"

    def with_layers(count: int) -> Layout:
        return layout.model_copy(update={**change, field: count})

    most = -(-work.model.layers // layout.pipeline_parallel)
    fewest = bisect_left(range(1, most + 1), True, key=lambda count: _fits(with_layers(count), work)) + 1
    return layout.model_copy(update=change) if fewest > most else with_layers(fewest)


def _fits(layout: Layout, work: Workload) -> bool:
    return _needed_bytes(layout, work) <= work.cluster.node.accelerator.memory


def _needed_bytes(layout: Layout, work: Workload) -> float:
    count = work.global_batch // (layout.data_parallel * layout.micro_batch)
    memory = memory_per_gpu(work.model, layout, work.sequence_length, work.precision, count, software=work.software)
    return memory.total_bytes
