"""Families of published step times that differ in the number of GPUs: weak, strong and with a growing model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from clustersim.calibration.errors_by import Scored
from validation.predicted import cell, clusters, held_out

LEAST_SIZES = 3
STRONG_BATCH_RATIO = 1.25
"""Largest over smallest global batch of a family that still counts as strong scaling: the table of 2021 has one run of
2,560 sequences among runs of 2,240."""

_SAME = ("source", "model", "gpu", "precision", "stack", "seq_len", "tp", "pp", "cp", "ep", "zero_stage")
_GROWING = (
    ("Narayanan et al. 2021 (SC21) Table 1", "Megatron-LM 2021, A100"),
    ("Megatron-LM README H100 weak-scaling table", "Megatron-Core 0.8, H100"),
    ("Megatron-LM README Sep 2020 weak scaling", "Megatron-LM 2020"),
)


@dataclass(frozen=True, slots=True)
class Point:
    """One size of a family: GPUs, and model FLOP/s per GPU with full attention, published and predicted."""

    gpus: int
    published_flop_s: float
    predicted_flop_s: float
    held_out: bool


@dataclass(frozen=True, slots=True)
class Family:
    """Runs that differ in their number of GPUs, the smallest first."""

    model: str
    gpu: str
    precision: str
    source: str
    stack: str
    points: tuple[Point, ...]

    @property
    def published_change(self) -> float:
        """Published throughput per GPU at the largest size over that at the smallest, minus one."""
        return self.points[-1].published_flop_s / self.points[0].published_flop_s - 1.0

    @property
    def predicted_change(self) -> float:
        """The same of the predictions."""
        return self.points[-1].predicted_flop_s / self.points[0].predicted_flop_s - 1.0

    @property
    def held_out(self) -> str:
        """Whether its rows are held out: ``yes``, ``no`` or ``some``."""
        known = {point.held_out for point in self.points}
        return "some" if len(known) == 2 else {True: "yes", False: "no"}[known.pop()]


@lru_cache(maxsize=1)
def weak_families() -> tuple[Family, ...]:
    """Same model and layout of a replica, same sequences per GPU: only replicas are added."""
    return tuple(_families(lambda item: (*_key(item), cell(item, "micro_batch"), f"{_batch_per_gpu(item):.4g}")))


@lru_cache(maxsize=1)
def strong_families() -> tuple[Family, ...]:
    """Same model and nearly the same global batch on more GPUs."""
    return tuple(_families(_key, _is_strong))


@lru_cache(maxsize=1)
def growing_families() -> tuple[Family, ...]:
    """The model grows with the number of GPUs, as in the scaling tables of Megatron-LM."""
    found = []
    for source, name in _GROWING:
        rows = [item for item in clusters() if cell(item, "source").startswith(source)]
        for gpu in sorted({cell(item, "gpu") for item in rows}):
            members = [item for item in rows if cell(item, "gpu") == gpu]
            shown = name if "," in name else f"{name}, {gpu.split('-')[0].upper()}"
            found.append(_family(members, shown))
    return tuple(found)


def _key(item: Scored) -> tuple[str, ...]:
    return tuple(cell(item, column) for column in _SAME)


def _batch_per_gpu(item: Scored) -> float:
    return int(cell(item, "global_batch_seqs")) / int(cell(item, "n_gpus"))


def _is_strong(items: Sequence[Scored]) -> bool:
    batches = [int(cell(item, "global_batch_seqs")) for item in items]
    return max(batches) <= STRONG_BATCH_RATIO * min(batches)


def _families(
    key: Callable[[Scored], tuple[str, ...]], accepts: Callable[[Sequence[Scored]], bool] = bool
) -> Iterator[Family]:
    groups: dict[tuple[str, ...], list[Scored]] = {}
    for item in clusters():
        groups.setdefault(key(item), []).append(item)
    for items in groups.values():
        sizes = {cell(item, "n_gpus") for item in items}
        if len(sizes) >= LEAST_SIZES and len(sizes) == len(items) and accepts(items):
            yield _family(items, cell(items[0], "model"))


def _family(items: Sequence[Scored], name: str) -> Family:
    first = items[0]
    points = sorted((_point(item) for item in items), key=lambda point: point.gpus)
    return Family(
        name, cell(first, "gpu"), cell(first, "precision"), cell(first, "source"), cell(first, "stack"), tuple(points)
    )


def _point(item: Scored) -> Point:
    _, predicted, error = item
    flop_s = predicted.step.model_flops_per_gpu_s
    return Point(int(cell(item, "n_gpus")), flop_s * (1.0 + error), flop_s, held_out(item))
