"""Fits the transient: ``python -m clustersim.calibration.learning.transient --data FOLDER --out FILE``.

From the rows marked ``fit`` of ``loss_starts.csv`` in ``validation/published``: the first evaluations of 25 OLMo ladder
runs, and for the first steps, of which the ladder has none, two logs of GPT-2. The law of final losses and its
annealing constants are those of the catalogue, which come from the ladder too.
"""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.command import write_catalogue_table
from clustersim.calibration.learning.law_rows import Row
from clustersim.calibration.learning.loss_law import LADDER
from clustersim.learning.loss.course import LearningRates, cosine_rates
from clustersim.learning.loss.curve import Annealing, annealing_excess, annealing_of
from clustersim.learning.loss.forms import joint_loss_nats
from clustersim.learning.loss.law import LossLaw, loss_law
from clustersim.learning.loss.transient import (
    ANY,
    UNTRAINED_EXCESS_NATS,
    Transient,
    remaining_share,
    untrained_loss,
)

Floats = NDArray[np.float64]
Point = tuple[float, Floats, Floats]
"""Model size, learning rate spent, and share of the way that is left."""

STARTS_FILE = "loss_starts.csv"
KNOTS = (0.00003, 0.0002, 0.0007, 0.002, 0.005, 0.012, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Learning rate spent, about evenly spaced in the logarithm; at the last the transient is over."""
FIRST_STEPS, FIRST_STEPS_UP_TO = "fineweb_nats_per_token", 0.001
"""Column of the logs of GPT-2, and the learning rate spent up to which they take part: so far above any law, the corpus
makes no difference."""
LEAST_WAY_NATS = 0.5
"""A point says something of the transient where the law is at least so far below the first loss."""
LEAST_SHARE = 1e-3
"""Share below which a miss is counted as if it were of so much."""
FEWEST_SIZES = 2
"""Sizes that knots are fitted to before a larger one judges them."""
WIDER = 1.5
"""How much wider the spread is made than the misses were: knots of the runs up to 1B, of which two sizes judge, would
otherwise hold too little of the first steps of 3B."""
WIDEST = 1.0
"""Largest deviation of the logarithm at a knot."""
SOURCE = (
    "clustersim fit of the first evaluations of the OLMo ladder (Apache-2.0, commit 67a3f44), 190M to 3B, and of the "
    "first steps of GPT-2 124M (llm.c and AdamW logs, KellerJordan/modded-nanogpt, MIT), 2026"
)


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """First losses of one run.

    Parameters
    ----------
    run : str
        Its name.
    parameters : float
        As the law counts them.
    vocabulary : int
        Tokens of the vocabulary.
    schedule : LearningRates
        Its learning rates.
    tokens, loss_nats : ndarray of shape (points,)
        Where, and the loss there [nats/token].
    first_steps_only : bool
        Whether it was measured on another corpus, which only the first steps do not feel.
    """

    run: str
    parameters: float
    vocabulary: int
    schedule: LearningRates
    tokens: Floats
    loss_nats: Floats
    first_steps_only: bool = False


def read_starts(path: Path, column: str, use: str) -> list[Start]:
    """Read the runs of a table of first losses that are marked ``use`` ("fit" or "test")."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == use and (row[column] or row[FIRST_STEPS])]
    runs: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        runs.setdefault(row["run"], []).append(row)
    return [_start(name, own, column) for name, own in runs.items()]


def _start(name: str, rows: Sequence[Mapping[str, str]], column: str) -> Start:
    tokens, warm_up, peak, batch = (
        float(rows[0][field]) for field in ("schedule_tokens", "warmup_tokens", "peak_learning_rate", "batch_tokens")
    )
    return Start(
        name,
        float(rows[0]["parameters"]),
        int(rows[0]["vocabulary"]),
        cosine_rates(tokens, warm_up, peak, batch),
        np.array([float(row["tokens"]) for row in rows]),
        np.array([float(row[column] or row[FIRST_STEPS]) for row in rows]),
        not rows[0][column],
    )


def shares(start: Start, law: LossLaw, annealing: Annealing) -> tuple[Floats, Floats]:
    """Learning rate spent, and the share of the way from the first loss to the law that is left, at each point."""
    schedule = start.schedule
    excess = annealing_excess(np.maximum(schedule.tokens, 1.0), schedule.rates, annealing, peak=schedule.peak)
    at = np.interp(start.tokens, schedule.tokens, excess.effective_tokens)
    relative = np.interp(start.tokens, schedule.tokens, excess.relative)
    drawn = joint_loss_nats(law.draws[:, None, :], start.parameters, np.maximum(at, 1.0))
    middle = np.median(drawn, axis=0) * (1.0 + relative)
    way = untrained_loss(start.vocabulary) + 0.5 * UNTRAINED_EXCESS_NATS - middle
    spent = schedule.spent(start.tokens)
    kept = (way > LEAST_WAY_NATS) & (start.tokens > 0.0)
    if start.first_steps_only:
        kept &= spent <= FIRST_STEPS_UP_TO
    return spent[kept], np.maximum((start.loss_nats - middle)[kept] / way[kept], 0.0)


def fit_transient(name: str, starts: Iterable[Start], law: LossLaw, annealing: Annealing) -> Transient:
    """Knots through the shares of all runs, and their spread on sizes held out."""
    points = [(start.parameters, *shares(start, law, annealing)) for start in starts]
    middle = _knots(points)
    misses = list(_misses(points))
    spent = np.concatenate([one for one, _ in misses])
    squared = np.concatenate([two for _, two in misses]) ** 2
    weight = _hats(spent)
    spread = np.sqrt((weight * squared[:, None]).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12))
    # A knot that no run came near knows as little as its neighbour.
    spread = np.where(weight.sum(axis=0) > 0.0, spread, spread.max())
    return Transient(name, np.array(KNOTS), middle, np.minimum(WIDER * spread, WIDEST))


