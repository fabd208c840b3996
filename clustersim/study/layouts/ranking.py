"""The fastest layout of each shape, and the step time that another must beat to be ranked."""

import heapq
import math
from dataclasses import dataclass, field

from clustersim.study.layouts.candidate import Candidate
from clustersim.study.layouts.space import Shape


@dataclass(slots=True)
class Ranking:
    """Keeps every prediction, and the best of each shape."""

    top: int
    predicted: list[Candidate] = field(default_factory=list)
    limit_s: float = math.inf
    _best: dict[Shape, Candidate] = field(default_factory=dict)

    def add(self, shape: Shape, candidate: Candidate) -> None:
        """Take in a prediction."""
        self.predicted.append(candidate)
        best = self._best.get(shape)
        if best is None or candidate.order < best.order:
            self._best[shape] = candidate
            self.limit_s = self._last_ranked_s()

    def cannot_improve(self, shape: Shape, floor_s: float) -> bool:
        """Whether a layout of this shape that takes `floor_s` or longer changes nothing in the ranking."""
        return floor_s > self.beaten_s(shape)

    def beaten_s(self, shape: Shape) -> float:
        """Step time that a layout of this shape must not exceed to change the ranking [s]."""
        best = self._best.get(shape)
        return self.limit_s if best is None else min(self.limit_s, best.step.mean_s)

    def ranked(self) -> tuple[Candidate, ...]:
        """The fastest layout of each of the fastest shapes, fastest first."""
        return tuple(heapq.nsmallest(self.top, self._best.values(), key=lambda candidate: candidate.order))

    def _last_ranked_s(self) -> float:
        """Step time of the last ranked layout [s]; infinite while there is room."""
        if len(self._best) < self.top:
            return math.inf
        return heapq.nsmallest(self.top, (best.step.mean_s for best in self._best.values()))[-1]
