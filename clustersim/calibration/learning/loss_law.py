"""Fits the loss laws of the catalogue: ``python -m clustersim.calibration.learning.loss_law --data FOLDER --out FILE``.

The folder is ``validation/published``. Laws are fitted to the rows marked ``fit`` of its tables of final losses; the
rows marked ``test`` take no part, neither in parameters nor in the width of an interval.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.chinchilla import chinchilla_rows
from clustersim.calibration.learning.command import write_catalogue_table
from clustersim.calibration.learning.form_fit import bootstrap_form, fit_form
from clustersim.calibration.learning.law_fit import DRAWS, REJECTED, SEED, FittedLaws, fit_laws
from clustersim.calibration.learning.law_rows import Row, digits, draw_rows, number_row, range_rows
from clustersim.calibration.learning.runs import Runs, read_runs

Floats = NDArray[np.float64]

LADDER_FILE, OVERTRAINED_FILE = "olmo_ladder_losses.csv", "overtrained_losses.csv"


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a law of the catalogue is fitted to."""

    title: str
    column: str
    corpus: str


LADDER = {
    "olmo-ladder-pile": Corpus("OLMo ladder, the Pile", "pile_nats_per_token", "the Pile (validation)"),
    "olmo-ladder-c4": Corpus("OLMo ladder, C4", "c4_nats_per_token", "C4 English (validation)"),
    "olmo-ladder-wikitext": Corpus("OLMo ladder, WikiText", "wikitext_nats_per_token", "WikiText-103 (validation)"),
    "olmo-ladder-common-crawl": Corpus(
        "OLMo ladder, Common Crawl of Dolma", "dolma_cc_nats_per_token", "Dolma Common Crawl (validation)"
    ),
    "olmo-ladder-code": Corpus(
        "OLMo ladder, code (the Stack of Dolma)", "dolma_stack_nats_per_token", "code, Dolma Stack (validation)"
    ),
}
OVERTRAINED = {
    "overtrained-c4": "C4",
    "overtrained-redpajama": "RedPajama",
    "overtrained-refinedweb": "RefinedWeb",
}
"""Laws of loss on C4 by what the models were trained on (Gadre et al. 2024)."""
LADDER_SOURCE = "clustersim fit of the OLMo ladder final losses (Bhagia et al. 2024, arXiv 2412.04403), runs up to 3B"
LADDER_COUNT_SOURCE = "OLMo-ladder (2024): without the input embedding, with the output layer"
OVERTRAINED_SOURCE = "clustersim fit of the over-trained models (Gadre et al. 2024, arXiv 2403.08540), runs up to 1.4B"
LEAST_OVERTRAINED = 5e7
"""Smallest model [parameters] of Gadre et al. that is fitted: nearly half of their 10M models is embedding."""
LEAST_TRAINED = 9.0
"""Tokens a parameter from which their runs are fitted: the shorter ones end in the warm-up transient."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Hoffmann's law: (E, A, B, alpha, beta) of the best fit (5,) and of each bootstrap draw (draws, 5)."""

    best: Floats
    draws: Floats


def fit_loss_law(runs: Runs, draws: int = DRAWS, seed: int = SEED) -> Fit:
    """Fit ``L = E + A / N**alpha + B / D**beta`` alone by a Huber loss on the log loss, with a bootstrap.

    Parameters
    ----------
    runs : Runs
        At least five runs over several sizes and lengths.
    draws : int
        Bootstrap draws.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Fit
        Best fit and draws (see :func:`clustersim.calibration.learning.form_fit.bootstrap_form`).

    References
    ----------
    .. [1] Hoffmann, J. et al. (2022). arXiv 2203.15556, section 3.3 and appendix D.3.
    """
    drawn = bootstrap_form("hoffmann", runs, draws, np.random.default_rng(seed))
    return Fit(fit_form("hoffmann", runs)[:5], drawn[:, :5])


def catalogue_rows(folder: Path, draws: int = DRAWS) -> list[Row]:
    """Return the rows of the catalogue table ``loss_laws``: entry, field, value, source."""
    return [*_ladder_rows(folder, draws), *_overtrained_rows(folder, draws), *chinchilla_rows(draws, SEED)]


