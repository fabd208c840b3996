"""What is known of the learning rates of a run in a table, and what may be assumed where nothing is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from clustersim.calibration.learning.losses.table import LossRow
from clustersim.learning.loss.course import LearningRates, cosine_rates, usual_peak

FINISHED_SHARE = 0.2
"""Share of the peak up to which the last learning rate of a run is taken to end its schedule."""
WARM_UP_STEPS = 2000.0
"""Of OLMo-2 (2024, arXiv 2501.00656) and Llama 2 (2023, arXiv 2307.09288), where a table does not show it."""
TOKENS_PER_STEP = 2.0**21
"""Where a table does not say it."""
GUESSED_SPREAD = 0.7
"""Standard deviation of the logarithm of the learning rate spent, where peak, warm-up or batch is a guess."""


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """A schedule that a run may have had, and its share of belief."""

    schedule: LearningRates
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class KnownRun:
    """The rows of one run, in order of tokens, and its learning rates.

    Parameters
    ----------
    rows : sequence of LossRow
        In order of tokens.
    guesses : sequence of Guess
        One where the learning rates are known.
    finished : bool
        Whether the last row is the end of its schedule, as far as the table shows.
    assumed : str
        What was assumed, in words; empty for nothing.
    """

    rows: Sequence[LossRow]
    guesses: Sequence[Guess]
    finished: bool
    assumed: str


def runs_of(rows: Sequence[LossRow]) -> list[KnownRun]:
    """Group rows by run and size, and say what their learning rates are or may be."""
    groups: dict[tuple[str, float], list[LossRow]] = {}
    for row in rows:
        groups.setdefault((row.run, row.parameters), []).append(row)
    return [_known(sorted(group, key=lambda row: row.tokens)) for group in groups.values()]


def _known(rows: Sequence[LossRow]) -> KnownRun:
    batch, batch_known = _tokens_per_step(rows)
    told = [row for row in rows if row.learning_rate is not None and row.tokens > 0.0]
    last = rows[-1]
    if told:
        peak = max([row.learning_rate or 0.0 for row in told] + [row.peak or 0.0 for row in rows]) or 1.0
        tokens = np.array([0.0, *(row.tokens for row in told)])
        rates = np.array([0.0, *(row.learning_rate or 0.0 for row in told)])
        schedule = LearningRates(tokens, tokens / batch, rates, peak, 0.0 if batch_known else GUESSED_SPREAD)
        finished = told[-1] is last and (last.learning_rate or 0.0) <= FINISHED_SHARE * peak
        assumed = [] if batch_known else [f"tokens per step taken as {batch:.3g}"]
        if told[-1] is not last:
            assumed.append("learning rate held where lr is empty")
        return KnownRun(rows, (Guess(schedule, 1.0),), finished, "; ".join(assumed))
    guesses = _guesses(rows, batch)
    return KnownRun(rows, guesses, finished=True, assumed=_assumption(rows))


def _assumption(rows: Sequence[LossRow]) -> str:
    if rows[-1].end_share is not None:
        return ""
    if len(rows) == 1:
        return "lr is empty: taken to end at a tenth of the peak or at zero, half each"
    return (
        "lr is empty: taken for a cosine to a tenth of the peak over the run's last tokens, 1.3 or 2 times as many, "
        "or for a constant, a quarter each, after a usual warm-up"
    )


def _guesses(rows: Sequence[LossRow], batch: float) -> tuple[Guess, ...]:
    """Schedules of a run whose learning rates the table does not say."""
    end = max(rows[-1].tokens, 1.0)
    peak = next((row.peak for row in rows if row.peak), None) or usual_peak(rows[0].parameters)
    warm_up = min(WARM_UP_STEPS * batch, 0.1 * end)
    drawn = [cosine_rates(longer * end, warm_up, peak, batch) for longer in (1.0, 1.3, 2.0)]
    level = replace(drawn[0], rates=np.where(drawn[0].tokens < warm_up, drawn[0].rates, drawn[0].peak))
    return tuple(Guess(replace(one, spent_spread=GUESSED_SPREAD), 0.25) for one in (*drawn, level))


def _tokens_per_step(rows: Sequence[LossRow]) -> tuple[float, bool]:
    for row in rows:
        if row.batch_tokens:
            return row.batch_tokens, True
    for row in rows:
        if row.step and row.tokens > 0.0:
            return row.tokens / row.step, True
    return TOKENS_PER_STEP, False
