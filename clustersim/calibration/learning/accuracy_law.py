"""Fits accuracy against loss: ``python -m clustersim.calibration.learning.accuracy_law --data FILE --out FILE``.

Fitted to the runs marked ``fit`` of ``validation/published/olmo_ladder_tasks.csv``. Those marked ``test`` are never
seen, and the width of the intervals comes from smaller ladders that predict the larger runs of the fit.
"""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.command import write_catalogue_table
from clustersim.learning.capability.law import logistic
from clustersim.learning.capability.through_loss import COEFFICIENTS, AccuracyLaw, accuracy

Floats = NDArray[np.float64]
Row = tuple[str, str, str, str]

LOSSES = {
    "pile": (
        "pile_nats_per_token",
        "the Pile (validation), dolma2 tokenizer, nats per token",
        "from the loss on the Pile",
    ),
    "answer": (
        "answer_bits_per_byte",
        "the benchmark's right answers, bits per byte",
        "from the loss on its right answers",
    ),
}
"""Column, meaning and title of each loss an accuracy is fitted to."""
TITLES = {
    "arc_challenge_test": "ARC Challenge",
    "arc_easy_test": "ARC Easy",
    "csqa_val": "CommonsenseQA",
    "hellaswag_val": "HellaSwag",
    "mmlu_humanities_test_rc": "MMLU humanities, answers in words",
    "mmlu_stem_test_rc": "MMLU STEM, answers in words",
    "openbookqa_test": "OpenBookQA",
    "piqa_val": "PIQA",
}
KNOWLEDGE = ("arc_challenge_test", "arc_easy_test", "mmlu_humanities_test_rc", "mmlu_stem_test_rc", "openbookqa_test")
CAVEAT = (
    "Questions of knowledge come out too low: runs up to 3B parameters say 3 to 10 points less than OLMo-2 7B and 13B "
    "reach, whose last tokens were chosen for knowledge; Llama 3 reports the same sign (arXiv 2407.21783)."
)
CUTS = (4e8, 8e8, 1.5e9)
"""Parameters below which a smaller ladder is fitted, to predict the runs above."""
LEAST_BEYOND = 0.05
"""Loss below the lowest fitted from which an error tells of the law's form."""
PRIOR_MEAN = np.array([0.0, 1.5, 0.0, 2.5])
PRIOR_SD = np.array([1.0, 1.0, 0.04, 1.0])
"""Middle from the mean loss, log steepness, floor from chance, logit of the ceiling's place between floor and 1. A
benchmark whose answers are ranked by their wording may lie under chance where the wording misleads."""
SCORE_SD = 0.012
"""Of the residuals that a search starts from: an accuracy over a thousand questions has a standard error of 0.015."""
RECIPE_SD = 0.0186
"""Root mean square change of the eight accuracies over the last, chosen tokens of OLMo-2 7B (3.88T to 3.95T tokens),
from +0.007 (PIQA) to +0.038 (ARC Challenge); OLMo-ladder (2024). The size of an effect: how far the forecast of that
run is off has no part in it."""
DRAWS = 100
SEED = 20260101
DIGITS = 5
SOURCE = "clustersim fit of the OLMo ladder's tasks (Bhagia et al. 2024, arXiv 2412.04403; Apache-2.0), runs up to 3B"


class TaskRuns(NamedTuple):
    """Runs with the loss and the accuracy on one task, each an array of shape (runs,)."""

    parameters: Floats
    tokens: Floats
    loss: Floats
    accuracy: Floats
    chance: float


