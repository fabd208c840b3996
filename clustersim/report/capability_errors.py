"""Errors of predicted benchmark scores, for a terminal or a pipe and as JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from clustersim.calibration.learning.capability.errors import TaskErrors
from clustersim.calibration.learning.capability.predict import PredictedScore, scored
from clustersim.report._plain import Plain

if TYPE_CHECKING:
    from rich.console import Console

WORST_ROWS = 5


def print_capability_errors(
    errors: Sequence[TaskErrors], predictions: Sequence[PredictedScore], console: "Console"
) -> None:
    """Print errors by benchmark as plain text.

    Parameters
    ----------
    errors : sequence of TaskErrors
        Errors by benchmark; empty where nothing was measured.
    predictions : sequence of PredictedScore
        Every row of the table.
    console : rich.console.Console
        Where; letters its encoding lacks are replaced.
    """
    plain = Plain.of(console)
    for line in _lines(errors, predictions):
        console.print(plain.text(line), soft_wrap=True)


def _lines(errors: Sequence[TaskErrors], predictions: Sequence[PredictedScore]) -> Iterator[str]:
    predicted = sum(item.middle is not None for item in predictions)
    measured = scored(predictions)
    yield f"{predicted:,} of {len(predictions):,} rows predicted, {len(measured):,} of them with a measured score."
    reasons = _reasons(predictions)
    if reasons:
        yield ""
        yield f"Without prediction: {len(predictions) - predicted:,} rows"
        yield from (f"{rows:6,}  {reason}" for reason, rows in reasons)
    if not errors:
        return
    yield ""
    yield "Error = predicted - measured score, in points. Coverage is the share inside the 90 % interval."
    width = max(len(item.task) for item in errors)
    yield f"{'':{width}}  {'rows':>6}  {'rmse':>6}  {'bias':>6}  {'coverage':>8}  {'width':>6}"
    for item in errors:
        points = f"{100 * item.rmse:6.1f}  {100 * item.bias:+6.1f}  {item.coverage:8.1%}  {100 * item.width:6.1f}"
        yield f"{item.task:{width}}  {item.rows:6,}  {points}"
    yield ""
    yield "Worst rows"
    for worst in sorted(measured, key=_size, reverse=True)[:WORST_ROWS]:
        numbers = f"{100 * (worst.middle or 0.0):.1f} for {100 * (worst.measured or 0.0):.1f}"
        what = f"{worst.row.text('task')} of {worst.row.text('model')}, {numbers}"
        yield f"{100 * _error(worst):+8.1f}  line {worst.row.line}: {what}"


def _error(item: PredictedScore) -> float:
    return (item.middle or 0.0) - (item.measured or 0.0)


def _size(item: PredictedScore) -> float:
    return abs(_error(item))


def _reasons(predictions: Sequence[PredictedScore]) -> list[tuple[str, int]]:
    found = Counter(item.reason for item in predictions if item.middle is None)
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))


def capability_errors_json(
    errors: Sequence[TaskErrors], predictions: Sequence[PredictedScore], **about: Any
) -> dict[str, Any]:
    """Errors and predictions as a tree for JSON; ``about`` says more beside them."""
    return {
        **about,
        "rows": len(predictions),
        "predicted": sum(item.middle is not None for item in predictions),
        "with_measured_score": len(scored(predictions)),
        "reasons": [{"reason": reason, "rows": rows} for reason, rows in _reasons(predictions)],
        "errors": [item.as_dict() for item in errors],
        "predictions": [_prediction(item) for item in predictions],
    }


def _prediction(item: PredictedScore) -> dict[str, Any]:
    return {
        "line": item.row.line,
        "task": item.row.text("task"),
        "model": item.row.text("model"),
        "predicted_score": item.middle,
        "low_90": item.low,
        "high_90": item.high,
        "measured_score": item.measured,
        "reason": item.reason,
    }
