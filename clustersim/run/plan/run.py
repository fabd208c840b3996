"""The whole plan of a run."""

from dataclasses import dataclass

from clustersim.run.failures.ageing import NO_AGEING, AgeingPlan
from clustersim.run.plan.calendar import DatedPlan, DiurnalPlan, MaintenancePlan, PreemptionPlan, RolloutPlan
from clustersim.run.plan.checkpoints import CheckpointPlan
from clustersim.run.plan.failures import CategoryPlan, IncidentPlan, LemonsPlan
from clustersim.run.plan.phases import PhasePlan, ideal_s
from clustersim.run.plan.recovery import RecoveryPlan, SparesPlan


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

    @property
    def gpus(self) -> int:
        """GPUs of the job."""
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
        """Wall time if nothing ever stopped the job [s]."""
        return ideal_s(self.phases)
