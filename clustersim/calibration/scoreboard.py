"""The scoreboard of a table of predictions: counts, reasons, errors by class, source and group, the worst rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from clustersim.calibration.errors_by import (
    CLASSES,
    Errors,
    Scored,
    errors_by,
    group_of,
    scoreboard_class,
    scored,
    source_of,
    worst,
)
from clustersim.calibration.predictions import Prediction, reasons

WORST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one kind: held out or fitted, complete or not; with their errors by class."""

    name: str
    by_class: tuple[Errors, ...]


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """Everything ``clustersim validate throughput`` says.

    Attributes
    ----------
    rows, predicted, timed : int
        Rows, those with a prediction, and those of them with a published time.
    complete_rows, complete_predicted : int
        The same of the rows whose ``missing`` is empty.
    reasons : list of (str, int)
        Why rows have no prediction, and how many.
    parts : tuple of Part
        Errors by class of complete held-out rows, complete fit rows, and incomplete rows; empty parts left out.
    by_source, by_group : list of Errors
        Errors of all rows by split and source, and by split, model, GPU and software.
    worst : list of Scored
        Rows with the largest errors.
    """

    rows: int
    predicted: int
    timed: int
    complete_rows: int
    complete_predicted: int
    reasons: list[tuple[str, int]]
    parts: tuple[Part, ...]
    by_source: list[Errors]
    by_group: list[Errors]
    worst: list[Scored]

    @property
    def held_out(self) -> tuple[Errors, ...]:
        """Errors by class of the complete held-out rows; what a gate looks at."""
        return next((part.by_class for part in self.parts if part.name == HELD_OUT), ())


HELD_OUT = "complete rows, held out"
FITTED = "complete rows, used in the fit"
INCOMPLETE = "incomplete rows, filled in by rules"


def scoreboard(predictions: Sequence[Prediction]) -> Scoreboard:
    """Score predictions; rows without prediction or published time are counted, not scored."""
    items = scored(predictions)
    complete = [item for item in predictions if item.record.complete]
    return Scoreboard(
        rows=len(predictions),
        predicted=sum(item.predicted is not None for item in predictions),
        timed=len(items),
        complete_rows=len(complete),
        complete_predicted=sum(item.predicted is not None for item in complete),
        reasons=reasons(predictions),
        parts=_parts(items),
        by_source=errors_by(items, lambda item: f"{_split(item)} {source_of(item)}"),
        by_group=errors_by(items, lambda item: f"{_split(item)} {group_of(item)}"),
        worst=worst(items, WORST_ROWS),
    )


def _parts(items: Sequence[Scored]) -> tuple[Part, ...]:
    rows: dict[str, list[Scored]] = {HELD_OUT: [], FITTED: [], INCOMPLETE: []}
    for item in items:
        complete = FITTED if _split(item) == "fit" else HELD_OUT
        rows[complete if item[0].record.complete else INCOMPLETE].append(item)
    return tuple(
        Part(name, tuple(errors_by(members, scoreboard_class, CLASSES))) for name, members in rows.items() if members
    )


def _split(item: Scored) -> str:
    return item[1].row.split
