"""From a failure back to training."""

from dataclasses import dataclass

from clustersim.run.laws import AT_ONCE, Law

LOAD = "load"
"""The part of a restart in which the checkpoint is loaded."""


@dataclass(frozen=True, slots=True)
class RestartPart:
    """One part of a restart and its median duration at the size of this job."""

    name: str
    median_s: float


@dataclass(frozen=True, slots=True)
class DiagnosisPlan:
    """Chances that the wrong node or none is taken out, and how long a broken one goes on."""

    missed: float = 0.0
    false_blame: float = 0.0
    relapse: Law = AT_ONCE


@dataclass(frozen=True, slots=True)
class OnCallPlan:
    """Working hours, and how long a person takes outside of them."""

    begins_s: float
    ends_s: float
    """Since midnight [s]."""
    weekends: bool
    off_hours: Law
    start_s: float
    """Start of the run since the midnight before a Monday [s]."""


@dataclass(frozen=True, slots=True)
class InJobPlan:
    """A restart inside the job that is there."""

    skips: tuple[str, ...]
    """Parts that it does without."""
    succeeds: float


@dataclass(frozen=True, slots=True)
class ElasticPlan:
    """Going on with fewer replicas."""

    slowdowns: tuple[tuple[float, ...], ...]
    """Factor on the step time without one, two ... nodes, as many as the job can do without, in each phase."""
    regrows_at_once: bool


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """Detection and restart."""

    crash: Law
    hang_timeout_s: float
    corruption: Law
    restart_parts: tuple[RestartPart, ...]
    restart_sigma: float
    manual_fraction: float
    manual_delay: Law
    loss_spike: Law = AT_ONCE
    diagnosis: DiagnosisPlan = DiagnosisPlan()
    on_call: OnCallPlan | None = None
    in_job: InJobPlan | None = None
    queue: Law = AT_ONCE
    elastic: ElasticPlan | None = None
    swap_slow_after_s: float | None = None
    suspect_after: int | None = None
    """Failures of one node after which it is replaced though a restart would cure it."""

    def parts(self, *, in_job: bool = False) -> tuple[RestartPart, ...]:
        """Parts of a full restart, or of one inside the job."""
        skips = self.in_job.skips if in_job and self.in_job else ()
        return tuple(part for part in self.restart_parts if part.name not in skips)

    def restart_s(self, *, in_job: bool = False, load_s: float = -1.0) -> float:
        """Median of the whole restart [s], with a time of its own to load the checkpoint if that is not negative."""
        parts = self.parts(in_job=in_job)
        return sum(load_s if part.name == LOAD and load_s >= 0.0 else part.median_s for part in parts)

    @property
    def load_s(self) -> float:
        """Usual median time to load the checkpoint [s]."""
        return next((part.median_s for part in self.restart_parts if part.name == LOAD), 0.0)


@dataclass(frozen=True, slots=True)
class PartsPlan:
    """Spare parts: how many there are, and how long one takes to come."""

    stock: int
    lead_time: Law


@dataclass(frozen=True, slots=True)
class RetirementPlan:
    """Nodes that are replaced instead of mended."""

    share: float
    """Share of the visits of one node."""
    after_repairs: int | None
    lead_time: Law


@dataclass(frozen=True, slots=True)
class PlacementPlan:
    """Spares that stand elsewhere than the nodes that they replace."""

    slowdowns: tuple[tuple[float, ...], ...]
    """Factor on the step time with one, two ... of them in the job, up to all, in each phase."""
    swaps_back: bool
    """Whether nodes that are back take their places again when the job next stops."""


@dataclass(frozen=True, slots=True)
class SparesPlan:
    """Standby nodes and the repair shop."""

    hot: int
    warm: int
    cold: int
    warm_swap: Law
    cold_swap: Law
    repair: Law
    repair_hands: int
    failed_repairs: float = 0.0
    """Share of repairs after which the node is still broken."""
    parts: PartsPlan | None = None
    retirement: RetirementPlan | None = None
    placement: PlacementPlan | None = None
    """None where it makes no difference."""

    @property
    def total(self) -> int:
        """Spare nodes of every kind."""
        return self.hot + self.warm + self.cold
