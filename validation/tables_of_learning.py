"""Tables of ``validation/learning.md``: losses, schedules, benchmark scores and corpora against what was published."""

from clustersim.calibration.cases import Case
from clustersim.learning.capability.catalogued import capability_law, capability_tasks
from clustersim.report.numbers import TOKENS, write
from clustersim.study.scoreboard.published.learned import CORPORA, SCHEDULE_ERRORS, SCHEDULES
from clustersim.study.scoreboard.published.loss import LOSS
from clustersim.study.scoreboard.statistics import coverage
from validation.learned import cases
from validation.markdown import markdown, share, signed


def final_losses_table() -> str:
    """Final losses of runs larger than any that was fitted."""
    return markdown(
        ("run and corpus", "published", "forecast", "90 % interval", "error"),
        [
            (
                case.name,
                f"{case.expected:.3f}",
                f"{case.found:.3f}",
                f"{case.low:.3f}-{case.high:.3f}",
                signed(case.error or 0.0),
            )
            for case in cases()[LOSS]
        ],
    )


def schedules_table() -> str:
    """Curves under schedules that were not fitted."""
    rows = []
    for mean in cases()[SCHEDULE_ERRORS]:
        points = [case for case in cases()[SCHEDULES] if case.name.startswith(f"{mean.name}, ")]
        worst = max(points, key=_distance)
        rows.append(
            (
                mean.name,
                f"{len(points)}",
                f"{mean.found:.4f}",
                f"{_distance(worst):.4f} at {worst.name.rpartition(', ')[2]}",
                share(coverage(points)),
            )
        )
    return markdown(("model and schedule", "points", "mean error, nats", "worst", "inside 90 %"), rows)


def _distance(case: Case) -> float:
    return abs((case.found or 0.0) - (case.expected or 0.0))


def scores_table() -> str:
    """How far each law misses families that it was not fitted to, beside a logistic and a step."""
    rows = []
    for task in capability_tasks():
        law = capability_law(task)
        found = law.held_out
        rows.append(
            (
                law.title,
                *(f"{100.0 * value:.1f}" for value in (found.rmse, found.logistic_rmse, found.step_rmse)),
                share(found.coverage),
                f"{100.0 * found.above_rmse:.0f} ({100.0 * found.above_bias:+.0f})",
            )
        )
    return markdown(("benchmark", "law", "logistic", "step", "inside 90 %", "upper half from the lower (bias)"), rows)


def corpora_table() -> str:
    """Sizes of published corpora against the chained yields of their stages."""
    return markdown(
        ("corpus", "published", "chained", "error"),
        [
            (
                case.name.partition(",")[0],
                write(case.expected, TOKENS, bare=True),
                write(case.found, TOKENS, bare=True),
                signed(case.error or 0.0),
            )
            for case in cases()[CORPORA]
        ],
    )
