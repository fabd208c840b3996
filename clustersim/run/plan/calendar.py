"""What is planned."""

import math
from dataclasses import dataclass

from clustersim.run.laws import Law


@dataclass(frozen=True, slots=True)
class DiurnalPlan:
    """Throughput that falls in the heat of the day."""

    swing: float
    """Share of the throughput that is lost in the hottest hour."""
    start_s: float
    """Start of the run, since midnight [s]."""


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """A planned stop that recurs, by the calendar or at random."""

    name: str
    mean_interval_s: float
    duration: Law
    periodic: bool
    first_s: float = 0.0

    def expected(self, until_s: float) -> float:
        """How often it falls due by then."""
        return until_s / self.mean_interval_s


@dataclass(frozen=True, slots=True)
class DatedPlan:
    """Planned stops on dates."""

    name: str
    dates_s: tuple[float, ...]
    """In time order, since the start of the run [s]."""
    duration: Law

    def expected(self, until_s: float) -> float:
        """How many fall due by then."""
        return float(sum(date_s < until_s for date_s in self.dates_s))


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """Work on every node, some at a time."""

    name: str
    start_s: float
    nodes_at_a_time: int
    duration: Law
    """How long a batch is out of service."""
    pause_s: float = 0.0
    """From the return of a batch to the next."""
    at_once: bool = True
    """Whether the job stops for each batch of its nodes; else they wait until it stops anyway."""

    def expected(self, job_nodes: int, until_s: float) -> float:
        """How many batches of the job's nodes there are, if it is under way by then and spares never lack."""
        return float(math.ceil(job_nodes / self.nodes_at_a_time)) if self.start_s < until_s else 0.0


@dataclass(frozen=True, slots=True)
class PreemptionPlan:
    """Other jobs that take nodes."""

    name: str
    mean_interval_s: float
    """Until one comes, when none of its kind is there."""
    nodes: int | None
    """All of the job and its spares when None."""
    lasts: Law
    grace_s: float = 0.0

    def expected(self, spares: int, until_s: float) -> float | None:
        """How many stop the job by then, if each of them does; where spares may be enough for it nobody can tell."""
        stops = self.nodes is None or self.nodes > spares
        return until_s / (self.mean_interval_s + self.lasts.mean_s) if stops else None