def _misses(points: Sequence[Point]) -> Iterator[tuple[Floats, Floats]]:
    """Learning rate spent and relative miss of the share: each size with the knots of the smaller ones."""
    sizes = sorted({size for size, _, _ in points})
    tried = sizes[FEWEST_SIZES:] or sizes
    for size, spent, share in points:
        if size in tried:
            known = [point for point in points if point[0] < size] or points
            forecast = remaining_share(Transient("", np.array(KNOTS), _knots(known), np.zeros(len(KNOTS))), spent)
            yield spent, (share - forecast) / np.maximum(forecast, LEAST_SHARE)


def any_corpus(transients: Sequence[Transient]) -> Transient:
    """The mean of several corpora, with the spread between them added."""
    remaining = np.array([one.remaining for one in transients])
    middle = remaining.mean(axis=0)
    between = remaining.std(axis=0, ddof=1) / np.maximum(middle, LEAST_SHARE)
    within = np.mean([one.spread for one in transients], axis=0)
    return Transient(ANY, np.array(KNOTS), middle, np.minimum(np.hypot(within, between), WIDEST))


def _hats(spent: Floats) -> Floats:
    """Weight of each knot at each point, of shape (points, knots): linear interpolation in the logarithm."""
    logs, knots = np.log(np.clip(spent, KNOTS[0], KNOTS[-1])), np.log(KNOTS)
    return np.array([np.interp(logs, knots, row) for row in np.eye(len(KNOTS))]).T


def _knots(points: Sequence[Point]) -> Floats:
    """Least squares through the shares, never rising, with nothing left at the last knot."""
    spent, share = (np.concatenate([point[i] for point in points]) for i in (1, 2))
    weight = _hats(spent)
    # A breath of smoothness bridges knots that no run came near.
    smooth = 0.03 * np.diff(np.eye(len(KNOTS)), 2, axis=0)
    left = np.concatenate([weight[:, :-1], smooth[:, :-1]])
    found = np.linalg.lstsq(left, np.concatenate([share, np.zeros(len(smooth))]), rcond=None)[0]
    falling = np.maximum.accumulate(np.append(np.clip(found, 0.0, 1.0), 0.0)[::-1])[::-1]
    return np.asarray(falling)


def catalogue_rows(folder: Path) -> list[Row]:
    """Return the rows of the catalogue table ``loss_transients``: entry, field, value, source."""
    found = [
        fit_transient(name, read_starts(folder / STARTS_FILE, corpus.column, "fit"), loss_law(name), annealing_of(name))
        for name, corpus in LADDER.items()
    ]
    return [row for one in [*found, any_corpus(found)] for row in _rows(one)]


def _rows(transient: Transient) -> Iterator[Row]:
    title = "a corpus without one of its own" if transient.name == ANY else transient.name
    yield transient.name, "title", f"transient of {title}", SOURCE
    for field in Transient.__slots__[1:]:
        text = " ".join(f"{value:.3g}" for value in getattr(transient, field))
        about = "; each size with the knots of the smaller ones" if field == "spread" else ""
        yield transient.name, field, text, SOURCE + about


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit the transients and write the catalogue table."""
    return write_catalogue_table(
        "Fit the transients of the catalogue.",
        {"data": "folder of the tables of published losses"},
        catalogue_rows,
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
