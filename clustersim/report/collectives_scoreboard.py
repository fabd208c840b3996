"""The scoreboard of measured collectives, for a terminal or a pipe and as JSON."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clustersim.calibration.collectives import CollectiveScore, CollectiveScores, PredictedCollective
from clustersim.report._plain import Plain
from clustersim.report.error_table import ErrorLine, error_table

if TYPE_CHECKING:
    from rich.console import Console


def print_collectives(scores: CollectiveScores, predictions: Sequence[PredictedCollective], console: "Console") -> None:
    """Print errors of collectives as plain text.

    Parameters
    ----------
    scores : CollectiveScores
        Errors by class.
    predictions : sequence of PredictedCollective
        Every line of the table.
    console : rich.console.Console
        Where; letters its encoding lacks are replaced.
    """
    plain = Plain.of(console)
    for line in _lines(scores, predictions):
        console.print(plain.text(line), soft_wrap=True)


def _lines(scores: CollectiveScores, predictions: Sequence[PredictedCollective]) -> Iterator[str]:
    from clustersim.calibration.collectives import worst_collectives

    predicted = sum(item.time_s is not None for item in predictions)
    yield f"{predicted:,} of {len(predictions):,} rows predicted, {scores.overall.rows:,} of them with a measured time."
    if scores.unpredicted:
        yield ""
        yield f"Without prediction: {sum(scores.unpredicted.values()):,} rows"
        for reason, rows in sorted(scores.unpredicted.items(), key=lambda pair: (-pair[1], pair[0])):
            yield f"{rows:6,}  {reason}"
    if not scores.overall.rows:
        return
    yield ""
    yield "Error = predicted / measured time - 1. Median and p90 are of its size; bias is its median."
    yield from error_table("All", _error_lines({"all rows": scores.overall}))
    yield from error_table("From 1 MiB on, by split", _error_lines(scores.large))
    yield from error_table("By collective", _error_lines(scores.by_collective))
    yield from error_table("By size", _error_lines(scores.by_size))
    yield from error_table("By source", _error_lines(scores.by_source))
    yield ""
    yield "Worst rows"
    for item in worst_collectives(predictions):
        row = item.row
        times = f"{(item.time_s or 0.0) * 1e6:.4g} us for {(row.time_s or 0.0) * 1e6:.4g} us"
        what = f"{row.collective} of {row.size_bytes or 0.0:,.0f} bytes over {row.ranks} GPUs, {times}"
        yield f"{item.relative_error or 0.0:>+9.1%}  line {row.line}: {what}"


def _error_lines(groups: Mapping[str, CollectiveScore]) -> list[ErrorLine]:
    return [ErrorLine(name, item.rows, item.median, item.p90, item.bias) for name, item in groups.items() if item.rows]


def collectives_json(
    scores: CollectiveScores, predictions: Sequence[PredictedCollective], **about: Any
) -> dict[str, Any]:
    """Scores and predictions as a tree for JSON; ``about`` says more beside them."""
    groups = {
        "large": scores.large,
        "by_collective": scores.by_collective,
        "by_size": scores.by_size,
        "by_source": scores.by_source,
        "by_split": scores.by_split,
    }
    return {
        **about,
        "rows": len(predictions),
        "predicted": sum(item.time_s is not None for item in predictions),
        "with_measured_time": scores.overall.rows,
        "reasons": [{"reason": reason, "rows": rows} for reason, rows in scores.unpredicted.items()],
        "errors": {
            "overall": _score(scores.overall),
            **{name: {key: _score(item) for key, item in found.items()} for name, found in groups.items()},
        },
        "predictions": [_prediction(item) for item in predictions],
    }


def _score(item: CollectiveScore) -> dict[str, float | int | None]:
    values = {"median": item.median, "p90": item.p90, "bias": item.bias}
    return {"rows": item.rows, **{name: None if math.isnan(value) else value for name, value in values.items()}}


def _prediction(item: PredictedCollective) -> dict[str, Any]:
    return {
        "line": item.row.line,
        "predicted_time_s": item.time_s,
        "measured_time_s": item.row.time_s,
        "error": item.relative_error,
        "algorithm": item.algorithm,
        "protocol": item.protocol,
        "extrapolated": item.extrapolated,
        "reason": item.reason,
        "filled": list(item.setup.filled) if item.setup else [],
    }
