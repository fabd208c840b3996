"""What the engine runs: plain numbers in SI units, small enough to send to a worker process."""

from dataclasses import dataclass, replace
from typing import Literal

from clustersim.run.laws import Law

Effect = Literal["crash", "hang", "corrupt", "slow", "write_failure", "checkpoint_loss"]


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """A stretch of the job with one step time."""

    name: str
    steps: int
    tokens_per_step: float
    step_time_s: float
    step_sigma: float = 0.0
    restart_before: bool = False
    """The layout differs from the phase before, so that the job restarts between them."""
    main: bool = True

    @property
    def tokens(self) -> float:
        """Tokens of the phase."""
        return self.steps * self.tokens_per_step


@dataclass(frozen=True, slots=True)
class CategoryPlan:
    """One kind of failure.

    ``units`` clocks exist, each with mean time to failure ``1 / rate_per_unit_s``; unit ``u`` belongs to the nodes
    ``u // units_per_domain * domain_nodes`` onwards. ``blast_nodes`` of 0 takes down the job and no node; fewer than
    ``domain_nodes`` are taken down at a place in the domain that chance decides.
    """

    name: str
    component: str
    units: int
    rate_per_unit_s: float
    units_per_domain: int = 1
    domain_nodes: int = 1
    blast_nodes: int = 1
    effect: Effect = "crash"
    hang_fraction: float = 0.0
    evict: float = 1.0
    shape: float = 1.0
    published_count: int | None = None
    slowdown: float = 1.0
    """Factor on the time of a step while it lasts; of the effect ``slow`` alone."""
    lasts: Law | None = None
    """How long it lasts; of the effects ``slow`` and ``write_failure`` alone."""
    detection: Law | None = None
    """Time to its detection; that of the plan when None."""

    @property
    def stops_job(self) -> bool:
        """Whether the job has to recover from it, sooner or later; it goes on through the others."""
        return self.effect in ("crash", "hang", "corrupt")

    @property
    def rate_s(self) -> float:
        """Failures per second of all units together, in the long run."""
        return self.units * self.rate_per_unit_s

    def units_on(self, nodes: int) -> int:
        """Units on the first so many nodes, those that they share with later nodes included."""
        if not self.blast_nodes:
            return self.units
        return min(self.units, -(-nodes // self.domain_nodes) * self.units_per_domain)

    def unit_of(self, node: int) -> tuple[int, float]:
        """Unit whose failure takes this node down, and the place in its domain."""
        domain, offset = divmod(node, self.domain_nodes)
        return domain * self.units_per_domain, (offset + 0.5) / self.domain_nodes

    def rate_on_s(self, nodes: int) -> float:
        """Failures per second that strike any of the first so many nodes, in the long run."""
        if 0 < self.blast_nodes < self.domain_nodes:
            return self.rate_per_unit_s * self.units_per_domain * nodes / self.domain_nodes
        return self.rate_per_unit_s * self.units_on(nodes)


@dataclass(frozen=True, slots=True)
class CheckpointPlan:
    """Periodic checkpoints: training stalls, and some time after the stall the checkpoint is durable."""

    interval_s: float
    stall_s: float
    write_s: float
    """From the end of the stall until the checkpoint can be restored from; 0 when blocking."""
    size_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class RestartPart:
    """One part of a restart and its median duration at the size of this job."""

    name: str
    median_s: float


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

    @property
    def restart_median_s(self) -> float:
        """Median of the whole restart [s]."""
        return sum(part.median_s for part in self.restart_parts)


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

    @property
    def total(self) -> int:
        """Spare nodes of every kind."""
        return self.hot + self.warm + self.cold


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """A planned stop that recurs, by the calendar or at random."""

    name: str
    mean_interval_s: float
    duration: Law
    periodic: bool
    first_s: float = 0.0


@dataclass(frozen=True, slots=True)
class IncidentPlan:
    """A recorded incident: it strikes in every replication, at the same moment and the first node of the job."""

    at_s: float
    category: int
    """Row of the plan's ``categories``."""
    lasts_s: float | None = None
    detection_s: float | None = None
    """Its own, in place of the law of its category."""

    def of(self, category: CategoryPlan) -> CategoryPlan:
        """The category as this incident is one of it."""
        lasts = category.lasts if self.lasts_s is None else Law("constant", self.lasts_s)
        detection = category.detection if self.detection_s is None else Law("constant", self.detection_s)
        return replace(category, lasts=lasts, detection=detection)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Everything the engine needs to know."""

    name: str
    job_nodes: int
    gpus_per_node: int
    phases: tuple[PhasePlan, ...]
    categories: tuple[CategoryPlan, ...]
    checkpoint: CheckpointPlan
    recovery: RecoveryPlan
    spares: SparesPlan
    maintenance: tuple[MaintenancePlan, ...] = ()
    fleet_age_s: float = 0.0
    deadline_s: float | None = None
    parameter_uncertainty: bool = False
    incidents: tuple[IncidentPlan, ...] = ()
    """In time order."""

    @property
    def gpus(self) -> int:
        """GPUs of the job."""
        return self.job_nodes * self.gpus_per_node

    @property
    def nodes(self) -> int:
        """Nodes of the job and its spares: those whose failures matter."""
        return self.job_nodes + self.spares.total

    @property
    def ideal_s(self) -> float:
        """Wall time if nothing ever stopped the job [s]."""
        return sum(phase.steps * phase.step_time_s for phase in self.phases)
