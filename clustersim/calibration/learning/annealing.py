"""Fits the annealing constants: ``python -m clustersim.calibration.learning.annealing --data FILE --out FILE``.

How the loss in the middle of a run lies above the law of final losses, from the rows marked ``fit`` of
``validation/published/annealing_curves.csv``: 25 OLMo ladder runs of five sizes and five lengths. The final losses of
one size say what a finished run of any length would have reached, so no law of final losses takes part in the fit.
"""

import csv
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.command import write_catalogue_table
from clustersim.calibration.learning.loss_law import fit_loss_law
from clustersim.calibration.learning.runs import Runs
from clustersim.learning.loss.curve import ANY, Annealing, annealing_excess, lagged, learning_rate_area
from clustersim.learning.loss.law import loss_nats

Floats = NDArray[np.float64]
Row = tuple[str, str, str, str]

CORPORA = {
    "olmo-ladder-pile": "pile_nats_per_token",
    "olmo-ladder-c4": "c4_nats_per_token",
    "olmo-ladder-wikitext": "wikitext_nats_per_token",
    "olmo-ladder-common-crawl": "dolma_cc_nats_per_token",
    "olmo-ladder-code": "dolma_stack_nats_per_token",
}
GENERAL = ("olmo-ladder-pile", "olmo-ladder-c4")
"""Laws of general text, which stand in for a corpus without constants of its own."""
END_SHARE = 0.1
MEAN_SHARE = 0.55
"""Ladder runs end at 10 % of the peak by a cosine, whose mean is then 55 %."""
EXPONENTS = (0.25, 0.5, 0.75, 1.0, 1.25)
LAGS = (0.0, 0.015, 0.03, 0.06, 0.12)
CHOSEN_ON = 1e9
"""Largest model [parameters] whose runs choose exponent and lag; the larger ones test the choice."""
SETTLED = 8.0
"""Tokens a parameter after which a ladder run is past its transient: its warm-up is one token a parameter."""
POINTS = 4000
DIGITS = 3
SOURCE = "clustersim fit of the OLMo ladder (allenai/OLMo-ladder, Apache-2.0, commit 67a3f44), 190M to 3B, 2026"
CORPUS_SPREAD = 0.25
CORPUS_SPREAD_SOURCE = (
    "clustersim: strengths on C4, on the Pile and in the Llama-2-style runs of Luo et al. 2025 (arXiv 2503.12811), fit "
    "schedules only, 0.030 to 0.054"
)


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Losses on the way of one run, with the learning rates of the whole run."""

    run: str
    parameters: float
    tokens: Floats
    loss_nats: Floats
    schedule_tokens: Floats
    schedule_share: Floats


class Points(NamedTuple):
    """Points of one run: annealing term for a strength of one, and log loss above a finished run of the same area."""

    parameters: float
    term: Floats
    excess: Floats


def read_curves(path: Path, column: str, use: str) -> list[Curve]:
    """Read the runs of a table of losses on the way that are marked ``use`` ("fit" or "test")."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == use]
    runs: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        runs.setdefault(row["run"], []).append(row)
    return [_curve(name, own, column) for name, own in runs.items()]


def _curve(name: str, rows: list[dict[str, str]], column: str) -> Curve:
    warm_up, end = float(rows[0]["warmup_tokens"]), float(rows[0]["schedule_tokens"])
    down = np.linspace(warm_up, end, POINTS)
    cosine = END_SHARE + 0.5 * (1.0 - END_SHARE) * (1.0 + np.cos(np.pi * (down - warm_up) / (end - warm_up)))
    return Curve(
        name,
        float(rows[0]["parameters"]),
        np.array([float(row["tokens"]) for row in rows]),
        np.array([float(row[column]) for row in rows]),
        down,
        cosine,
    )


def excess_points(curves: Iterable[Curve], exponent: float, lag: float) -> list[Points]:
    """Points of each run whose area lies between those of finished runs of the same size."""
    curves = list(curves)
    return [
        points
        for size in sorted({curve.parameters for curve in curves})
        for points in _of_one_size([curve for curve in curves if curve.parameters == size], exponent, lag)
    ]


def _of_one_size(curves: list[Curve], exponent: float, lag: float) -> Iterator[Points]:
    log_tokens = np.log([curve.tokens[-1] for curve in curves])
    finished = np.polynomial.Polynomial.fit(log_tokens, np.log([curve.loss_nats[-1] for curve in curves]), 3)
    for curve in curves:
        area = learning_rate_area(curve.schedule_tokens, curve.schedule_share) / MEAN_SHARE
        late = lagged(curve.schedule_tokens, curve.schedule_share, lag)
        at = np.log(np.interp(curve.tokens, curve.schedule_tokens, area))
        inside = (at >= log_tokens.min()) & (at <= log_tokens.max() + 0.01)
        term = (np.interp(curve.tokens, curve.schedule_tokens, late) ** exponent - END_SHARE**exponent) / exponent
        yield Points(curve.parameters, term[inside], np.log(curve.loss_nats[inside]) - finished(at[inside]))


def strength(points: Iterable[Points]) -> float:
    """Strength that fits the excess best; every run weighs the same."""
    points = [run for run in points if len(run.term)]
    return sum(float(np.mean(run.term * run.excess)) for run in points) / sum(
        float(np.mean(run.term**2)) for run in points
    )


def rms(points: Iterable[Points], value: float) -> float:
    """Root mean square of what a strength leaves of the log loss; every run weighs the same."""
    left = [float(np.mean((run.excess - value * run.term) ** 2)) for run in points if len(run.term)]
    return math.sqrt(float(np.mean(left)))


