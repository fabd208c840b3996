"""Stretches of the job with one step time."""

import math
from collections.abc import Sequence
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
    nodes: int | None = None
    """Nodes that it takes; all of the job's when None."""

    @property
    def tokens(self) -> float:
        """Tokens of the phase."""
        return self.steps * self.tokens_per_step


@dataclass(frozen=True, slots=True)
class ResizePlan:
    """A change of the size of the job: from a moment on its phases are others, of the same steps."""

    at_s: float
    phases: tuple[PhasePlan, ...]


def ideal_s(phases: Sequence[PhasePlan], resizes: Sequence[ResizePlan] = ()) -> float:
    """Wall time of the phases if nothing but changes of the size of the job ever stopped it, and those at no cost [s].

    Examples
    --------
    Ten steps of 10 s; after 50 s the other half takes twice as long.

    >>> slower = ResizePlan(50.0, (PhasePlan("all", 10, 1.0, 20.0),))
    >>> ideal_s([PhasePlan("all", 10, 1.0, 10.0)], [slower])
    150.0
    """
    now_s, resized = 0.0, 0
    courses, dates_s = [phases, *(resize.phases for resize in resizes)], [*(r.at_s for r in resizes), math.inf]
    for number, phase in enumerate(phases):
        left = float(phase.steps)
        while left > 0.0:
            step_time_s = courses[resized][number].step_time_s
            done = min(left, (dates_s[resized] - now_s) / step_time_s)
            now_s, left = now_s + done * step_time_s, left - done
            resized += left > 0.0
    return now_s
