"""Which jobs are measured, and which of them nobody fits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

VOCABULARY = 4096
"""Rows of the embedding of every model of the campaign."""

WORK_FLOP_PER_S = 6e10
"""FLOP/s that a core is expected to reach; it decides how many steps a job runs, and nothing else."""

MEASURED_S, LEAST_STEPS, MOST_STEPS = 8.0, 6, 40
"""Time that the measured steps of a job take together [s], and how many they are at least and at most."""

SKIPPED_STEPS = 3
"""First steps of a job, which allocate memory and are left out."""


@dataclass(frozen=True, slots=True)
class Job:
    """One configuration: its name, whether it may be fitted, and the tables of the job."""

    name: str
    split: str
    config: Mapping[str, Mapping[str, Any]]

    @property
    def world(self) -> int:
        """Processes."""
        parallel = self.config["parallel"]
        return int(parallel["data"] * parallel["tensor"] * parallel["pipeline"])


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of a model."""

    hidden: int
    layers: int
    ffn_hidden: int
    heads: int
    kv_heads: int

    @property
    def parameters(self) -> float:
        """Weights, about."""
        width = self.hidden // self.heads
        attention = 2 * self.hidden * width * (self.heads + self.kv_heads)
        return self.layers * (attention + 3.0 * self.hidden * self.ffn_hidden) + 2.0 * VOCABULARY * self.hidden


SHAPES: Mapping[str, Shape] = {
    "6M": Shape(256, 4, 768, 4, 4),
    "12M": Shape(384, 6, 1024, 6, 2),
    "22M": Shape(512, 6, 1408, 8, 4),
    "33M": Shape(768, 4, 2048, 12, 4),
    "9M": Shape(320, 6, 896, 10, 2),
    "27M": Shape(640, 5, 1792, 10, 10),
}
"""Models by their size; the last two are held out with whatever runs on them."""

LAYOUTS: Mapping[str, Mapping[str, Any]] = {
    "one": {},
    "ddp": {"data": 2, "data_kind": "ddp"},
    "fsdp": {"data": 2, "data_kind": "fsdp", "reshard_after_forward": True},
    "fsdp-kept": {"data": 2, "data_kind": "fsdp", "reshard_after_forward": False},
    "tp": {"tensor": 2},
    "pp": {"pipeline": 2, "pipeline_schedule": "1f1b"},
    "pp-gpipe": {"pipeline": 2, "pipeline_schedule": "gpipe"},
}

FIT = (
    ("6M", "one", 256, 4, 8), ("6M", "one", 512, 1, 4), ("12M", "one", 256, 2, 4), ("12M", "one", 1024, 1, 2),
    ("22M", "one", 512, 2, 4), ("33M", "one", 256, 4, 4),
    ("6M", "ddp", 256, 4, 16), ("12M", "ddp", 512, 2, 4), ("22M", "ddp", 256, 4, 8), ("33M", "ddp", 512, 1, 4),
    ("6M", "fsdp", 512, 2, 8), ("22M", "fsdp", 512, 1, 4), ("33M", "fsdp", 256, 4, 8),
    ("12M", "fsdp-kept", 256, 4, 8), ("22M", "fsdp-kept", 512, 2, 4),
    ("6M", "tp", 512, 4, 8), ("12M", "tp", 256, 4, 4), ("22M", "tp", 512, 2, 4), ("33M", "tp", 256, 4, 8),
    ("6M", "pp", 256, 4, 16), ("12M", "pp", 512, 1, 4), ("22M", "pp", 256, 2, 8), ("33M", "pp-gpipe", 256, 2, 8),
    ("12M", "pp-gpipe", 512, 1, 8),
)  # fmt: skip
"""Shape, layout, sequence length, micro-batch, global batch of the jobs that may be fitted."""

TEST = (
    ("9M", "one", 256, 4, 8), ("9M", "one", 768, 1, 4), ("27M", "one", 384, 2, 4), ("22M", "one", 256, 1, 4),
    ("9M", "ddp", 256, 8, 16), ("27M", "ddp", 512, 1, 4), ("33M", "ddp", 256, 4, 8),
    ("9M", "fsdp", 512, 2, 4), ("27M", "fsdp", 256, 4, 8), ("12M", "fsdp-kept", 512, 2, 8),
    ("9M", "tp", 256, 8, 8), ("27M", "tp", 512, 2, 4),
    ("9M", "pp", 512, 1, 8), ("27M", "pp", 256, 2, 8), ("22M", "pp-gpipe", 256, 2, 4), ("12M", "one", 512, 4, 4),
)  # fmt: skip
"""The same of the jobs that never are: other models, or other batches and sequences of the same ones."""


def jobs(splits: tuple[str, ...] = ("fit", "test")) -> tuple[Job, ...]:
    """All jobs of the campaign."""
    return tuple(_job(split, *row) for split, rows in (("fit", FIT), ("test", TEST)) if split in splits for row in rows)


def small() -> tuple[Job, ...]:
    """A handful of tiny jobs that take a few seconds each: the campaign in miniature."""
    return tuple(_tiny(split, layout) for split in ("fit", "test") for layout in ("one", "ddp", "tp", "pp"))


def _job(split: str, size: str, layout: str, sequence: int, micro: int, batch: int) -> Job:
    shape = SHAPES[size]
    world = 1 if layout == "one" else 2
    step_s = 6.0 * shape.parameters * sequence * batch / (WORK_FLOP_PER_S * world)
    steps = SKIPPED_STEPS + max(LEAST_STEPS, min(MOST_STEPS, round(MEASURED_S / step_s)))
    name = f"{size}-{layout}-s{sequence}-m{micro}-b{batch}"
    return Job(name, split, _tables(shape, layout, sequence, micro, batch, steps))


def _tiny(split: str, layout: str) -> Job:
    shape = Shape(64 if split == "fit" else 128, 2, 128, 4, 2)
    tables = _tables(shape, layout, 64, 1, 4, SKIPPED_STEPS + 2)
    return Job(f"tiny-{shape.hidden}-{layout}", split, tables)


def _tables(shape: Shape, layout: str, sequence: int, micro: int, batch: int, steps: int) -> dict[str, dict[str, Any]]:
    return {
        "model": {
            "layers": shape.layers,
            "hidden": shape.hidden,
            "heads": shape.heads,
            "kv_heads": shape.kv_heads,
            "ffn_hidden": shape.ffn_hidden,
            "vocab": VOCABULARY,
        },
        "train": {
            "sequence_length": sequence,
            "micro_batch": micro,
            "global_batch": batch,
            "steps": steps,
            "precision": "fp32",
            "warmup_steps": 2,
        },
        "parallel": {**_ALONE, **LAYOUTS[layout]},
        "measure": {"skip_steps": SKIPPED_STEPS},
    }


_ALONE: Mapping[str, Any] = {"data": 1, "tensor": 1, "pipeline": 1, "threads": 1}


def by_name(chosen: tuple[Job, ...], names: tuple[str, ...]) -> Iterator[Job]:
    """Jobs whose names start with one of `names`; all of them when none is given."""
    return (job for job in chosen if not names or job.name.startswith(names))