def read_tasks(path: Path, column: str, use: str) -> dict[str, TaskRuns]:
    """Read the rows marked ``use`` ("fit" or "test") that have that loss, by task."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == use and row[column]]
    tasks = sorted({row["task"] for row in rows})
    return {task: _runs([row for row in rows if row["task"] == task], column) for task in tasks}


def _runs(rows: Sequence[Mapping[str, str]], column: str) -> TaskRuns:
    size, tokens, loss, measured = (
        np.array([float(row[name]) for row in rows]) for name in ("parameters", "tokens", column, "accuracy")
    )
    return TaskRuns(size, tokens, loss, measured, float(rows[0]["chance"]))


def fit_accuracy(runs: TaskRuns) -> Floats:
    """Fit middle, steepness, floor and ceiling, robustly; shape (4,)."""
    return _coefficients(_search(runs), runs)


def _search(runs: TaskRuns, start: Floats | None = None) -> Floats:
    from scipy.optimize import least_squares

    def residuals(theta: Floats) -> Floats:
        error = (accuracy(_coefficients(theta, runs), runs.loss) - runs.accuracy) / SCORE_SD
        return np.concatenate([error, (theta - PRIOR_MEAN) / PRIOR_SD])

    starts = [PRIOR_MEAN, PRIOR_MEAN + np.array([0.0, 0.8, 0.0, 0.0])] if start is None else [start]
    found = [least_squares(residuals, at, loss="soft_l1", f_scale=2.0, max_nfev=500) for at in starts]
    return np.asarray(min(found, key=lambda fit: float(fit.cost)).x)


def _coefficients(theta: Floats, runs: TaskRuns) -> Floats:
    floor = runs.chance + theta[2]
    ceiling = floor + (1.0 - floor) * float(logistic(theta[3]))
    return np.array([float(runs.loss.mean()) + theta[0], np.exp(theta[1]), floor, ceiling])


def fit_accuracy_laws(tasks: Mapping[str, TaskRuns], loss: str, draws: int = DRAWS) -> dict[str, AccuracyLaw]:
    """Fit a law for each task, with the error of the form that all of them show.

    Notes
    -----
    The bootstrap resamples the residuals, as that of the loss laws does. The error of the form is the root mean square,
    over all tasks, of the errors per unit of loss with which smaller ladders predict the larger runs.
    """
    _, meaning, title = LOSSES[loss]
    form = _form_sd_per_unit(tasks)
    laws = {}
    for task, runs in tasks.items():
        theta = _search(runs)
        best = _coefficients(theta, runs)
        fitted = accuracy(best, runs.loss)
        residuals = runs.accuracy - fitted
        generator = np.random.default_rng(SEED)
        again = [runs._replace(accuracy=fitted + generator.choice(residuals, len(residuals))) for _ in range(draws)]
        laws[task] = AccuracyLaw(
            name=f"{task}-{loss}",
            title=f"{TITLES.get(task, task)}, {title}",
            loss=meaning,
            best=best,
            draws=np.array([_coefficients(_search(sample, theta), sample) for sample in again]),
            score_sd=float(np.sqrt(np.mean(np.square(residuals)))),
            recipe_sd=RECIPE_SD,
            form_sd_per_unit=form,
            lowest_loss=float(runs.loss.min()),
            caveat=CAVEAT if task in KNOWLEDGE else "",
        )
    return laws


def _form_sd_per_unit(tasks: Mapping[str, TaskRuns]) -> float:
    return float(np.sqrt(np.mean(np.square(np.concatenate([errors_beyond(runs) for runs in tasks.values()])))))


def errors_beyond(runs: TaskRuns) -> Floats:
    """Errors of smaller ladders on the larger runs, per unit of loss below their lowest [fraction]."""
    errors = []
    for cut in CUTS:
        small = runs.parameters < cut
        kept = runs._replace(loss=runs.loss[small], accuracy=runs.accuracy[small])
        beyond = kept.loss.min() - runs.loss
        far = beyond >= LEAST_BEYOND
        errors.append((accuracy(fit_accuracy(kept), runs.loss[far]) - runs.accuracy[far]) / beyond[far])
    return np.concatenate(errors)


def catalogue_rows(data: Path, draws: int = DRAWS) -> list[Row]:
    """Return the rows of the catalogue table ``accuracy_laws``: entry, field, value, source."""
    return [
        row
        for loss, (column, _, _) in LOSSES.items()
        for law in fit_accuracy_laws(read_tasks(data, column, "fit"), loss, draws).values()
        for row in _rows(law)
    ]


def _rows(law: AccuracyLaw) -> Iterator[Row]:
    form = "clustersim: ladders cut at 0.4B, 0.8B and 1.5B parameters on the runs above, all tasks"
    yield law.name, "title", law.title, SOURCE
    yield law.name, "loss", law.loss, "OLMo-ladder evaluation sets (github allenai/OLMo-ladder, 2024)"
    for key, value in zip(COEFFICIENTS, law.best.tolist(), strict=True):
        yield law.name, f"best.{key}", _digits(value), SOURCE
    yield law.name, "score_sd", _digits(law.score_sd), SOURCE
    yield law.name, "recipe_sd", _digits(law.recipe_sd), "OLMo-2 7B before and after its anneal (OLMo-ladder, 2024)"
    yield law.name, "form_sd_per_unit", _digits(law.form_sd_per_unit), form
    yield law.name, "lowest_loss", _digits(law.lowest_loss), SOURCE
    if law.caveat:
        yield law.name, "caveat", law.caveat, "OLMo-ladder (2024), OLMo-2 7B and 13B, held out"
    rows = (" ".join(map(_digits, draw)) for draw in law.draws.tolist())
    yield law.name, "draws", ";".join(rows), f"{SOURCE}; bootstrap draws of {' '.join(COEFFICIENTS)}"


def _digits(value: float) -> str:
    return f"{value:.{DIGITS}g}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit every law and write the catalogue table."""
    return write_catalogue_table(
        "Fit the accuracy laws of the catalogue.", {"data": "table of tasks of the ladder"}, catalogue_rows, arguments
    )


if __name__ == "__main__":
    sys.exit(main())
