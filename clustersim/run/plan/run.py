"""The whole plan of a run."""

from dataclasses import dataclass, replace

from clustersim.run.failures.ageing import NO_AGEING, AgeingPlan
from clustersim.run.plan.calendar import DatedPlan, DiurnalPlan, MaintenancePlan, PreemptionPlan, RolloutPlan
from clustersim.run.plan.checkpoints import CheckpointPlan
from clustersim.run.plan.failures import CategoryPlan, IncidentPlan, LemonsPlan
from clustersim.run.plan.loading import LoadingPlan
from clustersim.run.plan.phases import PhasePlan, ResizePlan, ideal_s
from clustersim.run.plan.recovery import RecoveryPlan, RestartPart, SparesPlan


@dataclass(frozen=True, slots=True)
class SizePlan:
    """What else is different while the job has fewer nodes than at its largest."""

    nodes: int
    restart_parts: tuple[RestartPart, ...]
    interval_s: float
    """Between two checkpoints [s]."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Everything the engine needs to know."""

    name: str
    job_nodes: int
    """Most nodes that the job has at a time."""
    gpus_per_node: int
    phases: tuple[PhasePlan, ...]
    categories: tuple[CategoryPlan, ...]
    checkpoint: CheckpointPlan
    recovery: RecoveryPlan
    spares: SparesPlan
    maintenance: tuple[MaintenancePlan | DatedPlan, ...] = ()
    fleet_age_s: float = 0.0
    deadline_s: float | None = None
    parameter_uncertainty: bool = False
    incidents: tuple[IncidentPlan, ...] = ()
    """In time order."""
    ageing: AgeingPlan = NO_AGEING
    lemons: LemonsPlan | None = None
    diurnal: DiurnalPlan | None = None
    rollouts: tuple[RolloutPlan, ...] = ()
    preemptions: tuple[PreemptionPlan, ...] = ()
    neighbour_nodes: int = 0
    """Nodes of other jobs that share the spares and the repair shop."""
    sizes: tuple[SizePlan, ...] = ()
    """One for each smaller number of nodes that it has at times."""
    resizes: tuple[ResizePlan, ...] = ()
    """In time order."""
    loading: LoadingPlan | None = None

    @property
    def courses(self) -> tuple[tuple[PhasePlan, ...], ...]:
        """The phases as they are at first, and as they are after each change of the size of the job."""
        return (self.phases, *(resize.phases for resize in self.resizes))

    @property
    def numbers_of_nodes(self) -> frozenset[int]:
        """Nodes that the job has in any of these."""
        return frozenset(phase.nodes or self.job_nodes for course in self.courses for phase in course)

    def recovery_with(self, nodes: int) -> RecoveryPlan:
        """Recovery of a job of so many nodes."""
        size = next((size for size in self.sizes if size.nodes == nodes), None)
        return replace(self.recovery, restart_parts=size.restart_parts) if size else self.recovery

    def checkpoint_with(self, nodes: int) -> CheckpointPlan:
        """Checkpoints of a job of so many nodes."""
        size = next((size for size in self.sizes if size.nodes == nodes), None)
        return replace(self.checkpoint, interval_s=size.interval_s) if size else self.checkpoint

    @property
    def gpus(self) -> int:
        """GPUs of the job at its largest."""
        return self.job_nodes * self.gpus_per_node

    @property
    def nodes(self) -> int:
        """Nodes of the job and its spares: those whose failures matter."""
        return self.job_nodes + self.spares.total

    @property
    def calendar(self) -> tuple[MaintenancePlan | DatedPlan | RolloutPlan | PreemptionPlan, ...]:
        """What others plan, in the order of its codes, which follow those of the failure categories."""
        return (*self.maintenance, *self.rollouts, *self.preemptions)

    @property
    def lends(self) -> bool:
        """Whether good nodes may be out of service."""
        return bool(self.rollouts or self.preemptions)

    def expected_stops(self, until_s: float) -> dict[str, float]:
        """How often each planned stop, and each batch of a roll-out that stops the job, falls due by then."""
        rollouts = {r.name: r.expected(self.job_nodes, until_s) for r in self.rollouts if r.at_once}
        return {m.name: m.expected(until_s) for m in self.maintenance} | rollouts

    @property
    def ideal_s(self) -> float:
        """Wall time if nothing ever stopped the job, but for changes of its size, which cost nothing [s]."""
        return ideal_s(self.phases, self.resizes)
