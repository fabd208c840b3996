"""Predicts the score of every row of a table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clustersim._numerals import short
from clustersim.calibration.learning.capability.fit import NoLawError, fit_capability
from clustersim.calibration.learning.capability.rows import (
    THRESHOLDS,
    ScoreRow,
    ScoreTable,
    compute_alone,
    scores_by_task,
    trained,
)
from clustersim.calibration.learning.capability.titles import title_of
from clustersim.learning.capability.catalogued import capability_law, capability_tasks
from clustersim.learning.capability.forecast import in_family, score_interval
from clustersim.learning.capability.law import (
    MOST_TOKENS_PER_PARAMETER,
    REFERENCE_TOKENS_PER_PARAMETER,
    CapabilityLaw,
    Trained,
)

OnProgress = Callable[[int, int], None]
FAR_DECADES = 0.05
"""Compute beyond the fitted models that is worth a word [decades]."""


@dataclass(frozen=True, slots=True)
class PredictedScore:
    """A row, and what it is predicted to score.

    Attributes
    ----------
    row : ScoreRow
        The row as it came.
    low, middle, high : float or None
        The 5 %, 50 % and 95 % quantiles of the score [fraction]; None without a prediction.
    reason : str
        Why there is no prediction; or what was assumed, and how far it reaches.
    known, fitted : bool
        Whether the family's other models gave its offset, and whether the row's own model stands in the fit.
    """

    row: ScoreRow
    low: float | None
    middle: float | None
    high: float | None
    reason: str
    known: bool = False
    fitted: bool = False

    @property
    def measured(self) -> float | None:
        """Measured score [fraction]; None where the row says none that can be read."""
        try:
            return self.row.score
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, eq=False)
class Laws:
    """The laws to predict with, and why other benchmarks have none."""

    laws: Mapping[str, CapabilityLaw]
    without: Mapping[str, str]


def shipped_laws() -> Laws:
    """The laws of the catalogue."""
    return Laws({task: capability_law(task) for task in capability_tasks()}, {})


def fitted_laws(table: ScoreTable, on_progress: OnProgress | None = None) -> Laws:
    """Fit a law to every benchmark of a table.

    Raises
    ------
    TableError
        If a cell of the table cannot be read.
    """
    laws: dict[str, CapabilityLaw] = {}
    without: dict[str, str] = {}
    found = scores_by_task(table)
    for number, (task, scores) in enumerate(found.items(), start=1):
        try:
            laws[task] = fit_capability(task, title_of(task), scores, str(table.path), score_baselines=False)
        except NoLawError as problem:
            without[task] = str(problem)
        if on_progress is not None:
            on_progress(number, len(found))
    return Laws(laws, without)


def predict_scores(table: ScoreTable, laws: Laws) -> list[PredictedScore]:
    """Predict every row of a table, in its order."""
    return [_predict(row, laws) for row in table.rows]


def _predict(row: ScoreRow, laws: Laws) -> PredictedScore:
    task = row.text("task")
    law = laws.laws.get(task)
    if row.damage or row.text("metric") in THRESHOLDS or law is None:
        return PredictedScore(row, None, None, None, row.damage or _no_law(row, task, laws))
    try:
        model, assumed = _model(row)
    except ValueError as problem:
        return PredictedScore(row, None, None, None, str(problem))
    if model is None:
        return PredictedScore(row, None, None, None, "no training compute: neither train_flops nor params and tokens")
    name, family = row.text("model"), row.family
    fitted = in_family(law, family, name)
    low, middle, high = score_interval(law, model, family, name)
    others = _others(law, family, name)
    words = [*assumed, _of_family(family, others), *_own(fitted), *_reach(law, model), *_unread(row)]
    return PredictedScore(row, low, middle, high, "; ".join(words), bool(others), fitted)


def _unread(row: ScoreRow) -> list[str]:
    """Why the measured score of a row is held against nothing, where it has one."""
    try:
        row.number("score", 0.0, 1.0)
    except ValueError as problem:
        return [f"{problem}: not compared"]
    return []


def _no_law(row: ScoreRow, task: str, laws: Laws) -> str:
    if row.text("metric") in THRESHOLDS:
        return f"metric {row.text('metric')} states where an ability begins, not what a model scores"
    if task in laws.without:
        return f"no law for task '{task}': {laws.without[task]}"
    known = ", ".join(sorted(laws.laws)) or "none"
    return f"unknown task '{task}'; the fit knows {known}" if task else "no task"


def _model(row: ScoreRow) -> tuple[Trained | None, list[str]]:
    model = trained(row)
    if model is not None:
        return model, [] if model.flops is not None else ["compute 6 x params x tokens"]
    alone = compute_alone(row, REFERENCE_TOKENS_PER_PARAMETER)
    return alone, [f"tokens per parameter unknown, taken as {REFERENCE_TOKENS_PER_PARAMETER:.0f}"]


def _others(law: CapabilityLaw, family: str, model: str) -> int:
    known = law.families.get(family)
    return sum(member.model != model for member in known.members) if known else 0


def _of_family(family: str, others: int) -> str:
    if not others:
        return f"no other model of the family {family or '(none)'} in the fit: taken as new"
    return f"family's offset from {others} other model{'s' if others > 1 else ''} of the fit"


def _own(fitted: bool) -> list[str]:
    return ["this model is in the fit: its score and the draws that saw its family are left out"] if fitted else []


def _reach(law: CapabilityLaw, model: Trained) -> Iterator[str]:
    beyond = law.decades_beyond(model.compute)
    if beyond > FAR_DECADES:
        yield f"{beyond:.1f} decades of compute beyond the largest fitted model ({law.max_flops:.2g} FLOP)"
    if model.compute < law.min_flops:
        yield f"compute below the smallest fitted model ({law.min_flops:.2g} FLOP)"
    ratio = model.tokens / model.parameters
    if ratio > MOST_TOKENS_PER_PARAMETER:
        most = MOST_TOKENS_PER_PARAMETER
        yield f"{short(ratio)} tokens per parameter, of which {most:,.0f} count: check params and tokens"


def scored(predictions: Sequence[PredictedScore]) -> list[PredictedScore]:
    """Keep the predictions whose row has a measured score."""
    return [item for item in predictions if item.middle is not None and item.measured is not None]