def ladder_runs(folder: Path, use: str) -> dict[str, Runs]:
    """Final losses of the ladder by law, of the rows marked ``use``."""
    return {name: read_runs(folder / LADDER_FILE, corpus.column, use) for name, corpus in LADDER.items()}


def overtrained_runs(folder: Path, use: str) -> dict[str, Runs]:
    """Final losses on C4 of the over-trained models by law, of the rows marked ``use``."""
    with (folder / OVERTRAINED_FILE).open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == use]
    columns = ("parameters", "tokens", "c4_nats_per_token")
    found = {}
    for name, trained_on in OVERTRAINED.items():
        runs = Runs(
            *np.array([[float(row[c]) for c in columns] for row in rows if row["training_set"] == trained_on]).T
        )
        taken = (runs.parameters >= LEAST_OVERTRAINED) & (runs.tokens >= LEAST_TRAINED * runs.parameters)
        found[name] = runs.where(taken)
    return found


def _ladder_rows(folder: Path, draws: int) -> Iterator[Row]:
    runs = ladder_runs(folder, "fit")
    fitted = fit_laws(runs, draws)
    for name, corpus in LADDER.items():
        yield name, "title", corpus.title, LADDER_SOURCE
        yield name, "corpus", corpus.corpus, "OLMo-ladder evaluation sets (github allenai/OLMo-ladder, 2024)"
        yield name, "tokenizer", "dolma2 (100,278 tokens)", "OLMo-ladder configuration (allenai/OLMo-ladder, 2024)"
        yield name, "parameter_count", "no_input_embedding", LADDER_COUNT_SOURCE
        yield from _fitted_rows(name, runs[name], fitted, LADDER_SOURCE)


def _overtrained_rows(folder: Path, draws: int) -> Iterator[Row]:
    runs = overtrained_runs(folder, "fit")
    fitted = fit_laws(runs, draws)
    for name, trained_on in OVERTRAINED.items():
        yield name, "title", f"over-trained models on {trained_on}, C4", OVERTRAINED_SOURCE
        yield name, "corpus", f"C4 (validation), of models trained on {trained_on}", "Gadre et al. 2024"
        yield name, "tokenizer", "GPT-NeoX (50,432 tokens)", "Gadre et al. 2024 (arXiv 2403.08540), section 3"
        yield name, "parameter_count", "all", "mlfoundations/scaling (2024), column params"
        yield from _fitted_rows(name, runs[name], fitted, OVERTRAINED_SOURCE)


def _fitted_rows(name: str, runs: Runs, fitted: FittedLaws, source: str) -> Iterator[Row]:
    yield from draw_rows(name, fitted.draws[name], source)
    largest = (runs.parameters.max(), runs.tokens.max(), runs.flops.max())
    yield from range_rows(name, (runs.tokens.min(), *largest), f"{source}: smallest and largest of them")
    judged = fitted.judged
    held_out = (
        f"clustersim: with it, 90 % intervals hold {100.0 * judged.coverage:.0f} % of {judged.points} losses of models "
        "larger than the fitted ones, inside the same runs"
    )
    yield number_row(name, "residual.fraction", fitted.residual_error(name), held_out)
    yield number_row(name, "residual.decades", judged.residual_decades, "farthest of those models")
    yield number_row(name, "residual.scatter", fitted.scatter[name], f"{source}: what the heaviest form leaves")
    for form, error in judged.errors.items():
        about = "clustersim: root mean square relative error on larger and longer runs held out, all corpora together"
        yield number_row(name, f"held_out.{form}", error, about)
    rejected = " ".join(map(digits, fitted.rejected[name]))
    yield name, f"rejected.{REJECTED}", rejected, f"{source}; E A B alpha beta gamma of the best fit, in no forecast"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit every law and write the catalogue table."""
    return write_catalogue_table(
        "Fit the loss laws of the catalogue.",
        {"data": "folder of the tables of final losses"},
        catalogue_rows,
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
