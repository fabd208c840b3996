"""What is planned."""

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
