"""What a prediction of losses rests on: laws, annealing and transients, shipped or fitted to one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clustersim.calibration.learning.annealing import (
    CHOSEN_ON,
    SETTLED,
    Curve,
    excess_points,
    fit_annealing,
    with_larger_runs,
)
from clustersim.calibration.learning.form_fit import fit_form
from clustersim.calibration.learning.law_fit import fit_laws, law_of
from clustersim.calibration.learning.loss_law import LADDER
from clustersim.calibration.learning.losses.schedules import KnownRun, runs_of
from clustersim.calibration.learning.losses.table import LossTable
from clustersim.calibration.learning.runs import Runs
from clustersim.calibration.learning.stacking import RIDGE
from clustersim.calibration.learning.transient import Start, fit_transient
from clustersim.learning.loss.curve import Annealing, annealing_excess, annealing_of
from clustersim.learning.loss.forms import joint_loss_nats
from clustersim.learning.loss.law import LossLaw, loss_law
from clustersim.learning.loss.transient import Transient, transient_of
from clustersim.tables.csv_lines import TableError

VOCABULARY = 100_278
"""Of the dolma2 tokenizer, with which the ladder's losses are measured."""
LENGTHS_PER_SIZE = 4
"""Finished runs of one size that its annealing is fitted to: a curve through their losses has so many numbers."""
SETTLED_FROM = 0.15
"""Share of a run from which its rows take part in the fit of the annealing."""
EARLY_SPENT = 3.5
"""Learning rate spent up to which rows take part in the fit of the transient."""


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """All that predicts the losses of one corpus."""

    law: LossLaw
    annealing: Annealing
    transient: Transient
    remarks: tuple[str, ...] = ()


def shipped() -> dict[str, Knowledge]:
    """What the catalogue holds, by law."""
    return {name: Knowledge(loss_law(name), annealing_of(name), transient_of(name)) for name in LADDER}


def fitted_to(table: LossTable) -> dict[str, Knowledge]:
    """Fit everything to one table: laws to the last rows of its runs, annealing and transient to the others.

    Raises
    ------
    TableError
        If there are too few finished runs to fit a law and hold some out.

    Notes
    -----
    Exponent and lag of the annealing and the knots of the transient are shapes that stay as shipped. Where the rows on
    the way are too few, annealing and transient are the shipped ones, and the predictions say so.
    """
    runs = runs_of(table.rows)
    scheduled = any(row.learning_rate is not None for row in table.rows)
    finished = [run for run in runs if run.finished and (not scheduled or run.rows[-1].learning_rate is not None)]
    corpora = {name: found for name in LADDER if (found := _finals(finished, name)) is not None}
    if not corpora:
        msg = (
            f"{table.path}: holds no losses to fit to; fill one of the columns {', '.join(table.loss_columns.values())}"
        )
        raise TableError(msg)
    try:
        laws = fit_laws(corpora)
    except ValueError as error:
        msg = f"{table.path}: {error}; finished runs: {len(finished)}"
        raise TableError(msg) from None
    return {
        name: _knowledge(
            law_of(name, final, laws, corpus=LADDER[name].corpus, tokenizer="dolma2", counted="no_input_embedding"),
            finished,
        )
        for name, final in corpora.items()
    }


def _finals(runs: Sequence[KnownRun], name: str) -> Runs | None:
    last = [run.rows[-1] for run in runs if name in run.rows[-1].losses]
    if not last:
        return None
    return Runs(*np.array([(row.parameters, row.tokens, row.losses[name]) for row in last]).T)


def _knowledge(law: LossLaw, runs: Sequence[KnownRun]) -> Knowledge:
    remarks = []
    curves = _curves(runs, law.name)
    known = annealing_of(law.name)
    annealing = _annealing(law.name, curves, known)
    if annealing is None:
        remarks.append("too few rows on the way to fit the annealing: shipped constants")
    starts = _starts(runs, law.name)
    if starts:
        transient = fit_transient(law.name, starts, law, annealing or known)
    else:
        transient = transient_of(law.name)
        remarks.append("no early rows to fit the transient: shipped knots")
    return Knowledge(law, annealing or known, transient, tuple(remarks))


def _annealing(name: str, curves: Sequence[Curve], known: Annealing) -> Annealing | None:
    """Strength of the annealing, from the sizes that have runs of several lengths; None from fewer than two."""
    lengths: Mapping[float, int] = {
        size: len({curve.run for curve in curves if curve.parameters == size})
        for size in {curve.parameters for curve in curves}
    }
    kept = [curve for curve in curves if lengths[curve.parameters] >= LENGTHS_PER_SIZE]
    points = excess_points(kept, known.exponent, known.lag)
    if len({point.parameters for point in points if len(point.term)}) < 2:
        return None
    fitted = fit_annealing(name, kept, known.exponent, known.lag)
    small = [curve for curve in kept if curve.parameters < CHOSEN_ON]
    large = [curve for curve in kept if curve.parameters >= CHOSEN_ON]
    if len({curve.parameters for curve in small}) < 2 or not large:
        return fitted
    return with_larger_runs(fitted, _missed(small, large, fit_annealing(name, small, known.exponent, known.lag)))


def _missed(small: Sequence[Curve], large: Sequence[Curve], annealing: Annealing) -> float:
    """What law and annealing of the smaller models miss in the middle of the larger ones (root mean square of logs)."""
    finals = Runs(*np.array([(one.parameters, one.tokens[-1], one.loss_nats[-1]) for one in small]).T)
    law = fit_form("joint", finals, RIDGE)
    errors = []
    for one in large:
        past = one.tokens >= SETTLED * one.parameters
        excess = annealing_excess(one.schedule_tokens, one.schedule_share, annealing, peak=1.0)
        at = np.interp(one.tokens[past], one.schedule_tokens, excess.effective_tokens)
        term = np.interp(one.tokens[past], one.schedule_tokens, np.log1p(excess.relative))
        errors.append(np.log(joint_loss_nats(law, one.parameters, at) / one.loss_nats[past]) + term)
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))


def _curves(runs: Sequence[KnownRun], name: str) -> list[Curve]:
    found = []
    for run in runs:
        schedule = run.guesses[0].schedule
        rows = [row for row in run.rows if name in row.losses and row.tokens >= SETTLED_FROM * run.rows[-1].tokens]
        if len(run.rows) > 1 and len(rows) > 1 and len(run.guesses) == 1:
            found.append(
                Curve(
                    run.rows[0].run,
                    run.rows[0].parameters,
                    np.array([row.tokens for row in rows]),
                    np.array([row.losses[name] for row in rows]),
                    schedule.tokens[1:],
                    schedule.rates[1:] / schedule.peak,
                )
            )
    return found


def _starts(runs: Sequence[KnownRun], name: str) -> list[Start]:
    found = []
    for run in runs:
        schedule = run.guesses[0].schedule
        spent = schedule.spent([row.tokens for row in run.rows])
        rows = [
            row
            for row, so_far in zip(run.rows, spent.tolist(), strict=True)
            if name in row.losses and 0.0 < so_far <= EARLY_SPENT
        ]
        if rows and len(run.guesses) == 1 and len(run.rows) > 1:
            found.append(
                Start(
                    run.rows[0].run,
                    run.rows[0].parameters,
                    int(rows[0].vocabulary or VOCABULARY),
                    schedule,
                    np.array([row.tokens for row in rows]),
                    np.array([row.losses[name] for row in rows]),
                )
            )
    return found
