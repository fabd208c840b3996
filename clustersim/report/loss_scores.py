"""Errors of predicted losses by corpus, for a terminal or a pipe."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from clustersim.calibration.learning.losses.predictions_csv import ColumnScore
from clustersim.report._plain import Plain

if TYPE_CHECKING:
    from rich.console import Console


def print_loss_scores(scores: Sequence[ColumnScore], console: "Console") -> None:
    """Print errors and coverage by column as plain text; letters that the console's encoding lacks are replaced."""
    plain = Plain.of(console)
    for line in _lines(scores):
        console.print(plain.text(line), soft_wrap=True)


def _lines(scores: Sequence[ColumnScore]) -> Iterator[str]:
    yield "Error = predicted / measured loss - 1. Median is of its size; held = share of losses in their 90 % interval."
    yield ""
    width = max(map(len, ("loss", *(score["column"] for score in scores))))
    headings = ("predicted", "measured", "median", "bias", "worst", "held")
    yield f"{'loss':{width}}" + "".join(f"{heading:>10}" for heading in headings) + "  worst row"
    for score in scores:
        counts = f"{score['column']:{width}}{score['predicted']:>10,}{score['measured']:>10,}"
        if score["median_error"] is None:
            yield counts
            continue
        yield (
            f"{counts}{score['median_error']:>10.2%}{score['bias']:>+10.2%}{score['worst_error']:>+10.2%}"
            f"{score['coverage']:>10.0%}  {score['worst_row']}"
        )
