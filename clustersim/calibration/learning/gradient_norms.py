"""Fits the norms of the gradient: ``python -m clustersim.calibration.learning.gradient_norms --data FILE --out FILE``.

From windows of a public log (``validation/published/gradient_norms.csv``): the mean and the largest norm of 21 steps
say how wide the body is and how heavy its tail; spikes come from the steps that two runs tell of.
"""

import csv
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.command import write_catalogue_table
from clustersim.learning.optimizer.clipping import Tail, exceedance

Floats = NDArray[np.float64]
Row = tuple[str, str, str, str]

TAIL_ABOVE = 1.3
"""Norm over the usual one from which a healthy run's tail begins: five standard deviations of the body or two."""
SPIKES_ABOVE = 3.7
"""That of spikes: 1.0 over the median of 0.27 of llm.c's GPT-2, above which two of its steps lie."""
WARMUP_POINTS, POINTS = 35, 150
"""Of the courses: 20 steps of the warm-up each, and 126 after it, in which the norm still falls by half."""
DIGITS = 3
RESOLUTION = 0.01
"""Of the ratio of two norms printed with three digits."""
SOURCE = "clustersim fit (2026) of the log of llm.c's GPT-2 124M on FineWeb (github KellerJordan/modded-nanogpt, 2024)"
SPIKES_SOURCE = (
    "clustersim (2026): steps above 1.0 told of llm.c's GPT-2 124M (2 of 18,860) and of BLOOM 176B (7 of 94,768, in one"
    " spike)"
)


class Windows(NamedTuple):
    """Norms of windows of steps: the step they lie at, the steps in each, their mean and their largest."""

    step: Floats
    steps: Floats
    mean: Floats
    largest: Floats

    @property
    def wide(self) -> "Windows":
        """Those of more than one step."""
        return Windows(*(column[self.steps > 1] for column in self))


class Body(NamedTuple):
    """Width of the body, and the tail of a healthy run."""

    sigma: float
    tail: Tail


def read_windows(path: Path, stage: str) -> Windows:
    """Read the windows of a stage ("warm-up" or "after")."""
    rows = [row for row in _rows(path) if row["stage"] == stage]
    return Windows(
        *(np.array([float(r[name]) for r in rows]) for name in ("step", "steps", "mean_norm", "largest_norm"))
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["use"] == "fit"]


def fit_sigma(windows: Windows) -> float:
    """Width of a body without a tail, by maximum likelihood of the largest of each window over its mean."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log: -_log_likelihood(windows, math.exp(log), ()), bounds=(-4.0, 0.0), method="bounded"
    )
    return math.exp(float(found.x))


def fit_body(windows: Windows) -> Body:
    """Width of the body with a tail, by maximum likelihood of the largest of each window over its mean."""
    from scipy.optimize import minimize

    def tail(theta: Floats) -> Tail:
        return Tail(min(math.exp(theta[1]), 0.5), math.exp(theta[2]), TAIL_ABOVE)

    found = minimize(
        lambda theta: -_log_likelihood(windows, math.exp(theta[0]), (tail(theta),)),
        np.log([0.1, 0.01, 5.0]),
        method="Nelder-Mead",
        options={"maxiter": 4000},
    )
    return Body(math.exp(found.x[0]), tail(found.x))


def _log_likelihood(windows: Windows, sigma: float, tails: tuple[Tail, ...]) -> float:
    """Of the largest of each window over the mean, to the digits that are printed; the mean is that of the body."""
    ratio = windows.largest / windows.mean * math.exp(0.5 * sigma**2)
    below, above = ((1.0 - exceedance(ratio + end, sigma, tails)) ** windows.steps for end in (-RESOLUTION, RESOLUTION))
    return float(np.log(np.maximum(above - below, 1e-12)).sum())


def fit_spikes(path: Path) -> Tail:
    """Share and exponent of the spikes: Hill's estimate from the norms above 1.0 that are told.

    Of llm.c's two steps above 1.0 the log's summary tells the norm of the larger; both count in the share.

    References
    ----------
    .. [1] Hill, B. M. (1975), Ann. Statist. 3(5). :doi:`10.1214/aos/1176343247`
    """
    rows = [row for row in _rows(path) if row["stage"] == "tail"]
    steps = sum({row["run"]: float(row["steps"]) for row in rows}.values())
    excess = [math.log(float(row["largest_norm"])) for row in rows]
    untold = 1
    return Tail((len(rows) + untold) / steps, len(rows) / sum(excess), SPIKES_ABOVE)


def course(windows: Windows, first: float, last: float, points: int) -> Floats:
    """Usual norm at the middle of so many equal parts of the steps from ``first`` to ``last``."""
    steps = np.arange(first, last)
    logs = np.interp(steps, windows.step, np.log(windows.mean))
    return np.array([math.exp(float(part.mean())) for part in np.array_split(logs, points)])


def catalogue_rows(data: Path) -> list[Row]:
    """Return the rows of the catalogue table ``gradient_norms``: entry, field, value, source."""
    return list(_catalogue_rows(data))


def _catalogue_rows(data: Path) -> Iterator[Row]:
    name, warmup, after = "llmc-gpt2-124m", read_windows(data, "warm-up"), read_windows(data, "after")
    body, spikes, boundary = fit_body(after), fit_spikes(data), float(after.step[0]) - 20.0
    yield name, "title", "GPT-2 124M on FineWeb (llm.c, 2024)", SOURCE
    yield name, "run", "GPT-2 124M on FineWeb (llm.c)", SOURCE
    yield name, "warmup.sigma", _digits(fit_sigma(warmup.wide)), SOURCE
    yield name, "after.sigma", _digits(body.sigma), SOURCE
    for tail, label, source in ((body.tail, "tail", SOURCE), (spikes, "spikes", SPIKES_SOURCE)):
        for part in ("share", "exponent", "above"):
            yield name, f"{label}.{part}", _digits(getattr(tail, part)), source
    yield name, "warmup.course", _many(course(warmup, 0.0, boundary, WARMUP_POINTS)), SOURCE
    yield name, "after.course", _many(course(after, boundary, float(after.step[-1]), POINTS)), SOURCE


def _digits(value: float) -> str:
    return f"{value:.{DIGITS}g}"


def _many(values: Floats) -> str:
    return " ".join(map(_digits, values.tolist()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit the norms and write the catalogue table."""
    return write_catalogue_table(
        "Fit the norms of the gradient.", {"data": "table of windows of a log"}, catalogue_rows, arguments
    )


if __name__ == "__main__":
    sys.exit(main())
