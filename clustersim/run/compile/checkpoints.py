"""Checkpoints: how large, how long, how often."""

from clustersim.run.checkpointing import young_daly_interval
from clustersim.run.plan import CheckpointPlan
from clustersim.scenario.schema.checkpoint import AsynchronousCheckpoint, Checkpoint
from clustersim.scenario.schema.scenario import Scenario
from clustersim.workload.parameters import count_parameters


def checkpoint_size_bytes(scenario: Scenario) -> float:
    """Size of one checkpoint of the whole model and optimizer [bytes]."""
    return scenario.checkpoint.bytes_per_parameter * count_parameters(scenario.model).total


def checkpoint_times_s(checkpoint: Checkpoint, size_bytes: float) -> tuple[float, float]:
    """Time training stands still for one checkpoint, and from then until it is durable [s]."""
    write_s = size_bytes / checkpoint.write_bandwidth
    return (checkpoint.stall, write_s) if isinstance(checkpoint, AsynchronousCheckpoint) else (write_s, 0.0)


def compile_checkpoint(scenario: Scenario, mtbf_s: float) -> CheckpointPlan:
    """Checkpoints of a job with this mean time between failures [s]."""
    size_bytes = checkpoint_size_bytes(scenario)
    stall_s, write_s = checkpoint_times_s(scenario.checkpoint, size_bytes)
    interval_s = scenario.checkpoint.interval
    if interval_s == "young-daly":
        # A write that has not ended holds the next one back, so the optimum cannot be shorter than a write.
        interval_s = max(young_daly_interval(stall_s, mtbf_s), write_s, 1.0)
    return CheckpointPlan(min(float(interval_s), 1e15), stall_s, write_s, size_bytes)
