"""Predicts every row of a table of losses: end by the law, middle by the schedule, start by the transient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.losses.knowledge import VOCABULARY, Knowledge
from clustersim.calibration.learning.losses.schedules import FINISHED_SHARE, KnownRun, runs_of
from clustersim.calibration.learning.losses.table import LossRow, LossTable
from clustersim.learning.loss.course import course
from clustersim.learning.loss.ending import ended_loss
from clustersim.learning.loss.forecast import extrapolations, final_loss
from clustersim.learning.loss.spread import spread_quantiles, spread_shares
from clustersim.learning.loss.transient import remaining_share

Floats = NDArray[np.float64]

TRANSIENT_FROM = 0.02
"""Share of the way from the first loss above which a row is said to lie in the transient."""
ENDS = (0.1, 0.0)
"""Last learning rates, as shares of the peak, that a finished run of unknown schedule is taken to have."""
_GUESS, _SCATTER = 4, 1
"""Indices of spread quantiles (see :mod:`clustersim.learning.loss.spread`)."""


class Predicted(NamedTuple):
    """A loss and its 90 % interval [nats/token]."""

    p50: float
    p5: float
    p95: float


@dataclass(frozen=True, slots=True)
class RowPrediction:
    """Predictions of one row by law, in the order of the table's loss columns, and what they rest on."""

    row: LossRow
    losses: Mapping[str, Predicted]
    reason: str


def predict_losses(table: LossTable, known: Mapping[str, Knowledge]) -> list[RowPrediction]:
    """Predict every row of a table.

    Parameters
    ----------
    table : LossTable
        The table; its measured losses are not looked at.
    known : mapping of str to Knowledge
        What is known of each corpus.

    Returns
    -------
    list of RowPrediction
        In the order of the table.
    """
    found: dict[int, RowPrediction] = {}
    for run in runs_of(table.rows):
        for one in _of_run(run, tuple(table.loss_columns), known):
            found[one.row.line] = one
    return [found[row.line] for row in table.rows]


def _of_run(run: KnownRun, laws: Sequence[str], known: Mapping[str, Knowledge]) -> list[RowPrediction]:
    losses = {law: _losses(run, known[law]) for law in laws if law in known}
    missing = [f"no losses of {law} in the table that is fitted to" for law in laws if law not in known]
    phases = _phases(run, next(iter(known.values())))
    any_law = next(iter(known.values()))
    predictions = []
    for index, (row, phase) in enumerate(zip(run.rows, phases, strict=True)):
        reasons = [phase, run.assumed, *missing, *any_law.remarks]
        if row.tokens > 0.0:
            reasons += extrapolations(any_law.law, row.parameters, row.tokens)
        predictions.append(
            RowPrediction(
                row,
                {law: columns[index] for law, columns in losses.items()},
                "; ".join(reason for reason in reasons if reason),
            )
        )
    return predictions


def _losses(run: KnownRun, known: Knowledge) -> list[Predicted]:
    """Predictions of the rows of a run."""
    law, rows = known.law, run.rows
    tokens = np.array([row.tokens for row in rows])
    vocabulary = int(rows[0].vocabulary or VOCABULARY)
    drawn = [
        course(
            law,
            rows[0].parameters,
            guess.schedule,
            tokens,
            vocabulary,
            annealing=known.annealing,
            transient=known.transient,
        )
        for guess in run.guesses
    ]
    upper = np.cumsum([guess.weight for guess in run.guesses])
    chosen = np.minimum(np.searchsorted(upper, spread_shares(len(law.draws), _GUESS)), len(drawn) - 1)
    draws = np.stack(drawn)[chosen, np.arange(len(law.draws))]
    if _ends(run):
        draws[:, -1] = _final(run, known)
    draws = draws * np.exp(law.scatter * spread_quantiles(len(law.draws), _SCATTER))[:, None]
    low, middle, high = np.percentile(draws, (5.0, 50.0, 95.0), axis=0)
    return [Predicted(*row) for row in zip(middle.tolist(), low.tolist(), high.tolist(), strict=True)]


def _ends(run: KnownRun) -> bool:
    """Whether the last row is read off the law of final losses."""
    last = run.rows[-1]
    return last.tokens > 0.0 and (last.end_share is not None or len(run.rows) == 1 or _at_ladder_end(run))


def _at_ladder_end(run: KnownRun) -> bool:
    last = run.rows[-1]
    if last.learning_rate is None:
        return False
    share = last.learning_rate / run.guesses[0].schedule.peak
    return ENDS[0] * 0.9 <= share <= min(ENDS[0] * 1.1, FINISHED_SHARE)


def _final(run: KnownRun, known: Knowledge) -> Floats:
    last, law = run.rows[-1], known.law
    if _at_ladder_end(run):
        return final_loss(law, last.parameters, last.tokens)
    share = last.end_share
    if share is None and last.learning_rate is not None and last.peak:
        share = last.learning_rate / last.peak
    if share is not None:
        return ended_loss(law, last.parameters, last.tokens, share, known.annealing)
    tenth, zero = (ended_loss(law, last.parameters, last.tokens, end, known.annealing) for end in ENDS)
    return np.where(spread_shares(len(law.draws), _GUESS) < 0.5, tenth, zero)


def _phases(run: KnownRun, known: Knowledge) -> list[str]:
    """What each row is predicted by."""
    schedule = run.guesses[0].schedule
    left = remaining_share(known.transient, schedule.spent([row.tokens for row in run.rows]))
    phases = [
        "in the transient: the fall from ln(vocabulary)" if share > TRANSIENT_FROM else "on the way: law and schedule"
        for share in left.tolist()
    ]
    if _ends(run):
        phases[-1] = "end of the run: law of final losses"
    return phases
