"""The scoreboard of published step times, for a terminal or a pipe and as JSON."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from clustersim.calibration.errors_by import Errors, Scored
from clustersim.calibration.predictions import Prediction
from clustersim.calibration.predictions_csv import prediction_values
from clustersim.calibration.scoreboard import Scoreboard
from clustersim.report._plain import Plain
from clustersim.report.error_table import ErrorLine, error_table

if TYPE_CHECKING:
    from rich.console import Console


def print_scoreboard(board: Scoreboard, console: "Console") -> None:
    """Print a scoreboard as plain text.

    Parameters
    ----------
    board : Scoreboard
        What to print.
    console : rich.console.Console
        Where; letters its encoding lacks are replaced.
    """
    plain = Plain.of(console)
    for line in _lines(board):
        console.print(plain.text(line), soft_wrap=True)


def _lines(board: Scoreboard) -> Iterator[str]:
    yield f"{board.predicted:,} of {board.rows:,} rows predicted, {board.timed:,} of them with a published time."
    if board.complete_rows:
        share = board.complete_predicted / board.complete_rows
        yield f"Complete rows: {board.complete_predicted:,} of {board.complete_rows:,} predicted ({share:.1%})."
    if board.reasons:
        yield ""
        yield f"Without prediction: {board.rows - board.predicted:,} rows"
        for reason, rows in board.reasons:
            yield f"{rows:6,}  {reason}"
    if not board.timed:
        return
    yield ""
    yield "Error = predicted / published - 1. Median, p90 and mean are of its size; bias is its median."
    for part in board.parts:
        yield from error_table(f"By class: {part.name}", _error_lines(part.by_class))
    yield from error_table("By source", _error_lines(board.by_source))
    yield from error_table("By model, GPU and software", _error_lines(board.by_group))
    yield ""
    yield "Worst rows"
    for item in board.worst:
        yield _worst_line(item)


def _error_lines(groups: Sequence[Errors]) -> list[ErrorLine]:
    return [ErrorLine(item.name, item.rows, item.median, item.p90, item.bias, item.mean) for item in groups]


def _worst_line(item: Scored) -> str:
    prediction, predicted, error = item
    row = predicted.row
    times = f"{predicted.step.mean_s:.4g} s for {row.step_time_s:.4g} s"
    return f"{error:>+9.1%}  line {prediction.record.line}, {row.id}: {row.model_name} on {row.gpu}, {times}"


def scoreboard_json(board: Scoreboard, predictions: Sequence[Prediction], **about: Any) -> dict[str, Any]:
    """Scoreboard and predictions as a tree for JSON.

    Parameters
    ----------
    board : Scoreboard
        The scoreboard.
    predictions : sequence of Prediction
        The rows, in their order.
    **about
        More to say beside them: the file, the split, the gate.
    """
    return {
        **about,
        "rows": board.rows,
        "predicted": board.predicted,
        "with_published_time": board.timed,
        "complete": {"rows": board.complete_rows, "predicted": board.complete_predicted},
        "reasons": [{"reason": reason, "rows": rows} for reason, rows in board.reasons],
        "errors": {
            "by_class": [{"part": part.name, **_errors(group)} for part in board.parts for group in part.by_class],
            "by_source": [_errors(group) for group in board.by_source],
            "by_group": [_errors(group) for group in board.by_group],
        },
        "worst": [_worst(item) for item in board.worst],
        "predictions": [_prediction(item) for item in predictions],
    }


def _errors(group: Errors) -> dict[str, Any]:
    return {
        "name": group.name,
        "rows": group.rows,
        "median": round(group.median, 6),
        "p90": round(group.p90, 6),
        "mean": round(group.mean, 6),
        "bias": round(group.bias, 6),
    }


def _prediction(item: Prediction) -> dict[str, Any]:
    cells = item.record.cells
    return {"line": item.record.line, "id": cells.get("id", ""), "split": cells.get("split", "")} | prediction_values(
        item
    )


def _worst(item: Scored) -> dict[str, Any]:
    prediction, predicted, error = item
    return {"line": prediction.record.line, "id": predicted.row.id, "error": round(error, 6)}
