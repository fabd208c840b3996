"""From a failure back to training."""

from dataclasses import dataclass

from clustersim.run.laws import AT_ONCE, Law


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
    loss_spike: Law = AT_ONCE

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
