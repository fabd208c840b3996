"""What a pipeline rank can be told to do, and in which order it was told."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from clustersim.scenario.schema.training import ScheduleName


class Kind(IntEnum):
    """Work on one micro-batch in one model chunk.

    ``BACKWARD`` is the whole backward pass. Zero-bubble schedules split it into ``INPUT``, whose gradient the stage
    before waits for, and ``WEIGHT``, which nobody waits for (Qi et al. 2024, arXiv 2401.10241). ``PAIR`` is the forward
    pass of one micro-batch run together with the whole backward pass of another (DeepSeek-V3, arXiv 2412.19437).
    """

    FORWARD = 0
    BACKWARD = 1
    INPUT = 2
    WEIGHT = 3
    PAIR = 4


KINDS_OF: Mapping[ScheduleName, tuple[Kind, ...]] = MappingProxyType(
    {
        "gpipe": (Kind.FORWARD, Kind.BACKWARD),
        "1f1b": (Kind.FORWARD, Kind.BACKWARD),
        "zero-bubble": (Kind.FORWARD, Kind.INPUT, Kind.WEIGHT),
        "dualpipe": tuple(Kind),
    }
)
"""Kinds of tasks that a schedule is made of."""


class Task(NamedTuple):
    """One task of a rank. A ``PAIR`` does the forward pass here and the backward pass of ``paired`` in the other chunk.

    ``paired`` is -1 for everything else.
    """

    kind: Kind
    chunk: int
    micro_batch: int
    paired: int = -1

    @property
    def label(self) -> str:
        """Short form: ``F3.0`` is the forward pass of micro-batch 3 in chunk 0."""
        head = f"{self.micro_batch}.{self.chunk}"
        if self.kind is Kind.PAIR:
            return f"F{head}&B{self.paired}.{1 - self.chunk}"
        return f"{self.kind.name[0]}{head}"


class RankOrder(NamedTuple):
    """Tasks of one rank in order.

    The tasks from ``warmup`` on come in ``beats`` equal groups of ``unit`` tasks, one group for each forward pass the
    steady state does: beat ``i`` of a longer step does the same as beat ``i`` here, on later micro-batches.
    """

    tasks: tuple[Task, ...]
    warmup: int
    unit: int
    beats: int
