"""Cases of what runs learned, as the scoreboard reads them."""

from functools import lru_cache

from clustersim.calibration.cases import Case
from clustersim.learning.quantiles import NORMAL_90
from clustersim.study.scoreboard.published.learned import corpus_cases, schedule_cases, score_cases
from clustersim.study.scoreboard.published.loss import loss_cases
from validation.predicted import HERE

PUBLISHED = HERE / "published"


@lru_cache(maxsize=1)
def cases() -> dict[str, list[Case]]:
    """All of them, by group."""
    found: dict[str, list[Case]] = {}
    for case in (
        *loss_cases(PUBLISHED / "olmo_ladder_losses.csv"),
        *schedule_cases(PUBLISHED / "schedule_curves.csv"),
        *score_cases(PUBLISHED / "capability.csv"),
        *corpus_cases(PUBLISHED / "corpora.csv"),
    ):
        found.setdefault(case.group, []).append(case)
    return found


def deviations(group: str) -> list[float]:
    """How far each expected value lies from its forecast, in standard deviations of a normal with that 90 % interval.

    Above the forecast the upper half of the interval counts, below it the lower.
    """
    found = []
    for case in cases()[group]:
        if case.expected is None or case.found is None or case.low is None or case.high is None:
            continue
        half = case.high - case.found if case.expected > case.found else case.found - case.low
        error = case.expected - case.found
        found.append(NORMAL_90 * error / half if half > 0.0 else 0.0 if error == 0.0 else float("inf"))
    return found
