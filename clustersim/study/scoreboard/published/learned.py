"""What runs learned: losses under schedules, benchmark scores and sizes of corpora, held against what was published."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from clustersim.calibration.cases import Case
from clustersim.calibration.learning.capability.predict import predict_scores, shipped_laws
from clustersim.calibration.learning.capability.rows import read_scores
from clustersim.calibration.learning.schedule_predictions import predict_table
from clustersim.calibration.learning.schedule_table import read_curves
from clustersim.calibration.learning.schedules import shipped_fit
from clustersim.learning.capability.catalogued import capability_law
from clustersim.learning.corpus.funnel import funnel_work
from clustersim.scenario.schema.corpus import Corpus
from clustersim.study.scoreboard.table import at_line, read_cells

SCHEDULES = "losses under schedules"
SCHEDULE_ERRORS = "losses under schedules: mean errors"
SCORES = "benchmark scores"
SCORE_ERRORS = "benchmark scores: families left out"
CORPORA = "corpora"

MOST_NATS = 0.01
"""Mean absolute error allowed on a curve whose schedule was not fitted [nats/token]."""
MORE_THAN_LOGISTIC = 0.01
"""By how much a law may miss families that were left out more than a plain logistic does, in score."""
MOST_CORPUS_ERROR = 0.05


def schedule_cases(path: Path) -> Iterator[Case]:
    """Curves marked ``test`` of a table of losses under schedules: every point, and the mean error of each curve.

    Raises
    ------
    TableError
        If the file is no such table.
    """
    rows = [row for row in predict_table(read_curves(path), shipped_fit()) if row.row.cells.get("use") == "test"]
    curves: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        model, schedule = row.row.curve
        curves.setdefault((model, schedule), []).append(abs(row.error))
        yield Case(
            group=SCHEDULES,
            name=f"{model}, {schedule}, step {row.row.step}",
            expected=row.row.loss_nats,
            found=row.loss_nats,
            unit="nats/token",
            source=row.row.cells["source"],
            low=row.loss_nats - row.half_width,
            high=row.loss_nats + row.half_width,
        )
    for (model, schedule), errors in curves.items():
        yield Case(
            group=SCHEDULE_ERRORS,
            name=f"{model}, {schedule}",
            expected=MOST_NATS,
            found=float(np.mean(errors)),
            unit="nats/token",
            source="target: 0.01 nats of mean absolute error on schedules that were not fitted",
            relation="at most",
        )


def score_cases(path: Path) -> Iterator[Case]:
    """Scores on benchmarks, each from models of which its own is none, and how far families left out were missed.

    Raises
    ------
    TableError
        If the file is no such table.
    """
    tasks: dict[str, None] = {}
    for item in predict_scores(read_scores(path), shipped_laws()):
        task = item.row.text("task")
        tasks[task] = None
        yield Case(
            group=SCORES,
            name=f"{task}, {item.row.text('model')}, line {item.row.line}",
            expected=item.measured,
            found=item.middle,
            unit="score",
            source=item.row.text("source"),
            low=item.low,
            high=item.high,
            note="" if item.middle is not None else item.reason,
        )
    for task in tasks:
        held_out = capability_law(task).held_out
        yield Case(
            group=SCORE_ERRORS,
            name=task,
            expected=held_out.logistic_rmse + MORE_THAN_LOGISTIC,
            found=held_out.rmse,
            unit="score",
            source="a plain logistic in the logarithm of compute, and a hundredth more",
            relation="at most",
        )


def corpus_cases(path: Path) -> Iterator[Case]:
    """Tokens of published corpora, marked ``test``, against the chained yields of their funnels.

    Raises
    ------
    TableError
        If the file is no such table.
    """
    for line, cells in read_cells(path, ("corpus", "quantity", "value", "unit", "use", "source")):
        if cells["use"] != "test" or cells["quantity"] != "tokens":
            continue
        with at_line(path, line):
            expected = float(cells["value"])
        yield Case(
            group=CORPORA,
            name=f"{cells['corpus']}, {cells['quantity']}",
            expected=expected,
            found=funnel_work(Corpus.model_validate(cells["corpus"])).stages[-1].after.tokens,
            unit=cells["unit"],
            source=cells["source"],
            tolerance=MOST_CORPUS_ERROR * expected,
        )
