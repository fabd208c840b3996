"""What is planned."""

from dataclasses import dataclass

from clustersim.run.laws import Law


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """A planned stop that recurs, by the calendar or at random."""

    name: str
    mean_interval_s: float
    duration: Law
    periodic: bool
    first_s: float = 0.0
