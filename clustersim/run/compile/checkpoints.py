"""Checkpoints: how large, how long, how often, and where they are kept."""

from collections.abc import Iterator
from dataclasses import replace

from clustersim.hardware.domains import NoDomainError, domain_of
from clustersim.run.adaptive import adapted_interval_s, shortest_interval_s
from clustersim.run.plan import AdaptivePlan, CheckpointPlan, StoragePlan, TenantPlan, TierPlan
from clustersim.run.storage import mean_write_bytes_s
from clustersim.scenario.schema.checkpoint import AsynchronousCheckpoint, Checkpoint, CheckpointTier
from clustersim.scenario.schema.scenario import Scenario
from clustersim.workload.parameters import count_parameters

_LONGEST_S = 1e15
"""An interval that no run gets to the end of."""
_MEMORY = 10
"""Failures that an adaptive interval follows: their mean is known within a third."""


def checkpoint_size_bytes(scenario: Scenario) -> float:
    """Size of one checkpoint of the whole model and optimizer [bytes]."""
    return scenario.checkpoint.bytes_per_parameter * count_parameters(scenario.model).total


def checkpoint_times_s(scenario: Scenario) -> tuple[float, float]:
    """Time training stands still for one checkpoint, and from then until it is durable [s].

    On a shared store, at the mean of the bandwidths that are left over for the job.
    """
    checkpoint, size_bytes = scenario.checkpoint, checkpoint_size_bytes(scenario)
    storage = compile_storage(scenario)
    bandwidth_bytes_s = checkpoint.write_bandwidth if storage is None else mean_write_bytes_s(storage)
    write_s = size_bytes / bandwidth_bytes_s
    return (checkpoint.stall, write_s) if isinstance(checkpoint, AsynchronousCheckpoint) else (write_s, 0.0)


def compile_checkpoint(scenario: Scenario, mtbf_s: float) -> CheckpointPlan:
    """Checkpoints of a job with this mean time between failures [s]."""
    checkpoint = scenario.checkpoint
    stall_s, write_s = checkpoint_times_s(scenario)
    plan = CheckpointPlan(
        0.0,
        stall_s,
        write_s,
        checkpoint_size_bytes(scenario),
        every=_every(checkpoint),
        keep=checkpoint.keep,
        failed=checkpoint.failed,
        corrupt=checkpoint.corrupt,
        inner=tuple(_tier(tier, scenario) for tier in tiers_of(checkpoint)),
        storage=compile_storage(scenario),
    )
    if checkpoint.interval == "adaptive":
        expected_s = min(mtbf_s, _LONGEST_S) if checkpoint.expected_mtbf is None else checkpoint.expected_mtbf
        plan = replace(plan, adaptive=AdaptivePlan(expected_s, checkpoint.memory or _MEMORY))
        mtbf_s = expected_s
    by_rate = isinstance(checkpoint.interval, str)
    interval_s = (
        adapted_interval_s(stall_s, mtbf_s, shortest_interval_s(plan)) if by_rate else float(checkpoint.interval)
    )
    return replace(plan, interval_s=min(interval_s, _LONGEST_S))


def tiers_of(checkpoint: Checkpoint) -> tuple[CheckpointTier, ...]:
    """Places beside the store where checkpoints are kept."""
    return checkpoint.tiers if isinstance(checkpoint, AsynchronousCheckpoint) else ()


def _every(checkpoint: Checkpoint) -> int:
    return checkpoint.every if isinstance(checkpoint, AsynchronousCheckpoint) else 1


def _tier(tier: CheckpointTier, scenario: Scenario) -> TierPlan:
    return TierPlan(
        tier.name,
        tier.every,
        tier.write,
        tier.load,
        _survives_nodes(tier, scenario),
        tier.keep,
        tier.failed,
        tier.corrupt,
    )


def _survives_nodes(tier: CheckpointTier, scenario: Scenario) -> int:
    """Nodes of the domains of which one may be taken out."""
    if tier.survives in ("restart", "node"):
        return ("restart", "node").index(tier.survives)
    return domain_of(scenario.cluster, tier.survives, scenario.cluster.nodes).nodes


def tier_problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Tiers that survive the loss of what the cluster does not have: (path, message) each."""
    for index, tier in enumerate(tiers_of(scenario.checkpoint)):
        try:
            _survives_nodes(tier, scenario)
        except NoDomainError as problem:
            yield f"checkpoint.tiers[{index}].survives", str(problem)


def compile_storage(scenario: Scenario) -> StoragePlan | None:
    """The store, if others use it too."""
    storage, checkpoint = scenario.cluster.storage, scenario.checkpoint
    if storage is None:
        return None
    return StoragePlan(
        storage.bandwidth,
        storage.data_loading,
        tuple(TenantPlan(t.name, t.demand, t.pause, t.busy) for t in storage.tenants),
        checkpoint.read_copies * checkpoint_size_bytes(scenario),
        checkpoint.write_bandwidth,
    )
