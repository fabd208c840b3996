"""What the job reads while it trains."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PassPlan:
    """The data of one step, in a share of the steps of a phase: those of the first epoch, or of later ones."""

    share: float
    store_bytes: float
    """Read from the store [bytes]."""
    own_s: float
    """Time that the data need if the store is never short: network, CPUs, disks, reads per second [s]."""


@dataclass(frozen=True, slots=True)
class StallsPlan:
    """Times in which the store gives nothing, and those between them, both exponential."""

    mean_between_s: float
    mean_s: float


@dataclass(frozen=True, slots=True)
class LoadingPlan:
    """How the data get to the nodes."""

    courses: tuple[tuple[tuple[PassPlan, ...], ...], ...]
    """For each size of the job and each of its phases."""
    prefetch_steps: int
    """Steps whose data wait in the memory of the nodes."""
    stalls: StallsPlan | None = None
    bandwidth_bytes_s: float = math.inf
    """Of the store, for all its users [B/s]."""
    write_bytes_s: float = 0.0
    """What the job asks for while it writes a checkpoint beside training [B/s]."""
    write_share: float = 0.0
    """Share of the time in which it does."""
