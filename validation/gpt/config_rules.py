"""Which configurations can be run: one function per table, each yielding what is wrong and the way out."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from validation.gpt.config import JobConfig

Keys = dict[str, tuple[str, ...]]

CHOICES = {
    ("train", "precision"): ("fp32", "bf16"),
    ("train", "schedule"): ("cosine", "wsd", "constant"),
    ("parallel", "data_kind"): ("ddp", "fsdp"),
    ("parallel", "pipeline_schedule"): ("gpipe", "1f1b"),
    ("checkpoint", "mode"): ("blocking", "async"),
}
"""The words a key may hold."""

AT_LEAST_ONE: Keys = {
    "model": ("layers", "hidden", "heads", "kv_heads", "ffn_hidden"),
    "train": ("micro_batch", "global_batch", "steps"),
    "parallel": ("data", "tensor", "pipeline"),
    "checkpoint": ("keep",),
}
AT_LEAST_TWO: Keys = {"model": ("vocab",), "train": ("sequence_length",)}
POSITIVE: Keys = {"model": ("rope_theta",), "train": ("learning_rate", "epsilon")}
NOT_NEGATIVE: Keys = {
    "train": ("seed", "warmup_steps", "decay_steps", "weight_decay", "clip"),
    "parallel": ("threads",),
    "checkpoint": ("every_steps",),
    "measure": (
        "skip_steps",
        "collectives_every",
        "trace_steps",
        "evaluate_every",
        "evaluate_sequences",
        "copying_every",
    ),
}
FRACTIONS: Keys = {"train": ("min_learning_rate_fraction", "beta1", "beta2")}


def problems_of(config: JobConfig) -> list[str]:
    """List everything that keeps a configuration from being run, each as ``table.key: problem; way out``.

    Parameters
    ----------
    config : JobConfig
        A configuration whose values have the right types.

    Returns
    -------
    list of str
        Empty when it can be run. Relations between keys are looked at only once every value is in its range, so that
        one mistake is reported once.
    """
    ranges = [*_choices(config), *_ranges(config)]
    if ranges:
        return ranges
    return [*_model(config), *_batch(config), *_schedule(config), *_layout(config), *_tensor(config), *_measure(config)]


def _value(config: JobConfig, table: str, key: str) -> Any:
    return getattr(getattr(config, table), key)


def _choices(config: JobConfig) -> Iterator[str]:
    for (table, key), words in CHOICES.items():
        value = _value(config, table, key)
        if value not in words:
            yield f"{table}.{key}: {value!r} is not one of {', '.join(map(repr, words))}"


def _ranges(config: JobConfig) -> Iterator[str]:
    bounds: tuple[tuple[Keys, Callable[[float], bool], str], ...] = (
        (AT_LEAST_ONE, lambda value: value >= 1, "must be at least 1"),
        (AT_LEAST_TWO, lambda value: value >= 2, "must be at least 2"),
        (POSITIVE, lambda value: value > 0, "must be above 0"),
        (NOT_NEGATIVE, lambda value: value >= 0, "must not be negative"),
        (FRACTIONS, lambda value: 0 <= value <= 1, "must lie between 0 and 1"),
    )
    for tables, holds, demand in bounds:
        for table, keys in tables.items():
            for key in keys:
                value = _value(config, table, key)
                if not (math.isfinite(value) and holds(value)):
                    yield f"{table}.{key}: {value} {demand}"
    for key in ("beta1", "beta2"):
        if _value(config, "train", key) == 1:
            yield f"train.{key}: 1 would never forget a gradient; use less than 1"


def _model(config: JobConfig) -> Iterator[str]:
    model = config.model
    if model.hidden % model.heads:
        yield f"model.hidden: {model.hidden} is not a multiple of model.heads = {model.heads}"
    elif model.head_width % 2:
        yield f"model.hidden: heads are {model.head_width} wide, and rotary positions turn pairs; use an even width"
    if model.heads % model.kv_heads:
        yield f"model.kv_heads: {model.kv_heads} does not divide model.heads = {model.heads}"


def _batch(config: JobConfig) -> Iterator[str]:
    train, parallel = config.train, config.parallel
    unit = parallel.data * train.micro_batch
    if train.global_batch % unit:
        yield (
            f"train.global_batch: {train.global_batch} is not a multiple of parallel.data x train.micro_batch = "
            f"{parallel.data} x {train.micro_batch} = {unit}"
        )


def _schedule(config: JobConfig) -> Iterator[str]:
    train = config.train
    if train.schedule != "wsd":
        if train.decay_steps:
            yield f"train.decay_steps: {train.decay_steps} is for schedule 'wsd', not {train.schedule!r}; leave it out"
        if train.schedule != "constant" and train.warmup_steps >= train.steps:
            yield f"train.warmup_steps: {train.warmup_steps} leaves none of train.steps = {train.steps} to decay over"
        return
    if not train.decay_steps:
        yield "train.decay_steps: schedule 'wsd' needs the number of steps it decays over; 10 to 20 % of all is usual"
    if train.warmup_steps + train.decay_steps > train.steps:
        yield (
            f"train.decay_steps: warm-up {train.warmup_steps} + decay {train.decay_steps} are more than "
            f"train.steps = {train.steps}"
        )


def _layout(config: JobConfig) -> Iterator[str]:
    parallel, model = config.parallel, config.model
    if parallel.reshard_after_forward and parallel.data_kind != "fsdp":
        yield "parallel.reshard_after_forward: only data_kind 'fsdp' shards the weights; leave it false with 'ddp'"
    if parallel.pipeline > model.layers:
        yield (
            f"parallel.pipeline: {parallel.pipeline} stages, but model.layers = {model.layers}; a stage needs a layer"
        )
    scheduled = parallel.pipeline_schedule == "1f1b" and parallel.pipeline > 1
    divides = config.train.global_batch % (parallel.data * config.train.micro_batch) == 0
    if scheduled and divides and config.accumulation < parallel.pipeline:
        yield (
            f"train.global_batch: {config.accumulation} micro-batches per replica are fewer than the "
            f"{parallel.pipeline} stages, which torch's 1F1B refuses; use more micro-batches or schedule 'gpipe'"
        )


def _tensor(config: JobConfig) -> Iterator[str]:
    width = config.parallel.tensor
    for key in ("heads", "kv_heads", "ffn_hidden", "vocab"):
        value = _value(config, "model", key)
        if value % width:
            yield f"model.{key}: {value} cannot be split evenly over parallel.tensor = {width}"


def _measure(config: JobConfig) -> Iterator[str]:
    train, measure = config.train, config.measure
    if measure.skip_steps >= train.steps:
        yield f"measure.skip_steps: {measure.skip_steps} leaves none of train.steps = {train.steps} to measure"
    if measure.copying_every and train.sequence_length < 4:
        yield f"measure.copying_every: a sequence of {train.sequence_length} is too short to repeat; use 4 or more"
    if measure.evaluate_every and not measure.evaluate_sequences and not config.data.shards:
        yield "measure.evaluate_sequences: 0 is the whole split, and synthetic tokens have no end; name a number"
