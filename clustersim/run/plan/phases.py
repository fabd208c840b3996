"""Stretches of the job with one step time."""

from collections.abc import Iterable
from dataclasses import dataclass


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


def ideal_s(phases: Iterable[PhasePlan]) -> float:
    """Wall time of the phases if nothing ever stopped the job [s]."""
    return sum(phase.steps * phase.step_time_s for phase in phases)
