"""What a band looks at: one number of a set of cases."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from clustersim.calibration.cases import Case
from clustersim.calibration.errors_by import errors_of

Side = Literal["most", "least"]


@dataclass(frozen=True, slots=True)
class Statistic:
    """One number of a set of cases.

    Attributes
    ----------
    words : str
        What it is, for a sentence.
    side : {"most", "least"}
        Whether a limit is the most or the least that it may be.
    share : bool
        Whether it is a fraction, shown in per cent; else a count.
    of : callable
        Works it out; NaN where no case has what it needs.
    """

    words: str
    side: Side
    share: bool
    of: Callable[[Sequence[Case]], float]

    def holds(self, found: float, limit: float) -> bool:
        """Whether a number keeps a limit; not a number keeps none."""
        return found <= limit if self.side == "most" else found >= limit


def relative_errors(cases: Sequence[Case]) -> list[float]:
    """Relative errors of the cases that have one."""
    return [case.error for case in cases if case.error is not None]


def coverage(cases: Sequence[Case]) -> float:
    """Share of the 90 % intervals that hold what was expected; NaN without any."""
    held = [_held(case) for case in cases if case.has_interval]
    return statistics.fmean(held) if held else math.nan


def _held(case: Case) -> bool:
    if case.low is None or case.high is None or case.expected is None:
        return False
    return case.low <= case.expected <= case.high


def _median(cases: Sequence[Case]) -> float:
    return errors_of("", relative_errors(cases)).median


def _ninth_decile(cases: Sequence[Case]) -> float:
    return errors_of("", relative_errors(cases)).p90


def _worst(cases: Sequence[Case]) -> float:
    return max(map(abs, relative_errors(cases)), default=math.nan)


def _worst_source(cases: Sequence[Case]) -> float:
    sources = {case.source for case in cases}
    medians = [_median([case for case in cases if case.source == source]) for source in sources]
    return max((median for median in medians if not math.isnan(median)), default=math.nan)


def _outside(cases: Sequence[Case]) -> float:
    judged = [case for case in cases if case.inside is not None]
    return float(sum(not case.inside for case in judged)) if judged else math.nan


def _not_predicted(cases: Sequence[Case]) -> float:
    return float(sum(case.found is None for case in cases)) if cases else math.nan


STATISTICS: dict[str, Statistic] = {
    "median error": Statistic("median error", "most", True, _median),
    "p90 error": Statistic("90th percentile of the error", "most", True, _ninth_decile),
    "worst error": Statistic("largest error", "most", True, _worst),
    "worst source": Statistic("median error of the worst source", "most", True, _worst_source),
    "coverage at least": Statistic("share inside the 90 % interval", "least", True, coverage),
    "coverage at most": Statistic("share inside the 90 % interval", "most", True, coverage),
    "cases outside": Statistic("cases outside", "most", False, _outside),
    "not predicted": Statistic("rows without a prediction", "most", False, _not_predicted),
}
"""Statistics by the name that a table of bands gives them."""
