"""One published row as the predictor's inputs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from clustersim.calibration.rows.cells import Assumption, Cells, RowError
from clustersim.calibration.rows.layouts import (
    OUT_OF_MEMORY,
    Degrees,
    Workload,
    degrees_of,
    fsdp_software,
    possible_layouts,
)
from clustersim.calibration.rows.machines import accelerator_of, cluster_of, network_of
from clustersim.calibration.rows.recipes import SOURCE, recipe_of
from clustersim.calibration.rows.remarks import Remark
from clustersim.calibration.rows.shape import guesses, model_of
from clustersim.calibration.rows.software import Family, released, software_of
from clustersim.calibration.rows.times import PublishedTime, published_time
from clustersim.calibration.splits import split_of_cell
from clustersim.scenario.schema.hardware import Accelerator, Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, SoftwareOption
from clustersim.scenario.schema.training import Software as StackName
from clustersim.step.efficiency import has_peak

_PRECISIONS: tuple[tuple[str, Precision], ...] = (
    ("nvfp4", "fp4"),
    ("mxfp4", "fp4"),
    ("fp4", "fp4"),
    ("mxfp8", "fp8"),
    ("fp8", "fp8"),
    ("float8", "fp8"),
    ("bf16", "bf16"),
    ("bfloat16", "bf16"),
    ("fp16", "fp16"),
    ("float16", "fp16"),
    ("half", "fp16"),
    ("tf32", "tf32"),
    ("fp32", "fp32"),
)
"""Precision by what its cell contains; the narrowest named decides, since it is that of the matrix products."""

_SEQUENCES: Mapping[str, int] = {
    "megatron-2021": 2048,
    "megatron-deepspeed": 2048,
    "megatron-deepspeed-2023": 2048,
    "deepspeed-zero3": 2048,
    "xla": 2048,
    "paxml": 2048,
}
_SEQUENCE = 8192
"""Sequence length where it is not said: that of GPT-3 and its followers (arXiv 2005.14165), which MaxText's benchmarks
keep; for today's software that of Llama 3 and of torchtitan's configurations. Tokens per second hardly depend on it."""


UNREADABLE = "published time unreadable, so nothing is compared"


@dataclass(frozen=True, slots=True)
class PublishedStep:
    """One published step time.

    Attributes
    ----------
    id, source : str
        Where it stands.
    split : {"fit", "test"}
        A ``test`` row is never fitted; neither is one that does not say.
    gpu : str
        GPU as the source names it.
    stack : str
        Software class.
    layouts : tuple of Layout
        The layout; several where the source does not say the micro-batch and its authors took the best.
    step_time_s : float
        Published time of one step [s]; NaN when nothing printed gives one.
    tokens : int
        Tokens per step as the row states them.
    software : str
        Training software and its release, as the source names it.
    released : float or None
        Date of that release, as a year with its fraction.
    network : str
        Class of the network: an entry of the catalogue table ``collective_rates``.
    number_format : str
        Precision as the source names it: ``mxfp8`` and ``fp8`` are both ``fp8`` to the step model, not to a kernel.
    assumed : tuple of Assumption
        Cells that rules filled in.
    remarks : tuple of Remark
        What stands in for something unknown, and what is odd about the layout.
    options : tuple of str
        What the software's recipe turns on.
    """

    id: str
    source: str
    split: Literal["fit", "test"]
    gpu: str
    stack: StackName
    model_name: str
    model: Model
    layouts: tuple[Layout, ...]
    sequence_length: int
    global_batch: int
    precision: Precision
    cluster: Cluster
    step_time_s: float
    tokens: int = 0
    software: str = ""
    released: float | None = None
    network: str = "infiniband"
    number_format: str = ""
    assumed: tuple[Assumption, ...] = ()
    remarks: tuple[Remark, ...] = ()
    options: tuple[SoftwareOption, ...] = ()


def published_step(raw: Mapping[str, str]) -> PublishedStep:
    """Turn the cells of one row into the predictor's inputs.

    Parameters
    ----------
    raw : mapping of str to str
        Cells by column; an absent column counts as empty.

    Raises
    ------
    RowError
        If the row is impossible, names something unknown, or leaves empty what no rule fills in.
    """
    cells = Cells(raw)
    name, _ = accelerator_of(cells, cells.whole("gpus_per_node"))
    software = software_of(cells.text("stack"), name, cells.whole("zero_stage", least=0))
    if not all(cells.text(column) for column in ("tp", "pp")) and not fsdp_software(cells, software.family):
        return _least_model_parallel(raw, cells)
    degrees = degrees_of(cells)
    work, said_batch, about_work, remarks = _workload(cells, degrees, software.family)
    recipe = recipe_of(cells, work.model, name)
    layouts, about_layout, about_memory = possible_layouts(cells, degrees, software.family, work, recipe.recompute)
    if recipe.options:
        about_layout = [*about_layout, Assumption("software", SOURCE, " ".join(recipe.options))]
    tokens = work.sequence_length * said_batch
    time = _time(cells, work, tokens, degrees.gpus)
    return PublishedStep(
        id=cells.text("id"),
        source=cells.text("source"),
        split=split_of_cell(cells.text("split")),
        gpu=cells.text("gpu"),
        stack=software.family.stack,
        model_name=cells.text("model"),
        model=work.model,
        layouts=layouts,
        sequence_length=work.sequence_length,
        global_batch=work.global_batch,
        precision=work.precision,
        cluster=work.cluster,
        step_time_s=time.seconds,
        tokens=tokens,
        software=cells.text("stack"),
        released=released(cells.text("stack")),
        network=network_of(cells.text("fabric")),
        number_format=cells.text("precision").lower(),
        assumed=(*about_work, *about_layout, *time.assumed),
        remarks=tuple(
            remark
            for remark in (software.remark, recipe.remark, *remarks, *guesses(about_work), *map(Remark, about_memory))
            if remark is not None
        ),
        options=recipe.options,
    )


def _time(cells: Cells, work: Workload, tokens: int, gpus: int) -> PublishedTime:
    """Published time of a step; one that cannot be read keeps nobody from predicting it."""
    try:
        return published_time(cells, work.model, work.cluster.node.accelerator, tokens, gpus)
    except RowError as problem:
        return PublishedTime(float("nan"), (Assumption("step_time_s", UNREADABLE, str(problem)),))


def _workload(cells: Cells, degrees: Degrees, family: Family) -> tuple[Workload, int, list[Assumption], list[Remark]]:
    """What has to fit, the batch as the row states it, what was assumed, and what stands in."""
    cluster, about_machines, remarks = cluster_of(cells, degrees.gpus)
    model, about_model = model_of(cells, degrees.tensor, degrees.pipeline)
    sequence, about_sequence = _sequence_length(cells, family.stack)
    precision, about_precision = _precision(cells, cluster.node.accelerator)
    said, about_batch = _global_batch(cells, degrees)
    whole = _whole_batch(cells, degrees, said)
    if whole != said:
        rule = "rounded up to a multiple of dp x micro_batch"
        about_batch = [*about_batch, Assumption("global_batch_seqs", rule, str(whole))]
    work = Workload(model, sequence, whole, precision, cluster, family.stack)
    assumed = [*about_model, *about_machines, *about_precision, *about_sequence, *degrees.assumed, *about_batch]
    return work, said, assumed, remarks


def _least_model_parallel(raw: Mapping[str, str], cells: Cells) -> PublishedStep:
    """Read a Megatron row that leaves out TP or PP with the least of both that fits.

    Tensor parallelism up to the node before pipeline stages, and no more of either than memory asks for (Narayanan et
    al. 2021, arXiv 2104.04473, section 3.6, takeaways 1 and 2).
    """
    gpus = cells.whole("n_gpus") or cells.derived("n_gpus")
    layers, node = cells.whole("n_layers"), cells.whole("gpus_per_node") or 8
    if gpus is None or layers is None:
        empty = "tp" if not cells.text("tp") else "pp"
        msg = f"column {empty}: empty, and without n_gpus and n_layers no rule gives it"
        raise RowError(msg)
    said = cells.whole("tp"), cells.whole("pp")
    tensors = [said[0]] if said[0] else [size for size in (1, 2, 4, 8) if size <= node]
    stages = [said[1]] if said[1] else [size for size in range(1, layers + 1) if layers % size == 0]
    tried = sorted(product(tensors, stages), key=lambda pair: (pair[0] * pair[1], -pair[0]))
    read: PublishedStep | None = None
    for tensor, pipeline in tried:
        if gpus % (tensor * pipeline * (cells.whole("cp") or 1)):
            continue
        read = published_step({**raw, "tp": str(tensor), "pp": str(pipeline)})
        if not any(remark.text.startswith(OUT_OF_MEMORY) for remark in read.remarks):
            break
    if read is None:
        msg = f"column n_gpus: {gpus} is no multiple of any tp x pp that divides {layers} layers"
        raise RowError(msg)
    rule = "least that fits, TP up to 8 first (Narayanan et al. 2021)"
    layout = read.layouts[0]
    value = f"{layout.tensor_parallel} x {layout.pipeline_parallel}"
    return replace(read, assumed=(Assumption("tp pp", rule, value), *read.assumed))


def _sequence_length(cells: Cells, stack: str) -> tuple[int, list[Assumption]]:
    printed = cells.whole("seq_len") or cells.derived("seq_len")
    if printed is not None:
        return printed, []
    usual = _SEQUENCES.get(stack, _SEQUENCE)
    return usual, [Assumption("seq_len", "usual of its software", str(usual))]


def _precision(cells: Cells, accelerator: Accelerator) -> tuple[Precision, list[Assumption]]:
    """Precision of the matrix products; an unsaid one is 16 bits, in the format the card has."""
    text = cells.text("precision").lower()
    found = next((known for part, known in _PRECISIONS if part in text), None)
    assumed = []
    if found is None:
        if text:
            msg = f"column precision: {text!r} is not one of bf16, fp16, fp8, mxfp8, nvfp4, tf32, fp32"
            raise RowError(msg)
        found = "bf16" if accelerator.peak.bf16 else "fp16"
        assumed.append(Assumption("precision", "16 bits unless said", found))
    if not has_peak(accelerator, found):
        msg = f"column precision: {accelerator.catalogue_entry} gives no {found} peak"
        raise RowError(msg)
    return found, assumed


def _global_batch(cells: Cells, degrees: Degrees) -> tuple[int, list[Assumption]]:
    """Sequences per step; unsaid, one micro-batch a replica, and as many as hide the bubble under pipelining."""
    printed = cells.whole("global_batch_seqs") or cells.derived("global_batch_seqs")
    if printed is not None:
        return printed, []
    rounds = 1 if degrees.pipeline == 1 else 8 * degrees.pipeline
    batch = degrees.data * (cells.whole("micro_batch") or 1) * rounds
    rule = "dp x micro_batch, without accumulation" if rounds == 1 else "dp x micro_batch x 8 pp"
    return batch, [Assumption("global_batch_seqs", rule, str(batch))]


def _whole_batch(cells: Cells, degrees: Degrees, batch: int) -> int:
    """Batch in whole micro-batches: the last round of a step is as long as the others, full or not."""
    per_round = degrees.data * (cells.whole("micro_batch") or 1)
    return -(-batch // per_round) * per_round