def held_out_rms(points: Sequence[Points]) -> float:
    """The same, each size with the strength of the others."""
    sizes = sorted({run.parameters for run in points})
    left = [
        rms([run for run in points if run.parameters == size], strength(r for r in points if r.parameters != size))
        for size in sizes
    ]
    return math.sqrt(float(np.mean(np.square(left))))


def choose(curves: dict[str, list[Curve]]) -> tuple[float, float]:
    """Exponent and lag with the least error on sizes held out, over all corpora, from models below ``CHOSEN_ON``."""
    small = {name: [c for c in own if c.parameters < CHOSEN_ON] for name, own in curves.items()}

    def error(shape: tuple[float, float]) -> float:
        return math.prod(held_out_rms(excess_points(own, *shape)) for own in small.values())

    return min(product(EXPONENTS, LAGS), key=error)


def fit_annealing(name: str, curves: list[Curve], exponent: float, lag: float) -> Annealing:
    """Constants of one corpus: the strength over all sizes, its spread between them, and what is left."""
    points = excess_points(curves, exponent, lag)
    best = strength(points)
    sizes = sorted({run.parameters for run in points})
    by_size = [strength(run for run in points if run.parameters == size) for size in sizes]
    spread = float(np.std(np.log(by_size), ddof=1))
    return Annealing(name, best, spread, exponent, lag, END_SHARE, MEAN_SHARE, held_out_rms(points))


def missed_by_larger(curves: list[Curve], exponent: float, lag: float) -> float:
    """What law and annealing of the runs below ``CHOSEN_ON`` miss in the middle of the larger ones.

    Returns
    -------
    float
        Root mean square error of the log loss, past the transient.
    """
    small = [curve for curve in curves if curve.parameters < CHOSEN_ON]
    finals = Runs(*np.array([(c.parameters, c.tokens[-1], c.loss_nats[-1]) for c in small]).T)
    law, annealing = fit_loss_law(finals, draws=1).best, fit_annealing("", small, exponent, lag)
    errors = [log_errors(curve, law, annealing) for curve in curves if curve.parameters >= CHOSEN_ON]
    return math.sqrt(float(np.mean(np.concatenate(errors) ** 2)))


def log_errors(curve: Curve, law: Floats, annealing: Annealing) -> Floats:
    """Log of forecast over measured loss of a run, past ``SETTLED`` tokens a parameter.

    Parameters
    ----------
    law : ndarray of shape (5,)
        Coefficients of a law of final losses.
    """
    past = curve.tokens >= SETTLED * curve.parameters
    excess = annealing_excess(curve.schedule_tokens, curve.schedule_share, annealing, peak=1.0)
    at = np.interp(curve.tokens[past], curve.schedule_tokens, excess.effective_tokens)
    relative = np.interp(curve.tokens[past], curve.schedule_tokens, excess.relative)
    return np.asarray(np.log(loss_nats(law, curve.parameters, at) * (1.0 + relative) / curve.loss_nats[past]))


def with_larger_runs(law: Annealing, missed: float) -> Annealing:
    """Widen the strength's spread, so that at the peak learning rate it holds what larger runs were missed by."""
    at_peak = law.strength * (1.0 - law.end_share**law.exponent) / law.exponent
    return replace(law, strength_error=math.hypot(law.strength_error, missed / at_peak))


def catalogue_rows(data: Path) -> list[Row]:
    """Return the rows of the catalogue table ``annealing_laws``: entry, field, value, source."""
    curves = {name: read_curves(data, column, "fit") for name, column in CORPORA.items()}
    exponent, lag = choose(curves)
    laws = [
        with_larger_runs(fit_annealing(name, own, exponent, lag), missed_by_larger(own, exponent, lag))
        for name, own in curves.items()
    ]
    general = [law for law in laws if law.name in GENERAL]
    shared = Annealing(
        ANY,
        math.prod(law.strength for law in general) ** (1.0 / len(general)),
        math.hypot(CORPUS_SPREAD, max(law.strength_error for law in general)),
        exponent,
        lag,
        END_SHARE,
        MEAN_SHARE,
        max(law.residual for law in general),
    )
    return [row for law in [*laws, shared] for row in _rows(law)]


def _rows(law: Annealing) -> Iterator[Row]:
    title = "annealing, a corpus without constants of its own" if law.name == ANY else f"annealing on {law.name}"
    yield law.name, "title", title, SOURCE
    for field in Annealing.__slots__[1:]:
        source = CORPUS_SPREAD_SOURCE if law.name == ANY and field == "strength_error" else _SOURCES.get(field, SOURCE)
        yield law.name, field, f"{getattr(law, field):.{DIGITS}g}", source


_SOURCES = {
    "exponent": f"{SOURCE}; chosen on runs below 1B, by sizes held out",
    "lag": f"{SOURCE}; chosen on runs below 1B, by sizes held out",
    "end_share": "OLMo ladder (Bhagia et al. 2024, arXiv 2412.04403): cosine to 10 % of the peak",
    "mean_share": "mean of a cosine to 10 % of its peak",
    "strength_error": f"{SOURCE}; deviation between sizes, with what law and strength of runs below 1B miss "
    "in the middle of runs of 1B and 3B",
    "residual": f"{SOURCE}; each size with the strength of the others",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit the annealing constants and write the catalogue table."""
    return write_catalogue_table(
        "Fit the annealing constants of the catalogue.",
        {"data": "table of losses on the way"},
        catalogue_rows,
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
