"""Checkpoints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckpointPlan:
    """Periodic checkpoints: training stalls, and some time after the stall the checkpoint is durable."""

    interval_s: float
    stall_s: float
    write_s: float
    """From the end of the stall until the checkpoint can be restored from; 0 when blocking."""
    size_bytes: float = 0.0
