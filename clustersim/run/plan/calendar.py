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
