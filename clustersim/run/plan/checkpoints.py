"""Checkpoints: when they are taken, where they are kept, and how long they last."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TierPlan:
    """A place where checkpoints are kept."""

    name: str
    every: int
    """One checkpoint out of so many is kept here, and the last before a planned stop."""
    write_s: float
    """From the end of the stall until it is whole [s]; 0 when blocking."""
    load_s: float | None = None
    """Median time to load it in a restart [s]; that of the restart when None."""
    survives_nodes: int | None = None
    """Nodes of a domain that may be taken out together without losing it; None when it does not feel the loss of nodes.

    0 when it is gone with the first node.
    """
    keep: int | None = None
    """Whole ones that are kept, the newest; all when None."""
    failed: float = 0.0
    """Share of the writes that fail, which is noticed at once."""
    corrupt: float = 0.0
    """Share of the writes that cannot be read, which shows when they are loaded."""

    @property
    def bad(self) -> bool:
        """Whether some writes are of no use."""
        return self.failed + self.corrupt > 0.0


@dataclass(frozen=True, slots=True)
class AdaptivePlan:
    """An interval that follows the failures that the job has seen."""

    expected_mtbf_s: float
    """Mean time between failures that is taken for granted before any is seen [s]."""
    memory: int
    """Failures, the last ones, that it is estimated from."""


@dataclass(frozen=True, slots=True)
class TenantPlan:
    """Another user of the storage, which comes and goes."""

    name: str
    demand_bytes_s: float
    mean_pause_s: float
    mean_busy_s: float


@dataclass(frozen=True, slots=True)
class StoragePlan:
    """The store of the checkpoints, shared with others."""

    bandwidth_bytes_s: float
    """Of all its users, reads and writes together [B/s]."""
    data_loading_bytes_s: float = 0.0
    """What the data of this job takes while it trains [B/s]."""
    tenants: tuple[TenantPlan, ...] = ()
    read_bytes: float = 0.0
    """What all ranks together read in a restart [bytes]."""
    write_bytes_s: float = 0.0
    """What the job could write at most, had it the storage for itself [B/s]."""


@dataclass(frozen=True, slots=True)
class CheckpointPlan:
    """Periodic checkpoints: training stalls, and some time after the stall the checkpoint is durable."""

    interval_s: float
    stall_s: float
    write_s: float
    """From the end of the stall until the checkpoint can be restored from; 0 when blocking."""
    size_bytes: float = 0.0
    every: int = 1
    """Of so many checkpoints one is written to the store."""
    keep: int | None = None
    failed: float = 0.0
    corrupt: float = 0.0
    """The same of the store as of any tier."""
    inner: tuple[TierPlan, ...] = ()
    """Tiers that are quicker than the store, and feel the loss of nodes."""
    adaptive: AdaptivePlan | None = None
    storage: StoragePlan | None = None

    @property
    def store(self) -> TierPlan:
        """The store as a tier, which nothing takes away but failures of its own."""
        return TierPlan(
            STORE, self.every, self.write_s, keep=self.keep, failed=self.failed, corrupt=self.corrupt
        )  # fmt: skip

    @property
    def tiers(self) -> tuple[TierPlan, ...]:
        """All places where checkpoints are kept: the store, then the others."""
        return (self.store, *self.inner)


STORE = "store"
"""Name of the place where checkpoints end up."""
